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
    from larst.evaluation.runner import SuiteResult
    from larst.evaluation.suite import Case

_GRACE_S = 5
"""How much longer than the service's deadline the evaluation waits for a reply."""


def add_arguments(subparsers: Subparsers) -> None:
    """Declare `larst eval`."""
    parser = add_command(
        subparsers,
        "eval",
        "try the configured planner on a suite of requests, to choose a model",
        description="Try the configured planner on a suite of requests with known replies.",
        examples="larst eval\nlarst eval --only search --json\nlarst eval --suite mine.json",
    )
    parser.set_defaults(run=run)
    parser.add_argument("--suite", metavar="FILE", help="a suite of your own, as JSON")
    parser.add_argument("--only", metavar="TEXT", help="cases whose group or name contains TEXT")
    add_json(parser)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Run the suite; return 0 if every case passed, else 1.

    Raises:
        ConfigError: the suite cannot be read, or no case matches `--only`.
    """
    import asyncio
    import tempfile

    from rich.console import Console

    from larst.evaluation.report import as_json, print_table

    cases = _cases(options)
    with tempfile.TemporaryDirectory(prefix="larst-eval-") as directory:
        evaluation = asyncio.run(_evaluate(_isolated(settings, Path(directory)), cases))
    if options.json:
        print_json(as_json(evaluation))
    else:
        print_table(evaluation, Console())
    return 0 if all(result.passed for result in evaluation.results) else 1


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
    from larst.evaluation.suite import load_suite

    cases = load_suite(Path(options.suite) if options.suite else None)
    text = options.only or ""
    matching = [case for case in cases if text in f"{case.group} {case.name}"]
    if not matching:
        raise ConfigError(f"no case of the suite has {text!r} in its group or name")
    return matching


async def _evaluate(settings: Settings, cases: list[Case]) -> SuiteResult:
    from aiohttp import web
    from rich.console import Console

    from larst.evaluation.meter import MeteredPlanner
    from larst.evaluation.report import progress_bar
    from larst.evaluation.runner import run_suite
    from larst.http.app import default_components, make_app
    from larst.http.components import Components

    defaults = default_components(settings)
    planner = MeteredPlanner(defaults.planner)
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
                timeout_s=settings.http.request_timeout_s + _GRACE_S,
            )
    finally:
        await runner.cleanup()
