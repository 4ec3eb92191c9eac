"""What the sender of a request may do. Data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from larst.domain import DEFAULT_TENANT, Tenant
from larst.errors import ForbiddenError

Scope: TypeAlias = Literal["read", "write", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
"""`read`: GET, HEAD and OPTIONS on planned paths and the pages of a session. `write`: all methods
there. Both also read what the control API says of a session. `admin`: all of the control API."""

_READING = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Access:
    """The tenant of a request's sender, and the scopes of its token.

    `name` is that of the token, None if no tokens are configured. `identity` is what the session of
    its own is derived from; None: it has none.
    """

    name: str | None
    tenant: Tenant
    scopes: frozenset[Scope]
    identity: str | None = None

    @property
    def is_operator(self) -> bool:
        """Whether the sender manages the service as a whole: an admin of the default tenant."""
        return self.tenant.name is None and "admin" in self.scopes

    def may_send(self, method: str) -> bool:
        """Return whether the scopes allow a method on planned paths."""
        return "write" in self.scopes or (method in _READING and "read" in self.scopes)

    def require_method(self, method: str) -> None:
        """Return if the scopes allow a method on planned paths and the pages of a session.

        Raises:
            ForbiddenError: they do not.
        """
        if not self.may_send(method):
            raise self._refusal(method, ["read", "write"] if method in _READING else ["write"])

    def require_admin(self, what: str = "the control API") -> None:
        """Return if the scopes allow the control API, or `what` else needs the same scope.

        Raises:
            ForbiddenError: they do not.
        """
        if "admin" not in self.scopes:
            raise self._refusal(what, ["admin"])

    def require_view(self, method: str) -> None:
        """Return if the scopes allow a method on a session in the control API: any may read it.

        Raises:
            ForbiddenError: they do not.
        """
        if method not in _READING or not self.may_send(method):
            self.require_admin()

    def require_operator(self, what: str) -> None:
        """Return if the sender manages the service as a whole.

        Raises:
            ForbiddenError: it is an admin of one tenant, or no admin.
        """
        if not self.is_operator:
            raise ForbiddenError(
                f"{what} shows all tenants: use a token of the default tenant with the scope admin"
            )

    def _refusal(self, what: str, needed: Sequence[Scope]) -> ForbiddenError:
        own = [scope for scope in SCOPES if scope in self.scopes]
        return ForbiddenError(
            f"{what} needs the scope {' or '.join(needed)}; the token {self.name} has"
            f" {', '.join(own)}"
        )


OPEN_ACCESS = Access(None, DEFAULT_TENANT, frozenset(SCOPES))
"""The access of everyone, where no tokens are configured."""
