"""`larst check`: verify every session of a data root that is not being served.

Reads only, so it also works on a read-only copy. Must never change a file.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from larst.cli.arguments import add_command, add_data_root, add_json
from larst.cli.output import print_json, print_table, printable
from larst.cli.progress import working

if TYPE_CHECKING:
    from larst.cli.arguments import Subparsers
    from larst.config import Settings
    from larst.store.recovery.inspection import Inspection


def add_arguments(subparsers: Subparsers) -> None:
    """Declare `larst check`."""
    parser = add_command(
        subparsers,
        "check",
        "verify every session of a data root, while no service uses it",
        examples="larst check\nlarst check backup --json",
    )
    # The findings are printed: log lines about the same files would repeat them.
    parser.set_defaults(run=run, log_level="critical")
    add_data_root(parser, "data_root", metavar="DATA_ROOT")
    add_json(parser)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Check the sessions; return 0 if all are intact, else 1.

    Raises:
        ConfigError: the directory does not exist.
        DataRootTakenError: a service uses it.
        OSError: it cannot be read.
    """
    from larst.errors import ConfigError
    from larst.store import DataRoot
    from larst.store.recovery.inspection import inspect

    path = Path(options.data_root) if options.data_root else settings.data_root
    if not path.is_dir():
        raise ConfigError(f"no data root at {path}")
    with DataRoot.open_read_only(path) as root:
        keys, inspections = root.session_keys(), {}
        with working("checking sessions", len(keys)) as advance:
            for key in keys:
                inspections[key] = inspect(root.session_directory(key))
                advance(1)
    if options.json:
        print_json([_as_json(key, inspection) for key, inspection in inspections.items()])
    else:
        _print(inspections)
    return 1 if any(inspection.problem for inspection in inspections.values()) else 0


def _print(inspections: dict[str, Inspection]) -> None:
    rows = [_row(key, inspection) for key, inspection in inspections.items()]
    print_table(("session", "state"), ("resources", "records", "bytes"), rows)
    for key, inspection in inspections.items():
        for text in (inspection.problem, *inspection.remarks):
            if text:
                sys.stdout.write(f"{key}: {printable(text)}\n")
    if any(inspection.problem for inspection in inspections.values()):
        sys.stdout.write(
            "`larst repair SESSION` keeps every whole record, and a copy of the files\n"
        )


def _row(key: str, inspection: Inspection) -> tuple[str, ...]:
    return (
        key,
        _state(inspection),
        str(len(inspection.records)),
        str(sum(inspection.records.values())),
        str(inspection.size_bytes),
    )


def _as_json(key: str, inspection: Inspection) -> dict[str, object]:
    return {
        "id": key,
        "state": _state(inspection),
        "problem": inspection.problem,
        "remarks": list(inspection.remarks),
        "resources": inspection.records,
        "size_bytes": inspection.size_bytes,
    }


def _state(inspection: Inspection) -> str:
    return "damaged" if inspection.problem else "whole"
