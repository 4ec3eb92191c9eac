"""How much of its quotas a tenant uses, and one of its sessions.

Must never wake a session, nor show anything of another tenant.
"""

from __future__ import annotations

from collections.abc import Mapping

from larst.config import Settings
from larst.domain import DEFAULT_TENANT_NAME, Json, SessionKey, Tenant, session_name
from larst.http.control.sessions import SessionControl
from larst.session import SessionQuota


class UsageControl:
    """Describes the usage of quotas."""

    def __init__(
        self, sessions: SessionControl, session_quota: SessionQuota, settings: Settings
    ) -> None:
        self._sessions = sessions
        self._session_quota = session_quota
        self._limits = settings.quotas

    async def of(self, tenant: Tenant, key: SessionKey) -> dict[str, Json]:
        """Return the tenant, its number of sessions, and the figures of one session."""
        count, limit = await self._session_quota.usage(tenant)
        return {
            "tenant": tenant.name or DEFAULT_TENANT_NAME,
            "sessions": _amount(count, limit),
            "session": await self._session(key),
        }

    async def _session(self, key: SessionKey) -> dict[str, Json]:
        """Return what a session uses; null: unknown until it wakes."""
        session = await self._sessions.describe(key)
        used = _NO_DATA if session is None else session
        resources = used["resources"]
        resource_count = len(resources) if isinstance(resources, dict) else None
        return {
            "id": session_name(key),
            "records": _amount(used["records"], self._limits.max_records),
            "resources": _amount(resource_count, self._limits.max_resources),
            "size_bytes": _amount(used["size_bytes"], self._limits.max_session_bytes),
        }


_NO_DATA: Mapping[str, Json] = {"records": 0, "resources": {}, "size_bytes": 0}


def _amount(used: Json, limit: int | None) -> dict[str, Json]:
    return {"used": used, "limit": limit}
