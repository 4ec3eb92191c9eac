"""The control API for cases, below `/_larst/plans`: run those of a plan, or of all.

Must never touch a session: each case runs in one of its own, in memory.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from aiohttp import web

from larst.domain import Json
from larst.errors import ProgramRefusedError
from larst.http.control.plans import PlanControl
from larst.http.responses import json_response
from larst.planning.book import NOT_SERVING, BookEntry
from larst.session import Pipeline, Tenants
from larst.session.cases import case_differences

MAX_TEST_S = 30.0
"""The time that all cases of a request may take; those that remain are not run."""


class CaseControl:
    """Handles the requests that run cases."""

    def __init__(self, tenants: Tenants, plans: PlanControl) -> None:
        self._tenants = tenants
        self._plans = plans

    async def test(self, request: web.Request) -> web.Response:
        """Run the cases of a plan.

        Raises:
            PlanNotFoundError: no plan has that key, or several plans begin with it.
        """
        return await self._run(request, [self._plans.entry(request)])

    async def test_all(self, request: web.Request) -> web.Response:
        """Run the cases of all plans that may serve."""
        entries = self._plans.book(request).entries()
        serving = [entry for entry in entries if entry.state not in NOT_SERVING]
        return await self._run(request, sorted(serving, key=lambda entry: entry.made_at))

    async def _run(self, request: web.Request, entries: Sequence[BookEntry]) -> web.Response:
        pipeline = self._tenants.plans(self._plans.tenant(request)).pipeline
        end_s = time.monotonic() + MAX_TEST_S
        items: list[Json] = []
        remaining = sum(len(entry.cases) for entry in entries)
        for entry in entries:
            if entry.cases and time.monotonic() < end_s:
                items += await _results(pipeline, entry)
                remaining -= len(entry.cases)
        failed = sum(not item["passed"] for item in items)
        counts = {"passed": len(items) - failed, "failed": failed, "not_run": remaining}
        return json_response({"items": items, **counts})


async def _results(pipeline: Pipeline, entry: BookEntry) -> list[dict[str, Json]]:
    results: list[dict[str, Json]] = []
    for case in entry.cases:
        try:
            program = pipeline.check(entry.plan.code.block)
            missed = await case_differences(pipeline, entry.plan, program, case)
        except ProgramRefusedError as error:
            missed = [f"the policy refuses the program: {error.detail}"]
        request = {"method": case.request.method, "path": case.request.path}
        result = {"key": entry.key, **request, "passed": not missed, "differences": missed}
        results.append(result)
    return results
