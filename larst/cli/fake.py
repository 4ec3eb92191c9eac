"""`larst fake`: fill a session of a running service with fake records."""

from __future__ import annotations

import argparse
import re
import sys
from typing import TYPE_CHECKING, Any

from larst.cli.arguments import add_command, add_json, add_service_url
from larst.cli.output import print_json
from larst.cli.progress import working
from larst.cli.sessions import own_session, session_path

if TYPE_CHECKING:
    from larst.cli.arguments import Subparsers
    from larst.config import Settings

_COUNT = re.compile(r"(?P<resource>[A-Za-z0-9_-]{1,64})=(?P<count>[0-9]{1,9})")


def add_arguments(subparsers: Subparsers) -> None:
    """Declare `larst fake`."""
    parser = add_command(
        subparsers,
        "fake",
        "fill a session with fake records that link to each other",
        description="Fill resources with fake records. Their fields are those of the records that"
        " the session has; without records, those that the name of the resource suggests.",
        examples="larst fake users=50 posts=200\nlarst fake users=50 posts=200 shop --seed 7\n"
        "larst fake books=20 --fields title,author,price",
    )
    parser.set_defaults(run=run)
    parser.add_argument(
        "words",
        metavar="RESOURCE=COUNT",
        nargs="+",
        help="how many records of which resource; the session may follow",
    )
    parser.add_argument("--seed", type=int, metavar="NUMBER", help="repeat the data of this seed")
    parser.add_argument(
        "--fields", metavar="NAMES", help="the fields of every resource, separated by commas"
    )
    add_json(parser)
    add_service_url(parser)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Make the records, print their numbers and return 0.

    Raises:
        ServiceError: the service cannot be reached, or refuses the request.
        ConfigError: the arguments are not understood.
    """
    from larst.cli.client import TRANSFER_TIMEOUT_S, service_at
    from larst.planning.reading.nouns import counted

    counts, session = _order(options.words)
    service = service_at(options.url, settings)
    session = own_session(service) if session is None else session
    query = "" if options.seed is None else f"?seed={options.seed}"
    with working(f"filling {session}"):
        reply = service.request_json(
            "POST",
            f"{session_path(session)}/fake{query}",
            _body(counts, options.fields),
            timeout_s=TRANSFER_TIMEOUT_S,
        )
    if options.json:
        print_json(reply)
        return 0
    for line in reply.get("warnings", ()):
        sys.stderr.write(f"{line}\n")
    sys.stdout.write(f"{session} has {counted(reply['created'])} more (seed {reply['seed']})\n")
    return 0


def _order(words: list[str]) -> tuple[dict[str, int], str | None]:
    """Return the counts by resource, and the session if one is named.

    Raises:
        ConfigError: a word is neither, or two of them name a session.
    """
    from larst.errors import ConfigError

    counts: dict[str, int] = {}
    sessions = []
    for word in words:
        if match := _COUNT.fullmatch(word):
            counts[match["resource"]] = int(match["count"])
        elif "=" in word:
            raise ConfigError(f"{word} is not understood: write a resource and a number: users=50")
        else:
            sessions.append(word)
    if not counts or len(sessions) > 1:
        raise ConfigError("the order is `larst fake RESOURCE=COUNT … [SESSION]`")
    return counts, next(iter(sessions), None)


def _body(counts: dict[str, int], fields: str | None) -> dict[str, Any]:
    if fields is None:
        return {**counts}
    names = [name.strip() for name in fields.split(",") if name.strip()]
    return {resource: {"count": count, "fields": names} for resource, count in counts.items()}
