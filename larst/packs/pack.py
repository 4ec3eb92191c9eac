"""The file of a pack: a ZIP archive whose bytes depend on the contents only.

::

    pack.json            {"larst":"pack","version":1,"session":"shop","planner":"openai",…}
    plans/<key>.json     a plan of the plan book, pinned, without its history
    faults.json          its faults on demand, if it has any: {"seed":7,"rules":[…]}
    session.ndjson       an export of the session, with its settings in the first line
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import orjson

from larst.domain import Json, SessionKey
from larst.planning.book import BookEntry
from larst.planning.planner import Maker
from larst.store import StoredSettings
from larst.store.collection import Collection
from larst.store.transfer.exporting import export_lines

PACK_SUFFIX = ".larst"
VERSION = 1
HEAD, SESSION, PLANS, FAULTS = "pack.json", "session.ndjson", "plans/", "faults.json"

_SERVING = ("learned", "pinned")
_FIRST_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest that an archive can hold: a pack does not depend on its time."""

_UNIX = 3


@dataclass(frozen=True, slots=True)
class Pack:
    """A session by name, as an export with its settings, and its plans.

    `maker` is the planner of the service that packed it. `faults` are those on demand, as the
    control API takes them; nothing has checked them.
    """

    session: str
    export: bytes
    plans: tuple[BookEntry, ...]
    maker: Maker
    faults: Json = None


def packed_plans(entries: Iterable[BookEntry], session: SessionKey) -> tuple[BookEntry, ...]:
    """Return the plans that a pack of the session has: those that served it, and pinned ones.

    A plan that holds values of one request is packed only if no other session used it.
    """
    chosen: dict[str, BookEntry] = {}
    for entry in entries:
        is_exact = entry.condition is not None and entry.condition.exact is not None
        is_own = session in entry.sessions or (entry.state == "pinned" and not is_exact)
        if entry.state in _SERVING and is_own and (not is_exact or {*entry.sessions} == {session}):
            history = {"uses": 0, "last_used_at": None, "sessions": (), "reason": None}
            chosen[entry.key] = entry.model_copy(update={**history, "state": "pinned"})
    return tuple(chosen[key] for key in sorted(chosen))


def write_pack(
    session: str,
    resources: Mapping[str, Collection],
    settings: StoredSettings,
    plans: Iterable[BookEntry],
    maker: Maker,
    faults: Json = None,
) -> bytes:
    """Return the bytes of a pack."""
    head = {
        "larst": "pack",
        "version": VERSION,
        "session": session,
        "planner": maker.planner,
        "model": maker.model,
        "planner_version": maker.version,
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(_member(HEAD), orjson.dumps(head, option=orjson.OPT_APPEND_NEWLINE))
        for entry in plans:
            archive.writestr(_member(f"{PLANS}{entry.key}.json"), entry.model_dump_json(indent=2))
        if faults is not None:
            archive.writestr(_member(FAULTS), orjson.dumps(faults))
        with archive.open(_member(SESSION), "w", force_zip64=True) as file:
            for chunk in export_lines(resources, settings):
                file.write(chunk)
    return target.getvalue()


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _FIRST_DATE)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.create_system, member.external_attr = _UNIX, 0o600 << 16
    return member
