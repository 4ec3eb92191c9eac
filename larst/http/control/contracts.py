"""The control API for contracts, at `/_larst/sessions/{id}/contract`: put, show, remove.

Must never parse a document on the event loop.
"""

from __future__ import annotations

import asyncio

import orjson
from aiohttp import web

from larst.domain import Json, session_name
from larst.errors import BodyTooLargeError, ContractNotFoundError
from larst.http.bodies import BodyRules, read_body
from larst.http.control.guards import BODY_TIMEOUT_S, choice_in_query
from larst.http.control.named_session import session_key
from larst.http.control.parameters import CONTRACT_MODE
from larst.http.formats import read_json
from larst.http.ingress import INGRESS
from larst.http.keys import ACCESS
from larst.http.responses import json_response
from larst.seeds import refuse_yaml
from larst.session import SessionClient, SessionQuota
from larst.session.contracts import (
    SessionContract,
    StoredContract,
    delete_contract,
    put_contract,
)
from larst.store import SessionStore

MAX_DOCUMENT_BYTES = 1024 * 1024


class ContractControl:
    """Handles the requests for the contract of a session."""

    def __init__(self, sessions: SessionClient, quota: SessionQuota) -> None:
        self._sessions = sessions
        self._quota = quota

    async def put(self, request: web.Request) -> web.Response:
        """Give a session a contract, in place of its old one; the session may have no data yet.

        Raises:
            BadRequestError: the body is not an OpenAPI document that can be read.
            BodyTooLargeError: it exceeds `MAX_DOCUMENT_BYTES`.
        """
        key = session_key(request)
        mode = choice_in_query(request, CONTRACT_MODE) or "warn"
        with request.app[INGRESS].bodies.share() as share:
            raw = bytes(await read_body(request, _BODY_RULES, share))
        refuse_yaml(raw)
        document = await asyncio.to_thread(read_json, raw)
        text = await asyncio.to_thread(lambda: orjson.dumps(document).decode())
        await self._quota.admit(request[ACCESS].tenant, session_name(key))

        async def put(store: SessionStore) -> tuple[StoredContract | None, list[str]]:
            seeded = await put_contract(store, mode, text)
            return await SessionContract(store).current(), seeded

        current, seeded = await self._sessions.run_on_store(key, put)
        return json_response({**_as_json(current), "seeded": seeded})

    async def show(self, request: web.Request) -> web.Response:
        """Return the contract of a session, with its document.

        Raises:
            ContractNotFoundError: the session has none.
        """
        current = await self._sessions.run_on_store(
            session_key(request), _current, keeps_awake=False
        )
        if current is None:
            raise _not_found(request)
        document = await asyncio.to_thread(orjson.loads, current.document)
        return json_response({**_as_json(current), "document": document})

    async def delete(self, request: web.Request) -> web.Response:
        """Take the contract from a session; schemas that it seeded remain.

        Raises:
            ContractNotFoundError: the session has none.
        """

        async def delete(store: SessionStore) -> bool:
            return delete_contract(store)

        if not await self._sessions.run_on_store(session_key(request), delete):
            raise _not_found(request)
        return web.Response(status=204)


async def _current(store: SessionStore) -> StoredContract | None:
    return await SessionContract(store).current()


def _as_json(current: StoredContract | None) -> dict[str, Json]:
    if current is None:
        return {}
    operations = [f"{item.method} {item.route}" for item in current.contract.operations]
    return {"mode": current.mode, "title": current.contract.title, "operations": operations}


def _not_found(request: web.Request) -> ContractNotFoundError:
    return ContractNotFoundError(
        f"the session {session_name(session_key(request))} has no contract; PUT an OpenAPI document"
        " to this path"
    )


def _too_large() -> BodyTooLargeError:
    return BodyTooLargeError(
        f"the document exceeds {MAX_DOCUMENT_BYTES} bytes; leave out examples and descriptions"
    )


_BODY_RULES = BodyRules(
    MAX_DOCUMENT_BYTES, _too_large, min_rate=1, timeout_s=BODY_TIMEOUT_S, timeout_name=""
)
