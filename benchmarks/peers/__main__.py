"""Measure LARST beside servers of the same purpose, under the same load.

    python -m benchmarks.peers [--quick] [--only larst,json-server-1] [--loads get,post]

Installs the peers once, in a cache. A peer that cannot be installed is skipped. Writes a JSON
document beside the tables; `--write-docs` turns that document into the figures of the docs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.peers import docs_page, report
from benchmarks.peers.alone import QUICK, Bench, Sizes, measure_alone
from benchmarks.peers.comparison import Plan, compare
from benchmarks.peers.goals import judge
from benchmarks.peers.installation import Cache
from benchmarks.peers.isolation import measure_isolation
from benchmarks.peers.loads import LOADS
from benchmarks.peers.machine import OtherWork, machine_facts, versions
from benchmarks.peers.measuring import CONNECTIONS, Span
from benchmarks.peers.planned import measure_planned
from benchmarks.peers.report import Report
from benchmarks.peers.table import extras_table, goals_table, loads_table
from benchmarks.peers.targets import TARGETS

RESULTS = Path(__file__).parents[1] / "results"
_QUICK = {"seconds": 1.0, "rounds": 1}
_FULL = {"seconds": 5.0, "rounds": 3}


def _names(known: Sequence[str]) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        chosen = text.split(",")
        if unknown := sorted({*chosen} - {*known}):
            raise argparse.ArgumentTypeError(f"unknown: {unknown}; known are {', '.join(known)}")
        return [name for name in known if name in chosen]

    return parse


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers", description=(__doc__ or "").partition("\n")[0]
    )
    add = parser.add_argument
    add("--quick", action="store_true", help="under three minutes: one short round, small extras")
    add(
        "--only",
        type=_names(list(TARGETS)),
        default=list(TARGETS),
        metavar="NAME,…",
        help=f"only these servers: {', '.join(TARGETS)}",
    )
    add(
        "--loads",
        type=_names(list(LOADS)),
        default=list(LOADS),
        metavar="NAME,…",
        help=f"only these loads: {', '.join(LOADS)}",
    )
    add("--rounds", type=int, help="the median of so many rounds counts (3)")
    add("--seconds", type=float, help="the time of each load (5)")
    add("--records", type=int, default=1000, help="records in every server (1000)")
    add(
        "--extras",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="LARST alone: many records and sessions, waking, planning, isolation",
    )
    add(
        "--workdir",
        type=Path,
        default=Path(tempfile.gettempdir()),
        metavar="DIR",
        help="where data lie, such as a tmpfs",
    )
    add(
        "--cache",
        type=Path,
        default=Path.home() / ".cache" / "larst-peers",
        metavar="DIR",
        help="where the peers are installed",
    )
    add(
        "--json",
        type=Path,
        metavar="FILE",
        help="the document of results (peers.json, or peers-partial.json, in benchmarks/results)",
    )
    add(
        "--write-docs",
        action="store_true",
        help="measure nothing: write the document into the docs",
    )
    return parser


def _progress() -> Callable[[str], None]:
    """Return a function that prints a line with the time since the start."""
    start_s = time.monotonic()

    def inform(line: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - start_s), 60)
        sys.stderr.write(f"{minutes:2}:{seconds:02}  {line}\n")

    return inform


def _document(options: argparse.Namespace) -> Path:
    if options.json:
        return Path(options.json)
    is_whole = [*options.only, *options.loads] == [*TARGETS, *LOADS] and options.extras
    is_partial = not options.write_docs and (options.quick or not is_whole)
    return RESULTS / ("peers-partial.json" if is_partial else "peers.json")


def _measure(options: argparse.Namespace) -> Report:
    defaults = _QUICK if options.quick else _FULL
    rounds, seconds = options.rounds or defaults["rounds"], options.seconds or defaults["seconds"]
    span = Span(seconds, 0.3 if options.quick else 1.0)
    sizes = QUICK if options.quick else Sizes()
    bench = Bench(options.workdir, span, sizes, _progress())
    facts, other_work = machine_facts(), OtherWork()
    plan = Plan(options.only, options.loads, int(rounds), options.records)
    servers = compare(plan, Cache(options.cache), bench)
    extras = []
    if options.extras and "larst" in options.only:
        bench.inform("LARST alone")
        extras = [*measure_alone(bench), *measure_planned(bench), *measure_isolation(bench)]
    facts["other_cores"] = other_work.cores()
    settings = {
        "records": options.records,
        "connections": CONNECTIONS,
        "rounds": int(rounds),
        "seconds": seconds,
    }
    return Report(facts, versions(), settings, servers, extras)


def _print(results: Report) -> None:
    tables = [loads_table(results), extras_table(results), goals_table(judge(results))]
    texts = [table.as_text() for table in tables if table.rows]
    texts += [
        f"{server.title} skipped: {server.skipped}"
        for server in results.servers.values()
        if server.skipped
    ]
    texts += [f"other work kept {results.machine['other_cores']} cores busy"]
    sys.stdout.write("\n" + "\n\n".join(texts) + "\n")


def main() -> int:
    """Measure, print and write, as the command line says; return 1 without figures of LARST."""
    options = _parser().parse_args()
    document, failed = _document(options), False
    if options.write_docs:
        paths = docs_page.write_docs(report.read(document))
    else:
        options.workdir.mkdir(parents=True, exist_ok=True)
        results = _measure(options)
        _print(results)
        report.write(results, document)
        paths = [document]
        failed = "larst" in options.only and bool(results.servers["larst"].skipped)
    sys.stdout.write("".join(f"written: {path}\n" for path in paths))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
