"""The control API for teaching, below `/_larst/plans`: a request, its meaning, its reply.

The request runs in its session without an effect; the plan that answers it is kept. Must never
change a session.
"""

from __future__ import annotations

from dataclasses import replace

import orjson
from aiohttp import web

from larst.domain import Guidance, Json, Reply
from larst.errors import BadRequestError
from larst.http.client_identity import checked_session_id
from larst.http.control.case_requests import request_of
from larst.http.control.guards import json_body
from larst.http.control.plans import summary
from larst.http.guidance import checked_intent, checked_reply
from larst.http.ingress import INGRESS
from larst.http.keys import ACCESS, TRACE
from larst.http.responses import json_response
from larst.session import SessionClient, Tenants

_PARTS = frozenset({"session", "request", "intent", "reply"})


class TeachingControl:
    """Handles the requests that teach plans."""

    def __init__(self, tenants: Tenants, sessions: SessionClient) -> None:
        self._tenants = tenants
        self._sessions = sessions

    async def teach(self, request: web.Request) -> web.Response:
        """Plan a request so that it gets the reply of the example; return the plan and the reply.

        Raises:
            BadRequestError: the body has no request, or nothing that teaches.
            LarstError: as for the request itself.
        """
        body, access = await json_body(request), request[ACCESS]
        guidance = _guidance(body)
        name = body.get("session")
        ingress = request.app[INGRESS]
        session_id = (
            ingress.unnamed_session(access) if name is None else checked_session_id(str(name))
        )
        context = request_of(body.get("request"), session_id, access.tenant)
        trace = request[TRACE]
        answer = await self._sessions.request(
            replace(context, guidance=guidance), trace, is_trial=True
        )
        trace.end_commit(None)
        key = trace.plan_key
        entry = None if key is None else self._tenants.plans(access.tenant.name).book.get(key)
        plan = None if entry is None else summary(entry)
        return json_response({"plan": plan, "reply": reply_json(answer.reply)})


def _guidance(body: Json) -> Guidance:
    if not isinstance(body, dict) or not body.keys() <= _PARTS:
        raise BadRequestError(
            'send {"session": "…", "request": {…}, "intent": "…", "reply": {…}}, with an intent, a'
            " reply, or both"
        )
    intent, reply = body.get("intent"), body.get("reply")
    if intent is None and reply is None:
        raise BadRequestError("send an intent, the reply that you want, or both")
    return Guidance(
        None if intent is None else checked_intent(intent),
        None if reply is None else checked_reply(reply),
    )


def reply_json(reply: Reply) -> dict[str, Json]:
    """Return a program's reply as JSON; a body that is not JSON is a text."""
    if reply.body is None:
        return {"status": reply.status}
    try:
        body = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        body = reply.body.decode("utf-8", "replace")
    return {"status": reply.status, "body": body}
