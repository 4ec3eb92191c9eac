"""The tables of a report, as text for a terminal and as Markdown for a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.peers.goals import Goal, Judgement
from benchmarks.peers.loads import LOADS
from benchmarks.peers.report import RIVAL, UNIT, Report

_ABSENT = "–"
_BUSY_GENERATOR = 0.9


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text below a head; the first `labels` columns are aligned to the left."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    labels: int = 1

    def as_text(self) -> str:
        """Return aligned lines."""
        widths = [max(map(len, column)) for column in zip(self.head, *self.rows, strict=True)]
        return "\n".join(self._line(row, widths) for row in (self.head, *self.rows))

    def as_markdown(self) -> str:
        """Return a table of Markdown."""
        rules = ["---" if column < self.labels else "--:" for column in range(len(self.head))]
        rows = (self.head, rules, *self.rows)
        return "\n".join("| " + " | ".join(row) + " |" for row in rows)

    def _line(self, row: Sequence[str], widths: Sequence[int]) -> str:
        cells = [
            cell.ljust(width) if column < self.labels else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        return "  ".join(cells).rstrip()


def number(value: float | None, unit: str = "") -> str:
    """Return a value with as many digits as a reader compares."""
    if value is None:
        return _ABSENT
    text = f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
    return f"{text} {unit}" if unit else text


def loads_table(report: Report) -> Table:
    """Return a row for each load and server."""
    head = ("load", "server", "a second", "CPU µs", "× constant", "p50 ms", "p99 ms")
    rows = [_load_row(report, load, server) for load in report.loads() for server in report.servers]
    rows += [
        ["all", result.title, "skipped", *[_ABSENT] * 6]
        for result in report.servers.values()
        if result.skipped
    ]
    rows = [row for row in rows if row]
    return Table((*head, "× json-server 1", "fdatasync ms"), rows, labels=2)


def _load_row(report: Report, load: str, server: str) -> list[str]:
    figures = report.figures(server, load)
    if figures is None:
        return []
    is_busy = figures.generator_share > _BUSY_GENERATOR
    return [
        LOADS[load].title,
        report.servers[server].title,
        f"{figures.requests_per_s:,.0f}" + ("+" if is_busy else ""),
        number(figures.cpu_us),
        number(report.cost(server, load)),
        number(figures.p50_ms),
        number(figures.p99_ms),
        number(report.rate_ratio(server, load, RIVAL)),
        number(figures.fdatasync_ms),
    ]


def rates_table(report: Report) -> Table:
    """Return a row for each server: requests a second, and the cost of each as a multiple."""
    loads = report.loads()
    rows = [
        [result.title, *(_rate_cell(report, server, load) for load in loads)]
        for server, result in report.servers.items()
        if not result.skipped
    ]
    return Table(("requests a second (CPU)", *(LOADS[load].title for load in loads)), rows)


def _rate_cell(report: Report, server: str, load: str) -> str:
    figures = report.figures(server, load)
    if figures is None:
        return _ABSENT
    cost = f" (×{number(report.cost(server, load))})" if server != UNIT else " (unit)"
    return f"{figures.requests_per_s:,.0f}{cost}"


def latency_table(report: Report) -> Table:
    """Return a row for each server: the 99th percentile in ms."""
    loads = report.loads()
    rows = []
    for server, result in report.servers.items():
        figures = [report.figures(server, load) for load in loads]
        if not result.skipped:
            rows.append([result.title, *(number(row.p99_ms if row else None) for row in figures)])
    return Table(("99th percentile, ms", *(LOADS[load].title for load in loads)), rows)


def sync_table(report: Report) -> Table:
    """Return a row for each server: the time of the disk beside each durable load."""
    loads = [load for load in report.loads() if LOADS[load].is_durable]
    rows = []
    for server, result in report.servers.items():
        figures = [report.figures(server, load) for load in loads]
        if loads and not result.skipped:
            rows.append(
                [result.title, *(number(row.fdatasync_ms if row else None) for row in figures)]
            )
    return Table(("append with fdatasync, ms", *(LOADS[load].title for load in loads)), rows)


def goals_table(judgements: Sequence[Judgement]) -> Table:
    """Return a row for each goal."""
    rows = [
        [
            judgement.goal.title,
            _limit(judgement.goal),
            _quantity(judgement.value, judgement.goal.unit),
            str(judgement.verdict),
        ]
        for judgement in judgements
    ]
    return Table(("goal", "limit", "measured", ""), rows)


def _limit(goal: Goal) -> str:
    return f"{'≤' if goal.is_ceiling else '≥'} {_quantity(goal.limit, goal.unit)}"


def _quantity(value: float | None, unit: str) -> str:
    if value is None:
        return _ABSENT
    text = f"{value:,.3g}" if value < 1000 else f"{value:,.0f}"
    return f"×{text}" if unit == "×" else f"{text} {unit}"


def extras_table(report: Report) -> Table:
    """Return a row for each figure of LARST alone."""
    rows = [
        [extra.title, f"{number(extra.value)} {extra.unit}", extra.detail]
        for extra in report.extras
    ]
    return Table(("LARST alone", "measured", "detail"), rows)
