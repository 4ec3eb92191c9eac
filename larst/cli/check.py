"""`larst check`: verify every session of a data root that nothing serves at the moment.

Looks only: what is damaged is told, and left as it is. Works on a read-only copy as well.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from larst.cli.client import print_json, printable
from larst.config import Settings
from larst.errors import ConfigError
from larst.store import DataRoot
from larst.store.recovery.inspection import Inspection, inspect


def run(options: Namespace, settings: Settings) -> int:
    """Check the sessions; return 0 if all are whole, else 1.

    Raises:
        ConfigError: there is no such directory.
        DataRootTakenError: a service has it.
        OSError: it cannot be read.
    """
    path = Path(options.data_root) if options.data_root else settings.data_root
    if not path.is_dir():
        raise ConfigError(f"there is no data root {path}")
    with DataRoot.look(path) as root:
        found = [inspect(root.session_directory(one)) for one in root.session_ids()]
    if options.json:
        print_json([_told(one) for one in found])
    else:
        _print(found)
    return 1 if any(one.problem for one in found) else 0


def _print(found: list[Inspection]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("session", "state"):
        table.add_column(title, overflow="fold")
    for title in ("resources", "records", "bytes"):
        table.add_column(title, justify="right")
    for one in found:
        records = str(sum(one.records.values()))
        state = "damaged" if one.problem else "whole"
        table.add_row(one.session_id, state, str(len(one.records)), records, str(one.size_bytes))
    Console().print(table)
    for one in found:
        for text in (one.problem, *one.remarks):
            if text:
                sys.stdout.write(f"{one.session_id}: {printable(text)}\n")
    if any(one.problem for one in found):
        sys.stdout.write("`larst repair SESSION` keeps what is whole, and the files as they were\n")


def _told(one: Inspection) -> dict[str, object]:
    return {
        "id": one.session_id,
        "state": "damaged" if one.problem else "whole",
        "problem": one.problem,
        "remarks": list(one.remarks),
        "resources": one.records,
        "size_bytes": one.size_bytes,
    }
