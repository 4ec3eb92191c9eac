"""Version 1 of the journal, as LARST 0.1 wrote it: it records the last id given out. Pure.

::

    version 1                                      version 2
    -----------------------------------------      --------------------------------
    {"auto_id":8} in a meta file                   {"auto_id":9}
    "auto_id":8 in a change                        "next_id":9
    frames begin {"tx":… or {"next":…              frames begin {"salt":…

A version-1 journal stays one until the next checkpoint replaces it, and new frames are appended in
its own format. That checkpoint's line is `{"next":{},"upgrade":{…}}`: the meta files it names hold
the next id, all others beside this journal hold the last. LARST 0.1 does not know the files of such
a line, so it refuses them instead of misreading their ids.

A checkpoint during which transactions were written has a `files` line instead, in both versions;
its meta files hold the next id, too.

A meta file cannot match both kinds of line. The next id is above every id given out before, so its
digest differs from those of all earlier meta files of that resource.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Line = Mapping[str, Any]
"""A line of the journal: a transaction or a checkpoint, as drawn in `journal_format.py`."""


def from_v1(line: Line) -> Line:
    """Return a line of either version as version 2 has it."""
    if "upgrade" in line:
        return {"next": line["upgrade"]}
    if "resources" not in line:
        return line
    resources = {
        name: change if "next_id" in change else _replace_id(change, "auto_id", "next_id", 1)
        for name, change in line["resources"].items()
    }
    return {**line, "resources": resources}


def to_v1(line: Line) -> Line:
    """Return a line of version 2 as it is appended to a version-1 journal."""
    if "files" in line:
        return line
    if "next" in line:
        return {"next": {}, "upgrade": line["next"]}
    resources = {
        name: _replace_id(change, "next_id", "auto_id", -1)
        for name, change in line["resources"].items()
    }
    return {**line, "resources": resources}


def upgraded_files(lines: Iterable[Line]) -> frozenset[tuple[str, str]]:
    """Return the files that upgrading checkpoints wrote, as (name, digest)."""
    return frozenset(
        file for line in lines for key in ("upgrade", "files") for file in line.get(key, {}).items()
    )


def _replace_id(change: Mapping[str, Any], old: str, new: str, difference: int) -> dict[str, Any]:
    entries = {name: value for name, value in change.items() if name != old}
    return {**entries, new: change[old] + difference}
