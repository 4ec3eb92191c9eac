"""Packs have the same bytes for the same contents; hostile ones are refused."""

from __future__ import annotations

import contextlib
import io
import json
import struct
import zipfile
from collections.abc import Mapping

import pytest

from larst.errors import BadRequestError
from larst.packs import is_pack, packed_plans, read_pack, write_pack
from larst.packs.pack import HEAD, SESSION
from larst.planning.book import BookEntry
from larst.planning.planner import Maker
from larst.planning.reuse.conditions import Condition
from larst.store import StoredSettings
from larst.store.collection import Collection
from tests.planning.book.helpers import entry

MAKER = Maker("openai", "small", "3")
MAX_BYTES = 1_000_000


def plan(number: int, block: str = "REPLY = make_response(200, 1)", **changes: object) -> BookEntry:
    first = entry(number)
    code = first.plan.code.model_copy(update={"block": block})
    return first.model_copy(
        update={"plan": first.plan.model_copy(update={"code": code}), **changes}
    )


def pack(*plans: BookEntry) -> bytes:
    users = Collection(records={"1": {"id": 1, "name": "Ann"}}, next_id=2)
    return write_pack(
        "shop",
        {"users": users},
        StoredSettings(dialect="drf"),
        packed_plans(plans, "shop"),
        MAKER,
    )


def archive(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return target.getvalue()


def members() -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(pack(plan(1, sessions=("shop",))))) as file:
        return {name: file.read(name) for name in file.namelist()}


class TestContents:
    def test_a_pack_is_read_as_it_was_written(self) -> None:
        raw = pack(plan(1, sessions=("shop", "other"), uses=7))

        contents = read_pack(raw, max_bytes=MAX_BYTES)

        assert is_pack(raw)
        assert (contents.session, contents.maker) == ("shop", MAKER)
        assert b'"name":"Ann"' in contents.export
        assert b'"dialect":"drf"' in contents.export
        assert [(item.state, item.uses, item.sessions) for item in contents.plans] == [
            ("pinned", 0, ())
        ]

    def test_faults_on_demand_are_packed(self) -> None:
        faults = {"seed": 7, "rules": [{"path": "/orders", "status": 503}]}
        raw = write_pack("shop", {}, StoredSettings(), (), MAKER, faults)

        assert read_pack(raw, max_bytes=MAX_BYTES).faults == faults
        assert read_pack(pack(), max_bytes=MAX_BYTES).faults is None

    def test_the_bytes_depend_on_the_contents_only(self) -> None:
        """Not on the time, nor on how often a plan was used, nor on the order of plans."""
        first, second = plan(1, sessions=("shop",)), plan(2, state="pinned")
        used = first.model_copy(update={"uses": 9, "last_used_at": "2026-01-01T00:00:00+00:00"})

        assert pack(first, second) == pack(second, used)

    def test_plans_of_other_sessions_stay(self) -> None:
        exact = Condition(accept="", exact="0" * 64)
        entries = [
            plan(1, sessions=("other",)),
            plan(2, sessions=("shop",)),
            plan(3, state="pinned"),
            plan(4, sessions=("shop",), state="rejected"),
            plan(5, sessions=("shop",), state="tried"),
            plan(6, sessions=("shop", "other"), condition=exact),
            plan(7, sessions=("shop",), condition=exact),
            plan(8, state="pinned", condition=exact),
        ]

        assert [int(item.key, 16) for item in packed_plans(entries, "shop")] == [2, 3, 7]


class TestRefusals:
    @pytest.mark.parametrize(
        "name", ["../../etc/passwd", "/etc/passwd", "plans/../x.json", "plans/1.json", "x\\y", "a"]
    )
    def test_a_name_that_leads_elsewhere(self, name: str) -> None:
        with pytest.raises(BadRequestError, match="is not a file of a pack"):
            read_pack(archive({**members(), name: b"x"}), max_bytes=MAX_BYTES)

    def test_a_bomb(self) -> None:
        bomb = archive({**members(), SESSION: b"0" * (MAX_BYTES + 1)})

        assert len(bomb) < 10_000
        with pytest.raises(BadRequestError, match="1000000 are allowed"):
            read_pack(bomb, max_bytes=MAX_BYTES)

    def test_a_bomb_that_announces_a_small_size(self) -> None:
        """Python reads no more than is announced, and then finds a wrong checksum."""
        size = 900_000
        raw = archive({**members(), SESSION: b"0" * size})
        lying = raw.replace(struct.pack("<L", size), struct.pack("<L", 10))

        assert lying != raw
        with pytest.raises(BadRequestError, match="damaged"):
            read_pack(lying, max_bytes=MAX_BYTES)

    def test_a_program_that_the_policy_refuses(self) -> None:
        raw = pack(plan(1, "import os\nREPLY = 1", sessions=("shop",)))

        with pytest.raises(BadRequestError, match="the policy refuses the program of plans/0"):
            read_pack(raw, max_bytes=MAX_BYTES)

    def test_a_plan_under_the_key_of_another(self) -> None:
        files = members()
        (name,) = [name for name in files if name.startswith("plans/")]
        files[f"plans/{'f' * 64}.json"] = files.pop(name)

        with pytest.raises(BadRequestError, match="not a pinned plan of this key"):
            read_pack(archive(files), max_bytes=MAX_BYTES)

    @pytest.mark.parametrize(
        ("head", "text"),
        [
            ({"larst": "pack", "version": 2}, "version 2; this LARST reads version 1"),
            ({"larst": "session", "version": 1}, "not a pack of LARST"),
            ({"larst": "pack", "version": 1, "session": 7}, "not as LARST writes it"),
            ([], "not a pack of LARST"),
        ],
    )
    def test_another_head(self, head: object, text: str) -> None:
        with pytest.raises(BadRequestError, match=text):
            read_pack(archive({**members(), HEAD: json.dumps(head).encode()}), max_bytes=MAX_BYTES)

    @pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_another_compression(self, method: int) -> None:
        with pytest.raises(BadRequestError, match="compressed in a way"):
            read_pack(archive(members(), method), max_bytes=MAX_BYTES)

    def test_a_file_that_is_missing_or_there_twice(self) -> None:
        files = members()
        del files[SESSION]
        with pytest.raises(BadRequestError, match=r"it has no session\.ndjson"):
            read_pack(archive(files), max_bytes=MAX_BYTES)

        twice = archive({**members(), "session.ndjsoN": b""}).replace(b"ndjsoN", b"ndjson")
        with pytest.raises(BadRequestError, match="twice"):
            read_pack(twice, max_bytes=MAX_BYTES)

    def test_a_pack_that_is_cut_short_anywhere(self) -> None:
        raw = pack(plan(1, sessions=("shop",)))

        for end in range(4, len(raw), 50):
            with pytest.raises(BadRequestError):
                read_pack(raw[:end], max_bytes=MAX_BYTES)

    def test_a_pack_with_a_flipped_byte(self) -> None:
        """It is refused, or it says the same: some bytes of an archive have no meaning."""
        raw = pack(plan(1, sessions=("shop",)))
        intact = read_pack(raw, max_bytes=MAX_BYTES)

        for place in range(0, len(raw), 7):
            flipped = bytearray(raw)
            flipped[place] ^= 0xFF
            with contextlib.suppress(BadRequestError):
                assert read_pack(bytes(flipped), max_bytes=MAX_BYTES) == intact
