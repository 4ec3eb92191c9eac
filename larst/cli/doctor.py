"""`larst doctor`: call the configured model once, and report in a sentence how it did.

The call costs what one plan costs. Needs no running service, and touches no data.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from larst.cli.arguments import add_json
from larst.cli.output import print_json, write_line

if TYPE_CHECKING:
    from larst.cli.arguments import Subparsers
    from larst.config import Settings
    from larst.planning.models.examination import Examination

TIMEOUT_S = 300.0
"""How long the model may take here, whatever LARS_LLM_TIMEOUT_S says: the answer is what to set."""

NO_MODEL = (
    "No model is configured: the built-in rules plan alone. Set OPENAI_API_KEY, ANTHROPIC_API_KEY,"
    " or LARS_LLM_BASE_URL and LARS_MODEL."
)


def add_arguments(subparsers: Subparsers) -> None:
    """Declare `larst doctor`."""
    parser = subparsers.add_parser(
        "doctor",
        help="call the configured model once, and report problems",
        description="Call the configured model once; report the problem, or that it works.",
    )
    parser.set_defaults(run=run)
    add_json(parser)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Print the findings; return 0 if the model works, else 1.

    Raises:
        ConfigError: the settings contradict each other.
    """
    import asyncio
    from dataclasses import asdict

    examination = asyncio.run(_examine(settings))
    if examination is None:
        if options.json:
            print_json(None)
        else:
            write_line(sys.stdout, NO_MODEL)
        return 0
    if options.json:
        print_json(asdict(examination))
    else:
        write_line(sys.stdout, examination.sentence)
        for advice in _advice(examination, settings):
            write_line(sys.stdout, advice)
    return 0 if examination.problem is None else 1


async def _examine(settings: Settings) -> Examination | None:
    from larst.errors import ProgramRefusedError
    from larst.planning.factory import make_model
    from larst.planning.models.examination import examine
    from larst.policy import PolicyLimits, check

    def checked(block: str) -> None:
        try:
            check(block, PolicyLimits(code_bytes=settings.planning.max_code_bytes))
        except ProgramRefusedError as error:
            raise ValueError(error.detail) from error

    model = make_model(settings)
    if model is None:
        return None
    try:
        return await examine(model, settings.models.base_url, checked, timeout_s=TIMEOUT_S)
    finally:
        await model.close()


def _advice(examination: Examination, settings: Settings) -> list[str]:
    """Return what to set so that a slow model is waited for."""
    elapsed_s = examination.elapsed_s
    if examination.problem is not None:
        return []
    advice = []
    limit_s = settings.models.timeout_s
    if limit_s is not None and limit_s < 2 * elapsed_s:
        advice.append(f"LARS_LLM_TIMEOUT_S={limit_s:g} is short for it: unset it.")
    if settings.http.request_timeout_s < 3 * elapsed_s:
        advice.append(
            f"A request may need several calls: set LARS_REQUEST_TIMEOUT_S to {6 * elapsed_s:.0f}."
        )
    return advice
