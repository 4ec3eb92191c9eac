"""Of a damaged document every whole record is kept, and no object within a record for one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larst.store.collection import Collection
from larst.store.disk.documents import encode_documents
from larst.store.recovery.record_salvage import salvage_records


def _record(number: int) -> dict[str, Any]:
    """Return a record with others in it, and with what may look like the end of one."""
    within = [{"id": 1000 + number * 10 + place, "of": {"id": 5000}} for place in range(number % 4)]
    return {"id": number, "name": f'}},{{"[]{number}', "list": within, "one": {"id": 9000}}


RECORDS = [_record(number) for number in range(1, 7)]


def _larst(records: list[dict[str, Any]]) -> bytes:
    collection = Collection({str(record["id"]): record for record in records})
    return b"".join(next(encode_documents("pets", collection))[1])


def _dumped(**options: Any) -> Callable[[Any], bytes]:
    return lambda records: json.dumps(records, **options).encode()


def _joined(records: list[dict[str, Any]]) -> bytes:
    """Return a layout in which no record begins a line, though objects within them do."""
    return b"[" + b", ".join(json.dumps(one, indent=2).encode() for one in records) + b"]"


LAYOUTS: dict[str, Callable[[Any], bytes]] = {
    "as LARST writes it": _larst,
    "indented": _dumped(indent=2),
    "with tabs": _dumped(indent="\t"),
    "lines without indentation": _dumped(indent=0),
    "one line": _dumped(),
    "records that begin no line": _joined,
}


def _kept(content: bytes) -> list[Any]:
    return list(salvage_records(content, 1).records.values())


def _without(*numbers: int) -> list[Any]:
    return [record for record in RECORDS if record["id"] not in numbers]


class TestSeparators:
    @pytest.mark.parametrize(
        "damage", [b"J\n", b",J", b"-\n", b"{\n", b",{", b'",', b"\0\0", b"}\n"]
    )
    def test_what_is_damaged_between_two_records_is_no_loss(self, damage: bytes) -> None:
        """Both are on one line then, and the line is no JSON."""
        content = _larst(RECORDS).replace(b'},\n{"id":3', b"}" + damage + b'{"id":3')

        assert _kept(content) == RECORDS

    @pytest.mark.parametrize("damage", [b"J\n", b"\0\n", b"[J", b"[{"])
    def test_nor_is_what_is_damaged_before_the_first(self, damage: bytes) -> None:
        assert _kept(damage + _larst(RECORDS)[2:]) == RECORDS

    def test_nor_is_what_comes_behind_the_last(self) -> None:
        content = _larst(RECORDS)
        for end in (b"", b"\0" * 4096, b"]", b"x"):
            assert _kept(content.rstrip(b"]\n") + end) == RECORDS


@pytest.mark.parametrize("layout", LAYOUTS)
class TestLayouts:
    def test_behind_a_broken_record_all_others_are_kept(self, layout: str) -> None:
        """In whatever layout somebody has put them there."""
        content = LAYOUTS[layout](RECORDS).replace(b"[]3", b'[]"3')

        salvaged = salvage_records(content, 1)

        assert (list(salvaged.records.values()), salvaged.lost) == (_without(3), 1)

    def test_behind_a_second_broken_record_too(self, layout: str) -> None:
        content = LAYOUTS[layout](RECORDS).replace(b"[]3", b'[]"3').replace(b"[]5", b'[]"5')

        assert _kept(content) == _without(3, 5)

    def test_broken_off_anywhere_it_is_no_object_within_a_record(self, layout: str) -> None:
        whole = LAYOUTS[layout](RECORDS)

        for end in range(len(whole)):
            kept = _kept(whole[:end])
            assert kept == RECORDS[: len(kept)]
            assert len(kept) in (whole[:end].count(b"name"), whole[:end].count(b"name") - 1)

    @given(data=st.data())
    def test_one_damaged_byte_makes_no_record_of_what_is_none(
        self, layout: str, data: st.DataObject
    ) -> None:
        whole = bytearray(LAYOUTS[layout](RECORDS))
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))

        kept = _kept(bytes(whole))

        unlike = [record for record in kept if record not in RECORDS]
        assert len(unlike) <= 1  # a value may be another, and still be one
        assert all("of" not in record and record["id"] < 1000 for record in unlike)

    @given(data=st.data())
    def test_nor_does_a_block_of_zeros(self, layout: str, data: st.DataObject) -> None:
        """As a page that was never written leaves it."""
        whole = bytearray(LAYOUTS[layout](RECORDS))
        start = data.draw(st.integers(0, len(whole) - 1))
        size = min(data.draw(st.integers(1, 300)), len(whole) - start)
        whole[start : start + size] = bytes(size)

        assert all(record in RECORDS for record in _kept(bytes(whole)))


@pytest.mark.parametrize("damage", b"\t\n\r ")
def test_a_record_that_lost_its_first_bracket_is_no_part_of_the_one_before(damage: int) -> None:
    """The last one, as LARST writes it: what follows looks like more fields of the one before."""
    whole = bytearray(_larst(RECORDS))
    whole[whole.rindex(b'{"id":6,')] = damage

    kept = _kept(bytes(whole))

    assert all(record in kept for record in RECORDS[:-1])


@given(st.data())
def test_as_larst_writes_it_one_damaged_byte_costs_one_record_at_most(data: st.DataObject) -> None:
    whole = bytearray(_larst(RECORDS))
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))

    kept = _kept(bytes(whole))

    assert sum(record in kept for record in RECORDS) >= len(RECORDS) - 1


class TestOddRecords:
    @pytest.mark.parametrize("opening", [b"[", b'{"a":'])
    def test_nesting_without_end_is_damage(self, opening: bytes) -> None:
        """The reader gives up on it in its own way."""
        content = b'[\n{"id":1,"a":' + opening * 200_000

        assert salvage_records(content, 1).lost == 1
        assert _kept(content + b',\n{"id":2}\n]\n') == [{"id": 2}]

    def test_a_text_with_a_damaged_byte_is_not_taken_for_another(self) -> None:
        content = orjson.dumps([{"id": 1, "n": "é"}, {"id": 2}]).replace(b"\xc3\xa9", b"\xc3\x29")

        assert _kept(content) == [{"id": 2}]

    def test_a_record_of_many_megabytes_is_read_as_any_other(self) -> None:
        """The reader is given more of the text as long as it asks for it."""
        content = b'[{"id":1,"n":"%s"}J{"id":2,"n":"%s"' % (b"\\u00e9" * 100_000, b"x" * 100_000)

        assert _kept(content) == [{"id": 1, "n": "é" * 100_000}]

    def test_endless_digits_are_damage(self) -> None:
        content = b'[\n{"id":1,"n":' + b"9" * 10_000 + b'},\n{"id":2},\n{"id":'

        assert _kept(content) == [{"id": 2}]


class TestIds:
    @pytest.mark.parametrize(
        ("ids", "kept"),
        [
            ([1, 2, 1, 4], [1, 2, 4, 5]),
            ([1, 4, 3, 4], [1, 3, 4, 5]),
            ([7, 2, 3, 7], [2, 3, 7, 8]),
            ([1, 3, 3, 4], [1, 3, 4, 5]),
            ([1, 2, 2, 9], [1, 2, 9, 10]),
            (["b", 2, 1, 2], ["b", 2, 1, 3]),
            ([3, 2, 1, 2], [3, 2, 1, 4]),
            ([1, 5, 5, 9], [1, 5, 9, 10]),
        ],
    )
    def test_of_two_with_one_id_the_one_in_its_place_keeps_it(
        self, ids: list[Any], kept: list[Any]
    ) -> None:
        """Where the order tells: ids ascend, as they are given out; else it is the first."""
        records = [{"id": own, "at": place} for place, own in enumerate(ids)]

        salvaged = salvage_records(orjson.dumps(records), 1)

        assert [record["id"] for record in salvaged.records.values()] == kept
        assert salvaged.renumbered == 1

    @pytest.mark.parametrize(
        ("ids", "owner"),
        [
            ([1, 2, 1, 4], 0),
            ([1, 4, 3, 4], 3),
            ([7, 2, 3, 7], 3),
            ([1, 3, 3, 4], 2),
            ([1, 2, 2, 9], 1),
            ([3, 2, 1, 2], 1),
            ([1, 5, 5, 9], 1),
        ],
    )
    def test_which_of_them_that_is(self, ids: list[int], owner: int) -> None:
        records = [{"id": own, "at": place} for place, own in enumerate(ids)]

        salvaged = salvage_records(orjson.dumps(records), 1)

        assert salvaged.records[str(ids[owner])]["at"] == owner
