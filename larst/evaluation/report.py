"""What an evaluation found, as a table for a person or as JSON."""

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
from larst.evaluation.runner import CaseResult, Evaluation


@contextmanager
def progress(console: Console, total: int) -> Iterator[Callable[[CaseResult], None]]:
    """Show a bar while the block runs; call what it gives with each result."""
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=total)
        failed = 0

        def on_case(result: CaseResult) -> None:
            nonlocal failed
            failed += not result.passed
            bar.update(task, advance=1, description=f"{failed} failed · {escape(result.name)}")

        yield on_case


def print_table(evaluation: Evaluation, console: Console) -> None:
    """Print a row a group, what failed and why, and the whole in a line."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("group")
    for title in ("passed", "rate", "planner calls", "p50 ms", "p95 ms", "tokens", "cost"):
        table.add_column(title, justify="right")
    groups = list(dict.fromkeys(result.group for result in evaluation.results))
    for group in groups:
        results = [result for result in evaluation.results if result.group == group]
        table.add_row(group, *_cells(results))
    table.add_row("all", *_cells(evaluation.results), style="bold")
    for result in evaluation.results:
        if not result.passed:
            console.print(f"[bold]✗ {result.group}: {escape(result.name)}[/]", highlight=False)
            for reason in result.reasons:
                console.print(f"    {_printable(reason)}", markup=False, highlight=False)
    console.print(table)


def as_json(evaluation: Evaluation) -> dict[str, Json]:
    """Return the whole: `summary` over all cases, `groups`, and `cases` one by one."""
    groups: dict[str, list[CaseResult]] = {}
    for result in evaluation.results:
        groups.setdefault(result.group, []).append(result)
    return {
        "summary": _summary(evaluation.results),
        "groups": {name: _summary(results) for name, results in groups.items()},
        "cases": [
            {**asdict(result), "passed": result.passed, "reasons": list(result.reasons)}
            for result in evaluation.results
        ],
    }


def _summary(results: Sequence[CaseResult]) -> dict[str, Json]:
    passed = sum(result.passed for result in results)
    usage = sum((result.usage for result in results), Usage())
    p50_ms, p95_ms = _percentiles([result.latency_ms for result in results])
    return {
        "cases": len(results),
        "passed": passed,
        "pass_rate": round(passed / len(results), 4),
        "planner_calls": usage.calls,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cost_usd": usage.cost_usd,
        "latency_ms": {"p50": round(p50_ms, 1), "p95": round(p95_ms, 1)},
    }


def _cells(results: Sequence[CaseResult]) -> list[str]:
    told = _summary(results)
    cost = told["cost_usd"]
    return [
        f"{told['passed']}/{told['cases']}",
        f"{told['pass_rate']:.0%}",
        str(told["planner_calls"]),
        f"{told['latency_ms']['p50']:.0f}",
        f"{told['latency_ms']['p95']:.0f}",
        str(told["input_tokens"] + told["output_tokens"]),
        "price unknown" if cost is None else f"${cost:.4f}",
    ]


def _percentiles(values: Sequence[float]) -> tuple[float, float]:
    if len(values) == 1:
        return values[0], values[0]
    cuts = quantiles(values, n=20, method="inclusive")
    return cuts[9], cuts[18]


def _printable(text: str) -> str:
    """Return the text with control characters spelled out: a model may have written it."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)
