"""Runs the cases of a suite against a service by HTTP, each case in a new session."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid4

import aiohttp
import orjson
from yarl import URL

from larst.domain import Usage
from larst.evaluation.data import data_mismatches, records_of_export
from larst.evaluation.matching import judged, mismatches
from larst.evaluation.suite import Case, Expectation, Request

_SOURCE = re.compile(r'plan;[^,]*desc="([^"]*)"')


@dataclass(frozen=True, slots=True)
class CaseResult:
    """The result of a case; `reasons` says why it failed, and is empty if it passed.

    `planner` and `latency_ms` are those of the request under test. `usage` is the cost of planning
    the whole case, with its set-up and its checks, and `repairs` the further answers that were
    needed because one was refused. `run` counts from 1.
    """

    name: str
    group: str
    reasons: tuple[str, ...]
    planner: str
    latency_ms: float
    usage: Usage
    repairs: int = 0
    run: int = 1

    @property
    def passed(self) -> bool:
        """Whether the case passed."""
        return not self.reasons


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """The results of all cases, in the order of the suite."""

    results: tuple[CaseResult, ...]


@dataclass(frozen=True, slots=True)
class _Response:
    status: int
    headers: Mapping[str, str]
    body: bytes
    latency_ms: float


async def run_suite(
    url: str,
    cases: Sequence[Case],
    *,
    on_case: Callable[[CaseResult], None],
    usage: Callable[[], Usage],
    timeout_s: float,
    repairs: Callable[[], int] = lambda: 0,
) -> SuiteResult:
    """Run the cases against the service at `url` and return their results.

    A failure never ends the run. `usage` returns the cost of planning so far; the cases run in
    sequence, so that the cost and the repairs of each can be measured. `timeout_s` applies to each
    request.
    """
    run_id = uuid4().hex[:12]
    results = []
    timeout = aiohttp.ClientTimeout(total=timeout_s)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        for number, case in enumerate(cases):
            client = _Client(http, url, f"eval-{run_id}-{number}")
            usage_before, repairs_before = usage(), repairs()
            planner, latency_ms, reasons = await _run_case(client, case)
            case_usage = _difference(usage(), usage_before)
            result = CaseResult(
                *(case.name, case.group, reasons, planner, latency_ms, case_usage),
                repairs=repairs() - repairs_before,
            )
            results.append(result)
            on_case(result)
    return SuiteResult(tuple(results))


class _Client:
    """Sends requests in one session."""

    def __init__(self, http: aiohttp.ClientSession, url: str, session_id: str) -> None:
        self._http = http
        self._url = url
        self._session_id = session_id

    def control(self, verb: str) -> str:
        """Return the path of an operation on the session as a whole."""
        return f"/_larst/sessions/{self._session_id}/{verb}"

    async def send(self, request: Request) -> _Response:
        headers = {"X-Session-ID": self._session_id, **request.headers}
        data = request.raw.encode() if request.raw is not None else None
        if request.has_body:
            data = orjson.dumps(request.body)
            headers.setdefault("Content-Type", "application/json")
        started_s = time.perf_counter()
        url = URL(self._url + request.path, encoded=True)
        async with self._http.request(request.method, url, data=data, headers=headers) as response:
            body = await response.read()
            latency_ms = (time.perf_counter() - started_s) * 1000
            return _Response(response.status, response.headers, body, latency_ms)


async def _run_case(client: _Client, case: Case) -> tuple[str, float, tuple[str, ...]]:
    """Return the planner and the latency of the request under test, and why the case failed."""
    planner, latency_ms = "", 0.0
    try:
        for request in _preparations(client, case):
            response = await client.send(request)
            if response.status >= 300:
                reason = f"{request.method} {request.path} answered {response.status}"
                return planner, latency_ms, (f"before: {reason}",)
        response = await client.send(case.request)
        latency_ms = response.latency_ms
        source = _SOURCE.search(response.headers.get("Server-Timing", ""))
        planner = source[1] if source else ""
        reasons = judged(case, response.status, response.headers, response.body)
        for check in case.checks:
            response = await client.send(check.request)
            place = f"then {check.request.method} {check.request.path}"
            reasons += [f"{place}: {reason}" for reason in _mismatches(check.expected, response)]
        if case.records:
            response = await client.send(Request(method="GET", path=client.control("export")))
            after = records_of_export(response.body)
            reasons += [f"data: {reason}" for reason in data_mismatches(case, after)]
    except (aiohttp.ClientError, TimeoutError) as error:
        return planner, latency_ms, (f"no reply: {type(error).__name__}",)
    return planner, latency_ms, tuple(reasons)


def _preparations(client: _Client, case: Case) -> list[Request]:
    if not case.records:
        return case.setup
    seeds = Request(method="POST", path=client.control("import"), body=case.records)
    return [seeds, *case.setup]


def _mismatches(expected: Expectation, response: _Response) -> list[str]:
    return mismatches(expected, response.status, response.headers, response.body)


def _difference(after: Usage, before: Usage) -> Usage:
    has_cost = after.cost_usd is not None and before.cost_usd is not None
    return Usage(
        after.calls - before.calls,
        after.input_tokens - before.input_tokens,
        after.output_tokens - before.output_tokens,
        (after.cost_usd or 0.0) - (before.cost_usd or 0.0) if has_cost else None,
    )
