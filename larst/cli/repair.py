"""`larst repair`: repair a damaged session, while no service uses its data root.

Must never lose a file: the repair keeps the originals beside the repaired ones.
"""

from __future__ import annotations

import argparse
import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from larst.cli.arguments import add_command, add_data_root
from larst.cli.output import printable
from larst.cli.progress import working

if TYPE_CHECKING:
    from larst.cli.arguments import Subparsers
    from larst.config import Settings
    from larst.store import DataRoot
    from larst.store.recovery.repair import Repair


def add_arguments(subparsers: Subparsers) -> None:
    """Declare `larst repair`."""
    parser = add_command(
        subparsers,
        "repair",
        "repair a damaged session, while no service uses the data root",
        description="Keep every whole record of a damaged session, and a copy of its files.",
        examples="larst repair shop\nlarst repair @acme/shop --data-root backup",
    )
    # The result is printed: log lines about the same files would repeat it.
    parser.set_defaults(run=run, log_level="critical")
    parser.add_argument("session", metavar="SESSION", help="the session, as `larst check` lists it")
    add_data_root(parser, "--data-root", metavar="DIR")


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Repair the session; return 0 if it is intact afterwards, else 1.

    Raises:
        ConfigError: the directory or the session does not exist.
        DataRootTakenError: a service uses the data root.
        DiskRefusedError: the repair failed; nothing is lost, and it can be repeated.
        OSError: the data root cannot be written.
    """
    from larst.errors import ConfigError
    from larst.store import DataRoot

    path = Path(options.data_root) if options.data_root else settings.data_root
    key = _session_key(options.session)
    if not path.is_dir():
        raise ConfigError(f"no data root at {path}")
    with DataRoot.open_existing(path) as root, working(f"repairing {key}"):
        if not root.has_session(key):
            raise ConfigError(f"no session {key} in {path}")
        return _repair(root, key)


def _session_key(text: str) -> str:
    """Return the key of a session: `shop`, or `@acme/shop` of a tenant.

    Raises:
        BadRequestError: it is not one.
    """
    from larst.domain import TENANT_MARK, TENANT_NAME, Tenant
    from larst.errors import BadRequestError
    from larst.http.client_identity import checked_session_id

    tenant, slash, name = text.rpartition("/")
    if not slash:
        return checked_session_id(text)
    if not tenant.startswith(TENANT_MARK) or not TENANT_NAME.fullmatch(tenant[1:]):
        raise BadRequestError("name a session as shop, or as @acme/shop if it is of a tenant")
    return Tenant(tenant[1:]).key_of(checked_session_id(name))


def _repair(root: DataRoot, key: str) -> int:
    from larst.errors import DiskRefusedError
    from larst.store import DiskFiles
    from larst.store.recovery.inspection import inspect
    from larst.store.recovery.repair import repair

    directory = root.session_directory(key)
    if inspect(directory).problem is None:
        sys.stdout.write(f"{key} is whole: nothing was changed\n")
        return 0
    try:
        result = repair(
            directory, DiskFiles(), lambda: datetime.now(UTC), lambda: secrets.randbits(32)
        )
    except OSError as error:
        raise DiskRefusedError(
            f"{error.strerror or error}; the session is damaged as before, and nothing is lost:"
            " free some space or fix the disk, and repair it again"
        ) from error
    problem = inspect(directory).problem
    _print(result, problem)
    return 0 if problem is None else 1


def _print(result: Repair, problem: str | None) -> None:
    from larst.planning.reading.nouns import counted

    for text in result.report:
        sys.stdout.write(f"{printable(text)}\n")
    sys.stdout.write(f"kept: {counted(result.records) or 'nothing'}\n")
    sys.stdout.write(f"the original files are in {result.originals}\n")
    if problem is not None:
        sys.stdout.write(f"still damaged: {printable(problem)}\n")
