"""The results of a run, as data and as JSON. Measures nothing."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.peers.measuring import Figures

UNIT = "aiohttp"
"""The server whose CPU time per request is the unit of cost."""
RIVAL = "json-server-1"
"""The server that rates are compared with."""


@dataclass(frozen=True, slots=True)
class ServerResult:
    """The figures of a server by load, or the reason why it was skipped."""

    title: str
    loads: dict[str, Figures] = field(default_factory=dict)
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class Extra:
    """A figure of LARST alone; `is_full`: at the size that its goal is about."""

    key: str
    title: str
    value: float
    unit: str
    detail: str = ""
    is_full: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """All results of a run."""

    machine: dict[str, Any]
    versions: dict[str, str]
    options: dict[str, Any]
    servers: dict[str, ServerResult]
    extras: list[Extra] = field(default_factory=list)

    def figures(self, server: str, load: str) -> Figures | None:
        """Return the figures of a server under a load, if they were measured."""
        result = self.servers.get(server)
        return result.loads.get(load) if result else None

    def cost(self, server: str, load: str) -> float | None:
        """Return the CPU time per request as a multiple of the constant application's."""
        figures, unit = self.figures(server, load), self.figures(UNIT, load)
        return figures.cpu_us / unit.cpu_us if figures and unit and unit.cpu_us else None

    def rate_ratio(self, server: str, load: str, rival: str, rival_load: str = "") -> float | None:
        """Return the rate of a server as a multiple of a rival's."""
        figures, other = self.figures(server, load), self.figures(rival, rival_load or load)
        return figures.requests_per_s / other.requests_per_s if figures and other else None

    def extra_of(self, key: str) -> Extra | None:
        """Return a figure of LARST alone."""
        return next((extra for extra in self.extras if extra.key == key), None)

    def loads(self) -> list[str]:
        """Return the loads that ran, in order."""
        names = [name for result in self.servers.values() for name in result.loads]
        return list(dict.fromkeys(names))


def write(report: Report, path: Path) -> None:
    """Write the report as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_rounded(asdict(report)), indent=1) + "\n")


def read(path: Path) -> Report:
    """Read a report that `write` wrote."""
    document = json.loads(path.read_text())
    servers = {
        name: ServerResult(
            server["title"],
            {load: Figures(**figures) for load, figures in server["loads"].items()},
            server["skipped"],
        )
        for name, server in document.pop("servers").items()
    }
    extras = [Extra(**extra) for extra in document.pop("extras")]
    return Report(**document, servers=servers, extras=extras)


def _rounded(value: Any) -> Any:
    """Return the document with four digits of each float: more are noise."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {name: _rounded(member) for name, member in value.items()}
    return [_rounded(member) for member in value] if isinstance(value, list) else value
