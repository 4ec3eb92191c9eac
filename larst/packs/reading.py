"""Reads packs, which come from anywhere: names, sizes and programs are checked before use."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import Any

import orjson
from pydantic import ValidationError

from larst.errors import BadRequestError, ProgramRefusedError
from larst.packs.pack import FAULTS, HEAD, PLANS, SESSION, VERSION, Pack
from larst.planning.book import BookEntry
from larst.planning.planner import Maker
from larst.policy import PolicyLimits, check

MAX_PLANS = 10_000
MAX_PLAN_BYTES = 1024**2
MAX_HEAD_BYTES = 64 * 1024
MAX_FAULTS_BYTES = 8 * 1024**2

_MAGIC = b"PK\x03\x04"
_PLAN = re.compile(rf"{PLANS}(?P<key>[0-9a-f]{{64}})\.json")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1


def is_pack(raw: bytes) -> bool:
    """Return whether a file is an archive, and so must be a pack."""
    return raw.startswith(_MAGIC)


def read_pack(raw: bytes, *, max_bytes: int) -> Pack:
    """Return the contents of a pack; unpacked, it may have `max_bytes`.

    Raises:
        BadRequestError: it is damaged, is not a pack, is too large, or the policy refuses a
            program in it.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            members = _members(archive, max_bytes)
            head = _head(_content(archive, members, HEAD))
            export = _content(archive, members, SESSION)
            faults = orjson.loads(archive.read(FAULTS)) if FAULTS in members else None
            plans = tuple(
                _plan(name, archive.read(member))
                for name, member in sorted(members.items())
                if name.startswith(PLANS)
            )
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise BadRequestError(f"the pack is damaged: {str(error)[:200]}") from error
    maker = Maker(head["planner"], head.get("model"), head["planner_version"])
    return Pack(head["session"], export, plans, maker, faults)


def _members(archive: zipfile.ZipFile, max_bytes: int) -> dict[str, zipfile.ZipInfo]:
    """Return the members by name, after a look at names and announced sizes.

    Python reads no more of a member than it announces, so that the sum is a limit.
    """
    infos = archive.infolist()
    if len(infos) > MAX_PLANS + 3:
        raise BadRequestError(f"the pack has {len(infos)} files; {MAX_PLANS + 3} are allowed")
    total = sum(info.file_size for info in infos)
    if total > max_bytes:
        raise BadRequestError(
            f"unpacked, the pack has {total} bytes; {max_bytes} are allowed (LARS_MAX_IMPORT_BYTES)"
        )
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        _check_member(info)
        if info.filename in members:
            raise BadRequestError(f"the pack has {info.filename} twice")
        members[info.filename] = info
    return members


def _check_member(info: zipfile.ZipInfo) -> None:
    name = info.filename
    limits = {HEAD: MAX_HEAD_BYTES, FAULTS: MAX_FAULTS_BYTES, SESSION: info.file_size}
    limit = limits.get(name, MAX_PLAN_BYTES if _PLAN.fullmatch(name) else -1)
    if limit < 0:
        raise BadRequestError(
            f"{name[:100]!r} is not a file of a pack: {HEAD}, {SESSION}, {FAULTS} and"
            f" {PLANS}<key>.json are"
        )
    if info.file_size > limit:
        raise BadRequestError(f"{name} has {info.file_size} bytes; {limit} are allowed")
    if info.flag_bits & _ENCRYPTED or info.compress_type not in _METHODS:
        raise BadRequestError(f"{name} is encrypted, or compressed in a way that packs do not use")


def _content(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], name: str) -> bytes:
    if (member := members.get(name)) is None:
        raise BadRequestError(f"the file is not a pack of LARST: it has no {name}")
    return archive.read(member)


def _head(content: bytes) -> dict[str, Any]:
    head = orjson.loads(content)
    if not isinstance(head, dict) or head.get("larst") != "pack":
        raise BadRequestError(f"the file is not a pack of LARST: its {HEAD} says something else")
    if head.get("version") != VERSION:
        raise BadRequestError(
            f"the pack is of version {head.get('version')!r:.40}; this LARST reads version"
            f" {VERSION}: upgrade it, or pack the session again"
        )
    texts = [head.get(name) for name in ("session", "planner", "planner_version")]
    if not all(isinstance(text, str) for text in [*texts, head.get("model") or ""]):
        raise BadRequestError(f"the {HEAD} of the pack is not as LARST writes it")
    return head


def _plan(name: str, content: bytes) -> BookEntry:
    try:
        entry = BookEntry.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise BadRequestError(f"{name} is not a plan: {first['msg']}") from error
    if name != f"{PLANS}{entry.key}.json" or entry.state != "pinned":
        raise BadRequestError(f"{name} is not a pinned plan of this key")
    try:
        check(entry.plan.code.block, PolicyLimits())
    except ProgramRefusedError as error:
        raise BadRequestError(
            f"the policy refuses the program of {name}: {error.detail}"
        ) from error
    return entry
