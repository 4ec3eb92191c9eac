"""`larst eval`: try the configured planner on a suite of requests with known replies.

Runs its own service on a free port, with an empty temporary data root: it changes no data of
yours, and plans of earlier runs do not help.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from larst.cli.arguments import add_command, add_json
from larst.cli.output import print_json

if TYPE_CHECKING:
    from larst.cli.arguments import Subparsers
    from larst.config import Settings
    from larst.evaluation.runner import CaseResult, SuiteResult
    from larst.evaluation.suite import Case
    from larst.planning import Planner

MAX_RUNS = 100

_GRACE_S = 5
"""How much longer than the service's deadline the evaluation waits for a reply."""


def add_arguments(subparsers: Subparsers) -> None:
    """Declare `larst eval`."""
    parser = add_command(
        subparsers,
        "eval",
        "try the configured planner on a suite of requests, to choose a model",
        description="Try the configured planner on a suite of requests with known replies.",
        examples="larst eval\nlarst eval --only search --json\nlarst eval --suite mine.json\n"
        "larst eval --repeat 3 --json > small.json\nlarst eval --compare small.json large.json\n"
        "larst eval --record answers\nlarst eval --replay answers",
    )
    parser.set_defaults(run=run)
    parser.add_argument("--suite", metavar="FILE", help="a suite of your own, as JSON")
    parser.add_argument("--only", metavar="TEXT", help="cases whose group or name contains TEXT")
    parser.add_argument(
        "--repeat",
        metavar="N",
        type=_runs,
        default=1,
        help=f"run the suite N times, each with an empty plan book (at most {MAX_RUNS})",
    )
    parser.add_argument(
        "--compare",
        metavar="REPORT",
        nargs="+",
        help="compare reports that --json wrote, and run nothing",
    )
    answers = parser.add_mutually_exclusive_group()
    answers.add_argument(
        "--record", metavar="DIR", help="write the answers of the model into a directory"
    )
    answers.add_argument(
        "--replay", metavar="DIR", help="judge recorded answers again, without a call"
    )
    add_json(parser)


def _runs(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_RUNS:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {MAX_RUNS}")
    return int(text)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Run the suite; return 0 if every case passed, else 1.

    Raises:
        ConfigError: the suite or a report cannot be read, or no case matches `--only`.
    """
    from rich.console import Console

    from larst.evaluation.report import as_json, print_table

    if options.compare:
        return _compare(options)
    evaluation = _repeated(settings, _cases(options), options)
    if options.json:
        print_json(as_json(evaluation))
    else:
        print_table(evaluation, Console())
    return 0 if all(result.passed for result in evaluation.results) else 1


def _compare(options: argparse.Namespace) -> int:
    from rich.console import Console

    from larst.evaluation.comparison import compared, print_comparison, read_report

    comparison = compared({name: read_report(Path(name)) for name in options.compare})
    if options.json:
        print_json(comparison)
    else:
        print_comparison(comparison, Console())
    return 0


def _repeated(settings: Settings, cases: list[Case], options: argparse.Namespace) -> SuiteResult:
    """Run the cases several times, each time with a new data root: no run helps the next one."""
    import asyncio
    import tempfile
    from dataclasses import replace

    from larst.evaluation.runner import SuiteResult

    results: list[CaseResult] = []
    for number in range(1, options.repeat + 1):
        with tempfile.TemporaryDirectory(prefix="larst-eval-") as directory:
            isolated = _isolated(settings, Path(directory))
            part = asyncio.run(_evaluate(isolated, cases, options, run=number))
        results += [replace(result, run=number) for result in part.results]
    return SuiteResult(tuple(results))


def _isolated(settings: Settings, data_root: Path) -> Settings:
    """Return the settings with an empty data root, without a token, learning plans."""
    return settings.model_copy(
        update={
            "data_root": data_root,
            "http": settings.http.model_copy(update={"auth_secret": None}),
            "planning": settings.planning.model_copy(update={"mode": "learn"}),
        }
    )


def _cases(options: argparse.Namespace) -> list[Case]:
    from larst.errors import ConfigError
    from larst.evaluation.reading import load_suite

    cases = load_suite(Path(options.suite) if options.suite else None)
    text = options.only or ""
    matching = [case for case in cases if text in f"{case.group} {case.name}"]
    if not matching:
        raise ConfigError(f"no case of the suite has {text!r} in its group or name")
    return matching


def _planner(default: Planner, options: argparse.Namespace, run: int) -> Planner:
    """Return the planner of a run; each run has a directory of recorded answers of its own.

    Raises:
        ConfigError: this run was not recorded.
    """
    from larst.errors import ConfigError
    from larst.evaluation.recording import RecordingPlanner, ReplayPlanner
    from larst.planning import RulesPlanner
    from larst.planning.rules_first import RulesFirstPlanner

    if options.record:
        return RecordingPlanner(default, Path(options.record) / str(run))
    if not options.replay:
        return default
    recording = Path(options.replay) / str(run)
    if not recording.is_dir():
        raise ConfigError(f"{recording} does not exist: record run {run} with --record")
    return RulesFirstPlanner(RulesPlanner(), ReplayPlanner(recording))


async def _evaluate(
    settings: Settings, cases: list[Case], options: argparse.Namespace, *, run: int
) -> SuiteResult:
    from aiohttp import web
    from rich.console import Console

    from larst.evaluation.meter import MeteredPlanner
    from larst.evaluation.report import progress_bar
    from larst.evaluation.runner import run_suite
    from larst.http.app import default_components, make_app
    from larst.http.components import Components

    defaults = default_components(settings)
    planner = MeteredPlanner(_planner(defaults.planner, options, run))
    app = make_app(settings, Components(planner, defaults.sandbox))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        # The progress bar goes to stderr, so that stdout can be piped.
        with progress_bar(Console(stderr=True), len(cases)) as on_case:
            return await run_suite(
                f"http://127.0.0.1:{runner.addresses[0][1]}",
                cases,
                on_case=on_case,
                usage=planner.usage,
                repairs=planner.repairs,
                timeout_s=settings.http.request_timeout_s + _GRACE_S,
            )
    finally:
        await runner.cleanup()
