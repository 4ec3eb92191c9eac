"""`larst imagine`: a language model proposes a backend; it is kept in a session after a yes."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from larst.cli.arguments import add_command, add_json, add_service_url, add_session
from larst.cli.confirm import confirm
from larst.cli.output import print_json, print_table
from larst.cli.progress import working
from larst.cli.sessions import own_session, session_path

if TYPE_CHECKING:
    from larst.cli.arguments import Subparsers
    from larst.cli.client import Service
    from larst.config import Settings
    from larst.imagine import Imagined, Proposal
    from larst.planning.models import LanguageModel

TIMEOUT_S = 180.0
"""For an answer of thousands of tokens, unless LARS_LLM_TIMEOUT_S says less or more."""

_SHOWN_ROWS = 3


def add_arguments(subparsers: Subparsers) -> None:
    """Declare `larst imagine`."""
    parser = add_command(
        subparsers,
        "imagine",
        "have a language model propose a backend, and keep it after a yes",
        description="Have the configured language model propose resources, relations and records"
        " for a description. They are shown, and kept in a session only after a yes.",
        examples='larst imagine "a book shop with orders and reviews"\n'
        'larst imagine "a book shop with orders and reviews" shop --yes\n'
        'larst imagine "a book shop with orders and reviews" --output shop.ndjson',
    )
    parser.set_defaults(run=run)
    parser.add_argument("description", metavar="DESCRIPTION", help="what the backend is for")
    add_session(parser)
    parser.add_argument(
        "--replace", action="store_true", help="replace the data that the session has"
    )
    parser.add_argument("--yes", action="store_true", help="keep the proposal without asking")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="write a file for `larst import` and `larst serve` instead, and ask nothing",
    )
    add_json(parser)
    add_service_url(parser)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Show the proposal, and keep it after a yes; return 0.

    Raises:
        ConfigError: no language model is configured, or the question needs a terminal.
        LarstError: the model gave no proposal.
        DeclinedError: the answer is not yes.
        ServiceError: the service cannot be reached, or refuses the data.
        OSError: the file cannot be written.
    """
    from larst.cli.client import service_at

    model = _model(settings)
    imagined = _imagined(options.description, model, settings)
    _show(imagined.proposal, options)
    _show_usage(imagined, model, settings)
    if options.output is not None:
        options.output.write_bytes(_export(imagined.proposal))
        sys.stderr.write(f"written: larst import {options.output}\n")
        return 0
    session = options.session or "a session"
    confirm(f"Keep this in {session}?", options, unchanged="nothing was kept")
    service = service_at(options.url, settings)
    session = own_session(service) if options.session is None else options.session
    _keep(imagined.proposal, service, session, replaces=options.replace)
    return 0


def _model(settings: Settings) -> LanguageModel:
    from larst.errors import ConfigError
    from larst.planning.factory import make_model

    model = make_model(settings)
    if model is None:
        raise ConfigError(
            "imagining needs a language model: set OPENAI_API_KEY or ANTHROPIC_API_KEY, or"
            " LARS_LLM_BASE_URL and LARS_MODEL for a server of your own; `larst fake` makes"
            " records without one"
        )
    return model


def _imagined(description: str, model: LanguageModel, settings: Settings) -> Imagined:
    import asyncio

    from larst.imagine import imagine
    from larst.planning.factory import model_calls

    calls = model_calls(model, settings.models)
    if settings.models.timeout_s is None:
        calls.timeout_s = max(calls.timeout_s, TIMEOUT_S)

    async def ask() -> Imagined:
        try:
            return await imagine(description, calls.complete, attempts=settings.planning.attempts)
        finally:
            await model.close()

    with working(f"asking {model.model or model.provider}"):
        return asyncio.run(ask())


def _show(proposal: Proposal, options: argparse.Namespace) -> None:
    if options.json:
        print_json({"resources": proposal.as_json()})
        return
    fields = (
        (resource.name, field.name, field.type, _rules(field))
        for resource in proposal.resources
        for field in resource.fields
    )
    print_table(("resource", "field", "type", "rules"), (), fields)
    for resource in proposal.resources:
        count = len(resource.records)
        sys.stdout.write(f"\n{resource.name}: {count} record{'' if count == 1 else 's'}\n")
        names = ("id", *(field.name for field in resource.fields))
        rows = [[_text(record[name]) for name in names] for record in resource.records]
        print_table(names, (), rows[:_SHOWN_ROWS])
    sys.stdout.flush()


def _rules(field: Any) -> str:
    rules = {
        "required": field.is_required,
        "unique": field.is_unique,
        f"id of {field.links_to}": field.links_to is not None,
    }
    return ", ".join(name for name, applies in rules.items() if applies)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _show_usage(imagined: Imagined, model: LanguageModel, settings: Settings) -> None:
    from larst.planning.models.costs import cost_usd
    from larst.prices import PRICES

    tokens = imagined.tokens
    cost = cost_usd(model.model, tokens, {**PRICES, **settings.models.prices})
    price = "" if not cost else f", ${cost:.4f}"
    used = f"{tokens.input} tokens in, {tokens.output} out"
    sys.stderr.write(f"{model.model or model.provider}: {used}{price}\n")


def _export(proposal: Proposal) -> bytes:
    from datetime import UTC, datetime

    from larst.imagine import export_of

    return export_of(proposal, datetime.now(UTC))


def _keep(proposal: Proposal, service: Service, session: str, *, replaces: bool) -> None:
    from larst.cli.client import TRANSFER_TIMEOUT_S
    from larst.planning.reading.nouns import counted

    path = f"{session_path(session)}/import{'?replace=true' if replaces else ''}"
    with service.open("POST", path, _export(proposal), timeout_s=TRANSFER_TIMEOUT_S) as reply:
        imported = reply.json()["imported"]
    sys.stderr.write(f"{session} has {counted(imported)}\n")
