"""The quota of sessions: how many sessions with data a tenant may have.

Must never count one session twice, nor let two new ones share the last place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Set

from larst.actors import Clock
from larst.domain import RequestContext, SessionKey, Tenant, session_name, tenant_of
from larst.errors import QuotaFullError
from larst.session.execution import ProgramRun
from larst.store import DataRoot, SessionStore

RESERVED_S = 60.0
"""How long an admitted session counts before its directory is there."""


class SessionQuota:
    """Admits new sessions of tenants that have a limit.

    `max_sessions` is that of tokens without a budget of sessions, and of requests without a token;
    None: they have no limit.
    """

    def __init__(self, root: DataRoot, clock: Clock, max_sessions: int | None = None) -> None:
        self._max_sessions = max_sessions
        self._root = root
        self._clock = clock
        self._reserved: dict[SessionKey, float] = {}
        self._lock = asyncio.Lock()

    def concerns(self, store: SessionStore, request: RequestContext, run: ProgramRun) -> bool:
        """Return whether a run stores the first data of a session whose tenant has a limit."""
        return (
            self._limit_of(request.tenant) is not None
            and not store.data.names()
            and run.reply.status < 400
            and bool(run.transaction.changes())
        )

    async def admit(self, tenant: Tenant, session_id: str) -> None:
        """Return if the session exists, or the tenant may have one more.

        Raises:
            QuotaFullError: it has as many sessions as it may have.
        """
        limit = self._limit_of(tenant)
        if limit is None:
            return
        async with self._lock:
            names = await self._names(tenant)
            if session_id in names:
                return
            if len(names) >= limit:
                has_budget = tenant.max_sessions is not None
                source = "sessions in LARS_AUTH_TOKENS_FILE" if has_budget else "LARS_MAX_SESSIONS"
                raise QuotaFullError(
                    f"there are {len(names)} sessions with data, and {limit} are allowed"
                    f" ({source}); erase one with `larst sessions --delete`, or use one that exists"
                )
            self._reserved[tenant.key_of(session_id)] = self._clock.now() + RESERVED_S

    async def usage(self, tenant: Tenant) -> tuple[int, int | None]:
        """Return how many sessions with data a tenant has, and how many it may have."""
        async with self._lock:
            return len(await self._names(tenant)), self._limit_of(tenant)

    async def _names(self, tenant: Tenant) -> set[str]:
        names = set(await asyncio.to_thread(self._root.session_ids, tenant.name))
        return names | self._recently_admitted(tenant, names)

    def _limit_of(self, tenant: Tenant) -> int | None:
        return self._max_sessions if tenant.max_sessions is None else tenant.max_sessions

    def _recently_admitted(self, tenant: Tenant, existing: Set[str]) -> set[str]:
        """Return the sessions of a tenant that were admitted and have no directory yet."""
        now_s = self._clock.now()
        for key, end_s in list(self._reserved.items()):
            is_there = tenant_of(key) == tenant.name and session_name(key) in existing
            if is_there or end_s <= now_s:
                del self._reserved[key]
        return {session_name(key) for key in self._reserved if tenant_of(key) == tenant.name}
