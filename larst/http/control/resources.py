"""The control API for the settings of resources, at `/_larst/sessions/{id}/resources`.

Must never change a record: stored ones are only checked.
"""

from __future__ import annotations

from functools import partial

from aiohttp import web

from larst.domain import Json, session_name
from larst.errors import ResourceSettingsNotFoundError
from larst.http.control.guards import json_body
from larst.http.control.named_session import existing_key, session_key
from larst.http.keys import ACCESS
from larst.http.responses import json_response
from larst.session import SessionClient, SessionQuota
from larst.session.resources import delete_resource_settings, put_resource_settings
from larst.store import DataRoot, SessionStore
from larst.store.resource_settings import ResourceSettings, parse_resource_settings


class ResourceControl:
    """Handles the requests for the settings of the resources of a session."""

    def __init__(self, root: DataRoot, sessions: SessionClient, quota: SessionQuota) -> None:
        self._root = root
        self._sessions = sessions
        self._quota = quota

    async def list(self, request: web.Request) -> web.Response:
        """Return the settings of all resources that have some, by resource.

        Raises:
            SessionNotFoundError: the session has no data.
        """
        key = await existing_key(self._root, request)
        resources = await self._sessions.run_on_store(key, _all, keeps_awake=False)
        return json_response({name: item.as_json() for name, item in sorted(resources.items())})

    async def show(self, request: web.Request) -> web.Response:
        """Return the settings of a resource.

        Raises:
            SessionNotFoundError, ResourceSettingsNotFoundError: they do not exist.
        """
        key = await existing_key(self._root, request)
        resources = await self._sessions.run_on_store(key, _all, keeps_awake=False)
        if (settings := resources.get(request.match_info["name"])) is None:
            raise _not_found(request)
        return json_response(settings.as_json())

    async def put(self, request: web.Request) -> web.Response:
        """Declare the settings of a resource, in place of its old ones; it may have no records yet.

        Raises:
            BadRequestError: a name or a value is not allowed.
            FieldRefusedError, ValueTakenError: a stored record breaks them.
        """
        key, name = session_key(request), request.match_info["name"]
        settings = parse_resource_settings(await json_body(request))
        await self._quota.admit(request[ACCESS].tenant, session_name(key))
        await self._sessions.run_on_store(key, partial(put_resource_settings, name, settings))
        return json_response(settings.as_json())

    async def delete(self, request: web.Request) -> web.Response:
        """Take the settings from a resource; its records stay as they are.

        Raises:
            SessionNotFoundError, ResourceSettingsNotFoundError: they do not exist.
        """
        key, name = await existing_key(self._root, request), request.match_info["name"]
        if not await self._sessions.run_on_store(key, partial(delete_resource_settings, name)):
            raise _not_found(request)
        return web.Response(status=204)


async def _all(store: SessionStore) -> dict[str, ResourceSettings]:
    return dict(store.settings.current.resources)


def _not_found(request: web.Request) -> ResourceSettingsNotFoundError:
    name: Json = request.match_info["name"]
    return ResourceSettingsNotFoundError(
        f"the resource {name!s:.80} has no settings of its own; PUT them to this path"
    )
