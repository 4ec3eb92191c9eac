"""The rules of the sessions, and the decision whether a request is struck, repeatable by a seed.

Rules exist in memory only. Must never let a client from elsewhere break requests, unless the
operator allows it.
"""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from larst.config import FaultsUse
from larst.domain import Json, RequestContext, SessionKey
from larst.errors import BadRequestError, ForbiddenError
from larst.http.faults.effects import Strike
from larst.http.faults.faults import FaultRule, fault_of_header
from larst.http.hosts import is_local_call

HEADER = "X-LARST-Fault"
"""Describes a fault of the request that has it."""

MAX_RULES = 100
MAX_SESSIONS = 1000
MAX_SEED = 2**53 - 1
"""The largest integer that every JSON parser keeps."""


@dataclass(slots=True)
class ActiveRule:
    """A rule at work: how many requests matched, how many were struck, and its own generator.

    A generator for each rule, so that requests that do not match leave its decisions the same.
    """

    rule: FaultRule
    generator: random.Random
    matches: int = 0
    strikes: int = 0

    def strikes_now(self) -> bool:
        """Count a request that matches; return whether it is struck."""
        self.matches += 1
        rule = self.rule
        if self.matches <= rule.skip or (rule.times is not None and self.strikes >= rule.times):
            return False
        if self.generator.random() >= rule.rate:
            return False
        self.strikes += 1
        return True


@dataclass(slots=True)
class SessionFaults:
    """The rules of a session, in order, and their seed."""

    seed: int
    rules: list[ActiveRule] = field(default_factory=list)

    @property
    def source(self) -> dict[str, Json]:
        """The seed and the rules as they were sent, without their counts."""
        return {"seed": self.seed, "rules": [dict(active.rule.source) for active in self.rules]}


class FaultTable:
    """The rules of all sessions; `use` says whose requests may be struck."""

    def __init__(self, use: FaultsUse) -> None:
        self._use = use
        self._sessions: OrderedDict[SessionKey, SessionFaults] = OrderedDict()

    def covers(self, key: SessionKey) -> bool:
        """Return whether a session has rules."""
        return key in self._sessions

    def find(self, key: SessionKey) -> SessionFaults | None:
        """Return the rules of a session; None if it has none."""
        return self._sessions.get(key)

    def put(self, key: SessionKey, rules: Sequence[FaultRule], seed: int | None) -> SessionFaults:
        """Replace the rules of a session; the same seed gives the same decisions.

        Raises:
            BadRequestError: there are too many.
        """
        if len(rules) > MAX_RULES:
            raise BadRequestError(f"a session has at most {MAX_RULES} rules for faults")
        seed = random.randrange(10**6) if seed is None else seed  # noqa: S311 - no secret
        active = [
            ActiveRule(rule, random.Random(f"{seed}:{index}"))  # noqa: S311 - no secret
            for index, rule in enumerate(rules)
        ]
        self._sessions.pop(key, None)
        faults = SessionFaults(seed, active)
        if active:
            self._sessions[key] = faults
            if len(self._sessions) > MAX_SESSIONS:
                self._sessions.popitem(last=False)
        return faults

    def forget(self, key: SessionKey) -> None:
        """Remove the rules of a session."""
        self._sessions.pop(key, None)

    def allows(self, client_ip: str, address: str) -> bool:
        """Return whether a client may have faults; `address` is the service's, as asked."""
        return self._use == "on" or (self._use == "loopback" and is_local_call(client_ip, address))

    def require(self, client_ip: str, address: str) -> None:
        """Refuse a client that may not have faults.

        Raises:
            ForbiddenError: it may not.
        """
        if not self.allows(client_ip, address):
            raise ForbiddenError(
                f"faults are for clients on this machine only (LARS_FAULTS={self._use});"
                " LARS_FAULTS=on allows them to all"
            )

    def strike(self, context: RequestContext, header: str | None, address: str) -> Strike | None:
        """Return what strikes a request: its own header, or the first rule that does.

        Raises:
            BadRequestError: the header describes no fault.
            ForbiddenError: the client may not have faults.
        """
        if header is not None:
            self.require(context.client_ip, address)
            return Strike.draw(fault_of_header(header), random.Random())  # noqa: S311 - no secret
        faults = self._sessions.get(context.session_key)
        if faults is None or not self.allows(context.client_ip, address):
            return None
        for active in faults.rules:
            rule = active.rule
            if rule.matches(context.method, context.path, context.query) and active.strikes_now():
                return Strike.draw(rule.fault, active.generator)
        return None
