"""The report of a suite: a table for people, or JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from statistics import quantiles

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from larst.domain import Json, Usage
from larst.evaluation.outcomes import failure_of, failures, lost_data, passed_at_once
from larst.evaluation.runner import CaseResult, SuiteResult


@contextmanager
def progress_bar(console: Console, total: int) -> Iterator[Callable[[CaseResult], None]]:
    """Show a progress bar inside the block; it yields a function to call with each result."""
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    is_hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=is_hidden) as bar:
        task = bar.add_task("", total=total)
        failure_count = 0

        def advance(result: CaseResult) -> None:
            nonlocal failure_count
            failure_count += not result.passed
            description = f"{failure_count} failed · {escape(result.name)}"
            bar.update(task, advance=1, description=description)

        yield advance


def print_table(suite: SuiteResult, console: Console) -> None:
    """Print each failed case with its reasons, then a row for each group and one for all."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("group")
    for title in ("passed", "rate", "model calls", "p50 ms", "p95 ms", "tokens", "cost"):
        table.add_column(title, justify="right")
    for group, results in _by_group(suite).items():
        table.add_row(group, *_cells(results))
    table.add_row("all", *_cells(suite.results), style="bold")
    for result in suite.results:
        if not result.passed:
            console.print(f"[bold]✗ {result.group}: {escape(result.name)}[/]", highlight=False)
            for reason in result.reasons:
                console.print(f"    {_printable(reason)}", markup=False, highlight=False)
    console.print(table)
    for line in _lines_below(suite):
        console.print(line, highlight=False)


def _lines_below(suite: SuiteResult) -> Iterator[str]:
    """Yield what a run with a model, or with failures, has beyond the table."""
    summary = _summary(suite.results)
    if summary["model_calls"]:
        rate, at_once = summary["pass_rate"], summary["first_attempt_rate"]
        yield f"right at the first attempt: {at_once:.0%}; after repair: {rate:.0%}"
    if summary["failures"]:
        kinds = ", ".join(f"{kind} {count}" for kind, count in summary["failures"].items())
        yield f"failures: {kinds}"
        yield f"attacks that lost data: {summary['data_lost']}"


def as_json(suite: SuiteResult) -> dict[str, Json]:
    """Return the report as JSON: `summary` of all cases, `groups`, and each of the `cases`."""
    return {
        "summary": _summary(suite.results),
        "groups": {name: _summary(results) for name, results in _by_group(suite).items()},
        "cases": [
            {
                **asdict(result),
                "passed": result.passed,
                "failure": failure_of(result),
                "reasons": list(result.reasons),
            }
            for result in suite.results
        ],
    }


def _by_group(suite: SuiteResult) -> dict[str, list[CaseResult]]:
    groups: dict[str, list[CaseResult]] = {}
    for result in suite.results:
        groups.setdefault(result.group, []).append(result)
    return groups


def _summary(results: Sequence[CaseResult]) -> dict[str, Json]:
    passed = sum(result.passed for result in results)
    usage = sum((result.usage for result in results), Usage())
    p50_ms, p95_ms = _percentiles([result.latency_ms for result in results])
    return {
        "cases": len(results),
        "passed": passed,
        "pass_rate": round(passed / len(results), 4),
        "first_attempt_rate": round(sum(map(passed_at_once, results)) / len(results), 4),
        "failures": failures(results),
        "data_lost": sum(map(lost_data, results)),
        "seconds": round(sum(result.latency_ms for result in results) / 1000, 1),
        "model_calls": usage.calls,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cost_usd": usage.cost_usd,
        "latency_ms": {"p50": round(p50_ms, 1), "p95": round(p95_ms, 1)},
    }


def _cells(results: Sequence[CaseResult]) -> list[str]:
    summary = _summary(results)
    cost_usd = summary["cost_usd"]
    return [
        f"{summary['passed']}/{summary['cases']}",
        f"{summary['pass_rate']:.0%}",
        str(summary["model_calls"]),
        f"{summary['latency_ms']['p50']:.0f}",
        f"{summary['latency_ms']['p95']:.0f}",
        str(summary["input_tokens"] + summary["output_tokens"]),
        "price unknown" if cost_usd is None else f"${cost_usd:.4f}",
    ]


def _percentiles(values: Sequence[float]) -> tuple[float, float]:
    if len(values) == 1:
        return values[0], values[0]
    cuts = quantiles(values, n=20, method="inclusive")
    return cuts[9], cuts[18]


def _printable(text: str) -> str:
    """Return the text with control characters escaped, because a model may have written it."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
