"""Compares the reports of several runs, as `larst eval --json` writes them. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from larst.domain import Json
from larst.errors import ConfigError

MAX_REPORT_BYTES = 64 * 1024 * 1024

_ROWS = (
    ("passed", "passed"),
    ("pass_rate", "rate"),
    ("first_attempt_rate", "at the first attempt"),
    ("data_lost", "data lost"),
    ("model_calls", "model calls"),
    ("input_tokens", "input tokens"),
    ("output_tokens", "output tokens"),
    ("seconds", "seconds"),
    ("cost_usd", "cost in dollars"),
)


def read_report(path: Path) -> dict[str, Any]:
    """Return a report.

    Raises:
        ConfigError: the file cannot be read, or is not a report of `larst eval --json`.
    """
    try:
        if path.stat().st_size > MAX_REPORT_BYTES:
            raise ConfigError(f"{path} is over {MAX_REPORT_BYTES} bytes: too large for a report")
        report = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{path} is not JSON: {error}") from error
    if not isinstance(report, dict) or not {"summary", "groups", "cases"} <= report.keys():
        raise ConfigError(f"{path} is not a report: write one with `larst eval --json > {path}`")
    return report


def compared(reports: Mapping[str, Mapping[str, Any]]) -> dict[str, Json]:
    """Return the figures of each report, and the cases in which they differ.

    A case counts as passed if it passed in every run of its report; None: the report lacks it.
    """
    outcomes = {name: _outcomes(report["cases"]) for name, report in reports.items()}
    cases = dict.fromkeys(case for outcome in outcomes.values() for case in outcome)
    rows = {case: {name: outcomes[name].get(case) for name in reports} for case in cases}
    return {
        "summaries": {name: report["summary"] for name, report in reports.items()},
        "groups": {name: report["groups"] for name, report in reports.items()},
        "differences": {case: row for case, row in rows.items() if len(set(row.values())) > 1},
    }


def _outcomes(cases: Sequence[Mapping[str, Any]]) -> dict[str, bool]:
    outcomes: dict[str, bool] = {}
    for case in cases:
        name = f"{case['group']}: {case['name']}"
        outcomes[name] = outcomes.get(name, True) and bool(case["passed"])
    return outcomes


def print_comparison(comparison: Mapping[str, Json], console: Console) -> None:
    """Print a row for each figure, and one for each case in which the reports differ."""
    summaries = comparison["summaries"]
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("")
    for name in summaries:
        table.add_column(escape(name), justify="right")
    for row in _rows(comparison):
        table.add_row(*row)
    console.print(table)


def _rows(comparison: Mapping[str, Json]) -> Iterator[tuple[str, ...]]:
    summaries, groups = comparison["summaries"], comparison["groups"]
    for key, title in _ROWS:
        yield title, *(_figure(key, summary) for summary in summaries.values())
    for group in dict.fromkeys(name for part in groups.values() for name in part):
        yield group, *(_figure("passed", part.get(group, {})) for part in groups.values())
    for case, row in comparison["differences"].items():
        yield case, *(_MARKS[row[name]] for name in summaries)


_MARKS = {True: "✓", False: "✗", None: ""}


def _figure(key: str, summary: Mapping[str, Json]) -> str:
    value = summary.get(key)
    if value is None:
        return "unknown" if key == "cost_usd" and summary else ""
    if key == "passed":
        return f"{value}/{summary['cases']}"
    if key.endswith("rate"):
        return f"{value:.0%}"
    return f"{value:.4f}" if key == "cost_usd" else str(value)
