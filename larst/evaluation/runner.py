"""Runs the cases against a service, each in a session of its own. Knows it by its HTTP alone."""

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
from larst.evaluation.judging import judge
from larst.evaluation.suite import Case, Request

_SOURCE = re.compile(r'plan;[^,]*desc="([^"]*)"')


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How a case went. `planner` and `latency_ms` are of the request in question.

    `usage` is all that planning took for the case, its set-up and its checks too.
    """

    name: str
    group: str
    reasons: tuple[str, ...]
    planner: str
    latency_ms: float
    usage: Usage

    @property
    def passed(self) -> bool:
        """Tell whether there is nothing wrong."""
        return not self.reasons


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All results, in the suite's order."""

    results: tuple[CaseResult, ...]


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes
    latency_ms: float


async def evaluate(
    url: str,
    cases: Sequence[Case],
    *,
    on_case: Callable[[CaseResult], None],
    usage: Callable[[], Usage],
    timeout_s: float,
) -> Evaluation:
    """Return how the cases went against the service at `url`; nothing that fails ends the run.

    `usage` tells what planning has used so far; the cases run one after another, so that each is
    told what it cost. `timeout_s` is for each request.
    """
    run_id = uuid4().hex[:12]
    results = []
    timeout = aiohttp.ClientTimeout(total=timeout_s)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        for number, case in enumerate(cases):
            client = _Client(http, url, f"eval-{run_id}-{number}")
            before = usage()
            planner, latency_ms, reasons = await _run(client, case)
            spent = _difference(usage(), before)
            result = CaseResult(case.name, case.group, reasons, planner, latency_ms, spent)
            results.append(result)
            on_case(result)
    return Evaluation(tuple(results))


class _Client:
    """Sends requests within one session."""

    def __init__(self, http: aiohttp.ClientSession, url: str, session_id: str) -> None:
        self._http = http
        self._url = url
        self._session_id = session_id

    async def send(self, request: Request) -> _Reply:
        headers = {"X-Session-ID": self._session_id, **request.headers}
        sent = request.raw.encode() if request.raw is not None else None
        if request.has_body:
            sent = orjson.dumps(request.body)
            headers.setdefault("Content-Type", "application/json")
        began_s = time.perf_counter()
        url = URL(self._url + request.path, encoded=True)
        async with self._http.request(request.method, url, data=sent, headers=headers) as reply:
            body = await reply.read()
            latency_ms = (time.perf_counter() - began_s) * 1000
            return _Reply(reply.status, reply.headers, body, latency_ms)


async def _run(client: _Client, case: Case) -> tuple[str, float, tuple[str, ...]]:
    """Return who planned the request in question, how long it took, and what is wrong."""
    planner, latency_ms = "", 0.0
    try:
        for request in case.given:
            reply = await client.send(request)
            if reply.status >= 300:
                told = f"{request.method} {request.path} answered {reply.status}"
                return planner, latency_ms, (f"before: {told}",)
        reply = await client.send(case.when)
        latency_ms = reply.latency_ms
        found = _SOURCE.search(reply.headers.get("Server-Timing", ""))
        planner = found[1] if found else ""
        reasons = judge(case.then, reply.status, reply.headers, reply.body)
        for check in case.checks:
            reply = await client.send(check.request)
            place = f"then {check.request.method} {check.request.path}"
            wrong = judge(check.then, reply.status, reply.headers, reply.body)
            reasons += [f"{place}: {reason}" for reason in wrong]
    except (aiohttp.ClientError, TimeoutError) as error:
        return planner, latency_ms, (f"no reply: {type(error).__name__}",)
    return planner, latency_ms, tuple(reasons)


def _difference(after: Usage, before: Usage) -> Usage:
    known = after.cost_usd is not None and before.cost_usd is not None
    return Usage(
        after.calls - before.calls,
        after.input_tokens - before.input_tokens,
        after.output_tokens - before.output_tokens,
        (after.cost_usd or 0.0) - (before.cost_usd or 0.0) if known else None,
    )
