"""Tenants: who shares sessions, plans and budgets, and the key of a session within all of them.

A session is known to its clients by its name. Inside the service its key is used, so that the same
name under two tenants is two sessions: `shop` of the default tenant, `@acme/shop` of another one.
The key is also the path of the session's directory below the data root.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

SessionKey: TypeAlias = str

DEFAULT_SESSION = "default"
"""The session of requests that name none, where no tokens are configured."""

DEFAULT_TENANT_NAME = "default"
"""The tenant of the operator: its sessions and plans lie directly in the data root."""

TENANT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
"""Lower case only: on some disks, names that differ in case are the same."""

TENANT_MARK = "@"


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant, and how far the token of a request may use what the tenant has.

    `name` None: the default tenant. `max_sessions` limits the sessions with data of the tenant,
    `planner_calls_per_minute` its calls of a model; None: no limit.
    """

    name: str | None = None
    max_sessions: int | None = None
    planner_calls_per_minute: int | None = None

    def key_of(self, session_id: str) -> SessionKey:
        """Return the key of the tenant's session of that name.

        >>> Tenant("acme").key_of("shop"), Tenant().key_of("shop")
        ('@acme/shop', 'shop')
        """
        return session_id if self.name is None else f"{TENANT_MARK}{self.name}/{session_id}"


DEFAULT_TENANT = Tenant()


def tenant_of(key: SessionKey) -> str | None:
    """Return the tenant of a session; None is the default tenant."""
    return key[1 : key.index("/")] if key.startswith(TENANT_MARK) else None


def session_name(key: SessionKey) -> str:
    """Return the name by which the clients of its tenant know the session."""
    return key.rpartition("/")[2]
