"""The control API for the webhooks of a session, at `/_larst/sessions/{id}/webhooks`.

Must never show a secret but in the reply to the request that made it.
"""

from __future__ import annotations

from datetime import datetime

from aiohttp import web
from yarl import URL

from larst.domain import Json, session_name
from larst.errors import BadRequestError, WebhookNotFoundError
from larst.http.control.guards import json_body
from larst.http.control.named_session import existing_key, session_key
from larst.http.keys import ACCESS
from larst.http.responses import json_response
from larst.http.webhooks import WebhookService
from larst.http.webhooks.addresses import is_loopback_url
from larst.http.webhooks.definitions import WEBHOOK_NAME, parse_definition
from larst.http.webhooks.delivery import Delivery
from larst.session import SessionClient, SessionQuota
from larst.store import DataRoot


class WebhookControl:
    """Handles the requests for the webhooks of a session."""

    def __init__(
        self,
        root: DataRoot,
        sessions: SessionClient,
        quota: SessionQuota,
        webhooks: WebhookService,
    ) -> None:
        self._root = root
        self._sessions = sessions
        self._quota = quota
        self._webhooks = webhooks

    async def list(self, request: web.Request) -> web.Response:
        """Return the webhooks of a session, by name, and how their deliveries go.

        Raises:
            SessionNotFoundError: the session has no data.
            SessionDamagedError: the file of the webhooks cannot be read.
        """
        key = await existing_key(self._root, request)
        hooks = sorted(self._webhooks.find(key).items())
        return json_response({"items": [_as_json(name, delivery) for name, delivery in hooks]})

    async def put(self, request: web.Request) -> web.Response:
        """Declare a webhook: from now on, each change is sent. It may be the session's first use.

        Raises:
            BadRequestError: a name or a value is not allowed, the address among them.
            QuotaFullError: there are too many.
        """
        key, name = session_key(request), _name(request)
        definition = parse_definition(await json_body(request), self._webhooks.receivers)
        _refuse_itself(request, definition.url)
        await self._webhooks.receivers.check_lookup(definition.url)
        await self._quota.admit(request[ACCESS].tenant, session_name(key))
        declared = await self._webhooks.put(key, name, definition, self._sessions)
        secret = {} if declared.secret is None else {"secret": declared.secret}
        return json_response(_as_json(name, declared.delivery) | secret)

    async def delete(self, request: web.Request) -> web.Response:
        """Delete a webhook; nothing is sent afterwards.

        Raises:
            SessionNotFoundError, WebhookNotFoundError: they do not exist.
        """
        key, name = await existing_key(self._root, request), _name(request)
        if not await self._webhooks.delete(key, name):
            raise WebhookNotFoundError(
                f"the session has no webhook {name}; GET the path above to list them"
            )
        return web.Response(status=204)


def _name(request: web.Request) -> str:
    name = request.match_info["name"]
    if not WEBHOOK_NAME.fullmatch(name):
        raise BadRequestError(
            "the name of a webhook must be 1 to 64 of the characters A-Z a-z 0-9 _ and -"
        )
    return name


def _refuse_itself(request: web.Request, url: URL) -> None:
    """Refuse this service as a receiver: what it stores would be sent again, for ever.

    Raises:
        BadRequestError: the URL is that of this service.
    """
    transport = request.transport
    address = None if transport is None else transport.get_extra_info("sockname")
    own_port = address[1] if isinstance(address, tuple) else None
    if url.port == own_port and is_loopback_url(url):
        raise BadRequestError("url: this service cannot be the receiver of its own webhooks")


def _as_json(name: str, delivery: Delivery) -> dict[str, Json]:
    stored, status = delivery.stored, delivery.status
    state = "retrying" if status.failures else "active"
    return {
        "name": name,
        "url": stored.url,
        "resources": list(stored.resources),
        "filter": dict(stored.filter),
        "state": state if stored.disabled is None else "disabled",
        "delivered": status.delivered,
        "failures": status.failures,
        "reason": status.reason,
        "last_delivered_at": _time(status.last_delivered_at),
        "next_attempt_at": _time(status.next_attempt_at),
    }


def _time(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat(timespec="milliseconds")
