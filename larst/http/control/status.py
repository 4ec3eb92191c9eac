"""The control API for the state of the service: its parts, its counters, its limits, their usage.

An admin of a tenant sees what that tenant uses, and nothing of the whole service. The operator sees
both.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from aiohttp import web

from larst.config import Settings
from larst.domain import Json
from larst.http.components import COMPONENTS, RUNNING, SETTINGS, Components
from larst.http.control.limits import LIMITS
from larst.http.control.parameters import OF_SESSION
from larst.http.ingress import INGRESS
from larst.http.keys import ACCESS
from larst.http.responses import json_response
from larst.telemetry import Telemetry
from larst.telemetry.attributes import STATUS
from larst.telemetry.metrics import REQUEST_DURATION, Distribution, Kind, Labels, MetricData


async def service_status(request: web.Request) -> web.Response:
    """Return what the tenant and a session use; for the operator, all figures of the service.

    Raises:
        BadSessionIdError: the query or a header names no valid session.
    """
    access = request[ACCESS]
    key, _ = request.app[INGRESS].page_session(request, request.query.get(OF_SESSION.name))
    usage = await request.app[RUNNING].usage.of(access.tenant, key)
    if not access.is_operator:
        return json_response({"usage": usage})
    return json_response({"usage": usage, **await _of_service(request)})


async def _of_service(request: web.Request) -> dict[str, Json]:
    """Return the state of the planner and the sandbox, all counters, and the limits."""
    components, settings = request.app[COMPONENTS], request.app[SETTINGS]
    # In a thread: there may be a thousand series, and the number of sessions is on the disk.
    metrics = await asyncio.to_thread(_metrics, components.telemetry)
    limits: dict[str, Json] = {name: limit(settings) for name, limit in LIMITS.items()}
    return {**_parts(components, settings), "metrics": metrics, "limits": limits}


def _parts(components: Components, settings: Settings) -> dict[str, Json]:
    planner, sandbox = components.planner, components.sandbox
    return {
        "planner": {
            "name": planner.maker.planner,
            "model": planner.maker.model,
            "mode": settings.planning.mode,
            "is_ready": planner.is_ready(),
        },
        "sandbox": {"jail": sandbox.jail(), "is_ready": sandbox.is_ready()},
    }


def _metrics(telemetry: Telemetry) -> dict[str, Json]:
    """Return the values of each counter and gauge, and the requests by class of status."""
    metrics: dict[str, Json] = {}
    for data in telemetry.collect():
        if data.metric.name == REQUEST_DURATION:
            metrics[data.metric.name] = _as_json(_requests(data))
        elif data.metric.kind is not Kind.HISTOGRAM:
            points = [(_name(labels), value) for labels, value in data.points]
            metrics[data.metric.name] = _as_json(
                [(name, value) for name, value in points if not isinstance(value, Distribution)]
            )
    return metrics


def _requests(data: MetricData) -> Sequence[tuple[str, float]]:
    """Return the number of requests by the class of their status, such as `2xx`."""
    counts: Counter[str] = Counter()
    for labels, distribution in data.points:
        if isinstance(distribution, Distribution):
            status = dict(labels).get(STATUS)
            counts[f"{str(status)[:1]}xx" if status else "left"] += sum(distribution.counts)
    return sorted(counts.items())


def _name(labels: Labels) -> str:
    return ", ".join(str(value) for _, value in labels) or "all"


def _as_json(points: Sequence[tuple[str, float]]) -> Json:
    return dict[str, Json](points)
