"""The control API for the faults of a session, `/_larst/sessions/{id}/faults`: show, set, delete.

Rules exist in memory only, so these work for sessions without data, too.
"""

from __future__ import annotations

from aiohttp import web

from larst.domain import Json, SessionKey
from larst.errors import BadRequestError
from larst.http.control.guards import json_body
from larst.http.control.named_session import session_key
from larst.http.faults.faults import rule_of
from larst.http.faults.table import MAX_SEED, FaultTable, SessionFaults
from larst.http.ingress import INGRESS
from larst.http.responses import json_response


class FaultControl:
    """Handles the requests for the faults of a session."""

    def __init__(self, faults: FaultTable) -> None:
        self._faults = faults

    async def show(self, request: web.Request) -> web.Response:
        """Return the rules of a session, and how many requests each has struck."""
        return json_response(_as_json(self._faults.find(session_key(request))))

    async def put(self, request: web.Request) -> web.Response:
        """Replace the rules of a session; its decisions begin again with the seed.

        Raises:
            BadRequestError: the body has no valid rules, or too many.
            ForbiddenError: faults are not for clients from there.
        """
        ingress, key = request.app[INGRESS], session_key(request)
        client_ip = ingress.client_ip(request, request.remote or "")
        self._faults.require(client_ip, ingress.address(request))
        return json_response(_as_json(self.put_json(key, await json_body(request))))

    def put_json(self, key: SessionKey, body: Json) -> SessionFaults:
        """Replace the rules of a session by those of a body, or of a pack.

        Raises:
            BadRequestError: it has no valid rules, or too many.
        """
        rules = body.get("rules") if isinstance(body, dict) else None
        if not isinstance(body, dict) or not isinstance(rules, list) or body.keys() - _NAMES:
            raise BadRequestError('the body must be {"rules":[…]}, with a "seed" or without one')
        parsed = [rule_of(rule, f"rule {number}") for number, rule in enumerate(rules, 1)]
        return self._faults.put(key, parsed, _seed(body.get("seed")))

    async def delete(self, request: web.Request) -> web.Response:
        """Remove the rules of a session."""
        self._faults.forget(session_key(request))
        return web.Response(status=204)


_NAMES = {"rules", "seed"}


def _seed(value: Json) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_SEED:
        raise BadRequestError(f"seed must be a whole number from 0 to {MAX_SEED}")
    return value


def _as_json(faults: SessionFaults | None) -> dict[str, Json]:
    if faults is None:
        return {"seed": None, "rules": []}
    rules: list[Json] = [
        {**active.rule.source, "matches": active.matches, "strikes": active.strikes}
        for active in faults.rules
    ]
    return {"seed": faults.seed, "rules": rules}
