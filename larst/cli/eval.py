"""`larst eval`: try the configured planner on a suite of requests with known outcomes.

Runs a service of its own, on a free port and an empty data root that is gone afterwards: nothing
of the user's is touched, and no plan made before helps.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from argparse import Namespace
from pathlib import Path

from aiohttp import web
from rich.console import Console

from larst.config import Settings
from larst.errors import ConfigError
from larst.evaluation.meter import MeteredPlanner
from larst.evaluation.report import as_json, print_table, progress
from larst.evaluation.runner import Evaluation, evaluate
from larst.evaluation.suite import Case, load_suite
from larst.http.app import default_components, make_app
from larst.http.components import Components


def run(options: Namespace, settings: Settings) -> int:
    """Run the suite; return 0 if every case passed, else 1.

    Raises:
        ConfigError: the suite cannot be read, or has no such case.
    """
    cases = _cases(options)
    with tempfile.TemporaryDirectory(prefix="larst-eval-") as folder:
        own = settings.model_copy(
            update={
                "data_root": Path(folder),
                "http": settings.http.model_copy(update={"auth_secret": None}),
                "planning": settings.planning.model_copy(update={"mode": "learn"}),
            }
        )
        evaluation = asyncio.run(_evaluate(own, cases))
    if options.json:
        sys.stdout.write(json.dumps(as_json(evaluation), indent=2, ensure_ascii=False) + "\n")
    else:
        print_table(evaluation, Console())
    return 0 if all(result.passed for result in evaluation.results) else 1


def _cases(options: Namespace) -> list[Case]:
    cases = load_suite(Path(options.suite) if options.suite else None)
    wanted = options.only or ""
    found = [case for case in cases if wanted in f"{case.group} {case.name}"]
    if not found:
        raise ConfigError(f"no case of the suite has {wanted!r} in its group or name")
    return found


async def _evaluate(settings: Settings, cases: list[Case]) -> Evaluation:
    parts = default_components(settings)
    metered = MeteredPlanner(parts.planner)
    runner = web.AppRunner(make_app(settings, Components(metered, parts.sandbox)), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        # On stderr, so that what is printed on stdout can be piped.
        with progress(Console(stderr=True), len(cases)) as on_case:
            return await evaluate(
                url,
                cases,
                on_case=on_case,
                usage=metered.usage,
                timeout_s=settings.http.request_timeout_s + 5,
            )
    finally:
        await runner.cleanup()
