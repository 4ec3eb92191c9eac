"""The control API for fake data: `POST /_larst/sessions/{id}/fake`.

The records are made inside the session, in a thread, and committed as one transaction.
"""

from __future__ import annotations

import secrets
from functools import partial

from aiohttp import web

from larst.domain import Json, session_name
from larst.fake import FakeOrder, Made, make_records, parse_order
from larst.http.control.guards import json_body, number_in_query
from larst.http.control.named_session import session_key
from larst.http.control.parameters import SEED
from larst.http.keys import ACCESS
from larst.http.responses import json_response
from larst.session import SessionClient, SessionQuota
from larst.session.session_clock import now_of
from larst.store import SessionStore

MAKE_S = 25.0
"""How long the making of the records may take; the session serves nothing else meanwhile."""

MAX_RANDOM_SEED = 10**6
"""A random seed has few digits: people type it again."""


class FakeControl:
    """Handles the requests for fake data."""

    def __init__(self, sessions: SessionClient, quota: SessionQuota) -> None:
        self._sessions = sessions
        self._quota = quota

    async def make(self, request: web.Request) -> web.Response:
        """Make records of the resources in the body: all of them or nothing.

        Raises:
            BadRequestError: the body is not understood, or asks for too much.
            ExtraMissingError: Faker is not installed.
            QuotaFullError: the session may not hold so many records.
        """
        key = session_key(request)
        has_seed = SEED.name in request.query
        seed = number_in_query(request, SEED) if has_seed else secrets.randbelow(MAX_RANDOM_SEED)
        order = parse_order(await json_body(request), seed)
        await self._quota.admit(request[ACCESS].tenant, session_name(key))
        outcome = await self._sessions.run_on_store(key, partial(_fill, order))
        body: dict[str, Json] = {
            "created": outcome.counts,
            "records": sum(outcome.counts.values()),
            "seed": seed,
        }
        if outcome.warnings:
            body["warnings"] = outcome.warnings
        return json_response(body)


async def _fill(order: FakeOrder, store: SessionStore) -> Made:
    store.work.begin(MAKE_S)
    transaction = store.commits.begin(now_of(store.settings.current.clock, store.now()))
    outcome = await store.work.off_loop(partial(make_records, order, transaction))
    await store.commits.commit_large(transaction, lambda _: [])
    return outcome
