"""Small reports, built from a few numbers."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.peers.measuring import Figures
from benchmarks.peers.report import Extra, Report, ServerResult


def figures(requests_per_s: float, cpu_us: float, fdatasync_ms: float | None = None) -> Figures:
    return Figures(requests_per_s, cpu_us, 1.0, 2.0, 3.0, 0.1, fdatasync_ms)


def report(
    servers: Mapping[str, Mapping[str, Figures]],
    *,
    extras: list[Extra] | None = None,
    skipped: Mapping[str, str] | None = None,
) -> Report:
    """Return a report; titles are the names in upper case."""
    results = {
        name: ServerResult(name.upper(), dict(loads), (skipped or {}).get(name, ""))
        for name, loads in servers.items()
    }
    return Report(
        machine={
            "date": "2026-11-26",
            "cores": 2,
            "cpu": "A processor",
            "kernel": "6.1",
            "python": "3.11.7",
            "node": "",
            "load_average": 0.5,
            "other_cores": 0.1,
        },
        versions={"larst": "1.0"},
        options={"records": 1000, "connections": 16, "rounds": 3, "seconds": 5.0},
        servers=results,
        extras=extras or [],
    )
