"""Faults of a session: which of its requests fail, and how."""

from __future__ import annotations

import json
from typing import Any

from larst.testing.transport import Control


class SessionFaults:
    """The rules of a session, tried in order; the first that strikes a request counts."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._rules: list[dict[str, Any]] = []
        self._seed: int | None = None

    def add(self, method: str | None = None, path: str | None = None, **fault: Any) -> None:
        """Add a rule, such as `add("POST", "/orders", status=503, times=2)`.

        It has any of `delay="200ms"`, `status`, `body`, `headers`, `drop`, `truncate`, `malformed`
        and `bytes_per_s`, and may have `query`, `rate`, `times`, `skip` and `phase="after"`. The
        rules that are there begin again to count.

        Raises:
            KitError: the service refuses it.
        """
        matched = {"method": method, "path": path}
        rule = {**{name: value for name, value in matched.items() if value is not None}, **fault}
        self._put([*self._rules, rule])

    def seed(self, seed: int) -> None:
        """Choose the seed of the rates and of random delays; the rules begin again."""
        self._seed = seed
        if self._rules:
            self._put(self._rules)

    def clear(self) -> None:
        """Remove the rules."""
        self._control("DELETE", "faults")
        self._rules = []

    def show(self) -> dict[str, Any]:
        """Return the seed and the rules, each with its `matches` and `strikes`."""
        faults: dict[str, Any] = self._control("GET", "faults").json()
        return faults

    def _put(self, rules: list[dict[str, Any]]) -> None:
        body = json.dumps({"rules": rules, "seed": self._seed}).encode()
        self._seed = self._control("PUT", "faults", body).json()["seed"]
        self._rules = rules
