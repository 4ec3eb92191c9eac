"""The control API for plans, under `/_larst/plans`: list, show, pin, reject, delete.

Reads and changes only the plan book.
"""

from __future__ import annotations

import asyncio

from aiohttp import web

from larst.domain import Json
from larst.errors import BadRequestError, BodyTooSlowError, PlanNotFoundError
from larst.exact_json import parse_json
from larst.http.control.guards import choice_in_query, number_in_query
from larst.http.control.parameters import (
    MAX_REASON_CHARACTERS,
    MIN_KEY_CHARACTERS,
    OFFSET,
    PLAN_LIMIT,
    PLAN_STATE,
)
from larst.http.responses import json_response
from larst.planning.book import BookEntry, PlanBook, PlanState

BODY_TIMEOUT_S = 10.0


class PlanControl:
    """Handles the requests below `/_larst/plans`."""

    def __init__(self, book: PlanBook) -> None:
        self._book = book

    async def list(self, request: web.Request) -> web.Response:
        """Answer a page of the plans, the most used first; `?state=` narrows it.

        Raises:
            BadRequestError: a query value is none of those allowed.
        """
        state = choice_in_query(request, PLAN_STATE)
        limit = number_in_query(request, PLAN_LIMIT)
        offset = number_in_query(request, OFFSET)
        entries = [entry for entry in self._book.entries() if state in (None, entry.state)]
        entries.sort(key=lambda entry: (-entry.uses, entry.made_at, entry.key))
        return json_response(
            {
                "items": [summary(entry) for entry in entries[offset : offset + limit]],
                "page": {"total": len(entries), "limit": limit, "offset": offset},
            }
        )

    async def show(self, request: web.Request) -> web.Response:
        """Answer one plan, whole.

        Raises:
            PlanNotFoundError: there is none of that key, or several.
        """
        return json_response(self._entry(request).model_dump())

    async def pin(self, request: web.Request) -> web.Response:
        """Approve a plan: it is served ever after, whatever planner is configured.

        Raises:
            PlanNotFoundError: there is none of that key, or several.
        """
        return self._decide(request, "pinned", None)

    async def reject(self, request: web.Request) -> web.Response:
        """Rule a plan out: it is never served again, and the planner is told why.

        Raises:
            PlanNotFoundError: there is none of that key, or several.
            BadRequestError: no reason is given.
        """
        return self._decide(request, "rejected", _reason(await _body(request)))

    async def delete(self, request: web.Request) -> web.Response:
        """Forget a plan, and what was decided on it: its shape is planned anew.

        Raises:
            PlanNotFoundError: there is none of that key, or several.
        """
        self._book.remove(self._entry(request).key)
        return web.Response(status=204)

    def _decide(self, request: web.Request, state: PlanState, reason: str | None) -> web.Response:
        decided = self._book.set_state(self._entry(request).key, state, reason)
        return json_response(None if decided is None else summary(decided))

    def _entry(self, request: web.Request) -> BookEntry:
        """Return the plan that the path names by its key, or by the beginning of it."""
        key = request.match_info["key"].lower()
        if len(key) < MIN_KEY_CHARACTERS:
            raise PlanNotFoundError(f"name a plan by at least {MIN_KEY_CHARACTERS} digits")
        found = [entry for entry in self._book.entries() if entry.key.startswith(key)]
        if len(found) > 1:
            raise PlanNotFoundError(f"{len(found)} plans begin with {key[:64]}; give more digits")
        if not found:
            raise PlanNotFoundError(f"there is no plan {key[:64]}; GET /_larst/plans lists them")
        return found[0]


def summary(entry: BookEntry) -> dict[str, Json]:
    """Return what a list shows of a plan."""
    return {
        "key": entry.key,
        "state": entry.state,
        "reason": entry.reason,
        "method": entry.shape.get("method"),
        "path": entry.shape.get("path"),
        "query": entry.shape.get("query"),
        "action": entry.plan.action,
        "resource": entry.plan.resource,
        "planner": entry.planner,
        "model": entry.model,
        "uses": entry.uses,
        "attempts": entry.attempts,
        "tokens": entry.tokens,
        "cost_usd": entry.cost_usd,
        "made_at": entry.made_at,
        "last_used_at": entry.last_used_at,
    }


async def _body(request: web.Request) -> Json:
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            return parse_json(await request.read() or b"{}")
    except TimeoutError as error:
        raise BodyTooSlowError("the body did not arrive in time; nothing was done") from error


def _reason(body: Json) -> str:
    reason = body.get("reason") if isinstance(body, dict) else None
    if not isinstance(reason, str) or not 0 < len(reason.strip()) <= MAX_REASON_CHARACTERS:
        raise BadRequestError(
            'say why, so that the planner can do better: {"reason": "…"}, at most'
            f" {MAX_REASON_CHARACTERS} characters"
        )
    return reason.strip()
