"""Whether the service can serve: for `/readyz`, which orchestrators ask every few seconds.

Must never let its callers, who need no token, keep the disk busy: they share one probe.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from larst.actors import Clock
from larst.domain import Json
from larst.planning import Planner
from larst.sandbox import Sandbox
from larst.store import DataRoot

GOOD_FOR_S = 1.0
"""How long a successful probe of the disk counts; a failed one counts for its callers only."""

PROBE_S = 5.0
"""How long a probe may take; a disk that takes longer is not ready."""


class DiskProbe:
    """Probes the data root, once for all callers that wait; `problem` blocks and describes it."""

    def __init__(self, problem: Callable[[], str | None], clock: Clock) -> None:
        self._problem = problem
        self._clock = clock
        self._good_until_s = clock.now()
        self._running: asyncio.Future[str | None] | None = None

    async def problem(self) -> str | None:
        """Return why the data root cannot be written; None if it can."""
        if self._clock.now() < self._good_until_s:
            return None
        if self._running is None:
            self._running = asyncio.ensure_future(asyncio.to_thread(self._problem))
            self._running.add_done_callback(self._end)
        try:
            async with asyncio.timeout(PROBE_S):
                return await asyncio.shield(self._running)
        except TimeoutError:
            return f"it does not respond within {PROBE_S:.0f} s"

    def _end(self, probe: asyncio.Future[str | None]) -> None:
        self._running = None
        if not probe.cancelled() and probe.exception() is None and probe.result() is None:
            self._good_until_s = self._clock.now() + GOOD_FOR_S


class Readiness:
    """Asks the data root, the sandbox and the planner."""

    def __init__(self, root: DataRoot, sandbox: Sandbox, planner: Planner, clock: Clock) -> None:
        self._disk = DiskProbe(root.problem, clock)
        self._sandbox = sandbox
        self._planner = planner

    async def report(self) -> dict[str, Json]:
        """Return the body of `/readyz`; `not_ready` names the parts that are not."""
        problem = await self._disk.problem()
        checks = {
            "data root": problem is None,
            "sandbox": self._sandbox.is_ready(),
            "planner": self._planner.is_ready(),
        }
        not_ready = [name for name, is_ready in checks.items() if not is_ready]
        body: dict[str, Json] = {
            "status": "not ready" if not_ready else "ready",
            "not_ready": [*not_ready],
            "sandbox": {"jail": self._sandbox.jail()},
        }
        return body if problem is None else {**body, "data_root": {"problem": problem}}
