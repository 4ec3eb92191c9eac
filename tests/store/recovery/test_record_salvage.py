"""Every whole record of a damaged document is kept, and no object within a record."""

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
    """Return a record with objects within it, and a text that looks like the end of a record."""
    inner = [{"id": 1000 + number * 10 + place, "of": {"id": 5000}} for place in range(number % 4)]
    return {"id": number, "name": f'}},{{"[]{number}', "list": inner, "one": {"id": 9000}}


RECORDS = [_record(number) for number in range(1, 7)]


def _larst(records: list[dict[str, Any]]) -> bytes:
    collection = Collection({str(record["id"]): record for record in records})
    return b"".join(next(encode_documents("pets", collection))[1])


def _dumped(**options: Any) -> Callable[[Any], bytes]:
    return lambda records: json.dumps(records, **options).encode()


def _joined(records: list[dict[str, Any]]) -> bytes:
    """Return a layout in which lines begin with objects within records, but not with records."""
    return b"[" + b", ".join(json.dumps(record, indent=2).encode() for record in records) + b"]"


LAYOUTS: dict[str, Callable[[Any], bytes]] = {
    "as LARST writes it": _larst,
    "indented": _dumped(indent=2),
    "with tabs": _dumped(indent="\t"),
    "lines without indentation": _dumped(indent=0),
    "one line": _dumped(),
    "records within lines": _joined,
}


def _salvage(content: bytes) -> list[Any]:
    return list(salvage_records(content, 1).records.values())


def _without(*numbers: int) -> list[Any]:
    return [record for record in RECORDS if record["id"] not in numbers]


class TestSeparators:
    @pytest.mark.parametrize(
        "damage", [b"J\n", b",J", b"-\n", b"{\n", b",{", b'",', b"\0\0", b"}\n"]
    )
    def test_damage_between_two_records_loses_neither(self, damage: bytes) -> None:
        """Both are on one line then, and the line is not JSON."""
        content = _larst(RECORDS).replace(b'},\n{"id":3', b"}" + damage + b'{"id":3')

        assert _salvage(content) == RECORDS

    @pytest.mark.parametrize("damage", [b"J\n", b"\0\n", b"[J", b"[{"])
    def test_damage_before_the_first_record_loses_none(self, damage: bytes) -> None:
        assert _salvage(damage + _larst(RECORDS)[2:]) == RECORDS

    def test_damage_behind_the_last_record_loses_none(self) -> None:
        content = _larst(RECORDS)
        for end in (b"", b"\0" * 4096, b"]", b"x"):
            assert _salvage(content.rstrip(b"]\n") + end) == RECORDS


@pytest.mark.parametrize("layout", LAYOUTS)
class TestLayouts:
    def test_all_records_behind_a_damaged_one_are_kept(self, layout: str) -> None:
        """In every layout that people write by hand."""
        content = LAYOUTS[layout](RECORDS).replace(b"[]3", b'[]"3')

        salvaged = salvage_records(content, 1)

        assert (list(salvaged.records.values()), salvaged.lost) == (_without(3), 1)

    def test_all_records_behind_a_second_damaged_one_are_kept(self, layout: str) -> None:
        content = LAYOUTS[layout](RECORDS).replace(b"[]3", b'[]"3').replace(b"[]5", b'[]"5')

        assert _salvage(content) == _without(3, 5)

    def test_a_document_truncated_anywhere_yields_no_object_within_a_record(
        self, layout: str
    ) -> None:
        whole = LAYOUTS[layout](RECORDS)

        for end in range(len(whole)):
            records = _salvage(whole[:end])
            assert records == RECORDS[: len(records)]
            assert len(records) in (whole[:end].count(b"name"), whole[:end].count(b"name") - 1)

    @given(data=st.data())
    def test_one_damaged_byte_turns_no_other_object_into_a_record(
        self, layout: str, data: st.DataObject
    ) -> None:
        whole = bytearray(LAYOUTS[layout](RECORDS))
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))

        changed = [record for record in _salvage(bytes(whole)) if record not in RECORDS]
        assert len(changed) <= 1  # the damage may be a different, valid value
        assert all("of" not in record and record["id"] < 1000 for record in changed)

    @given(data=st.data())
    def test_a_block_of_zeros_turns_no_other_object_into_a_record(
        self, layout: str, data: st.DataObject
    ) -> None:
        """A page that was never written is one."""
        whole = bytearray(LAYOUTS[layout](RECORDS))
        start = data.draw(st.integers(0, len(whole) - 1))
        size = min(data.draw(st.integers(1, 300)), len(whole) - start)
        whole[start : start + size] = bytes(size)

        assert all(record in RECORDS for record in _salvage(bytes(whole)))


@pytest.mark.parametrize("damage", b"\t\n\r ")
def test_a_record_without_its_first_bracket_is_not_part_of_the_previous_one(damage: int) -> None:
    """In LARST's layout the last record then looks like more fields of the previous one."""
    whole = bytearray(_larst(RECORDS))
    whole[whole.rindex(b'{"id":6,')] = damage

    records = _salvage(bytes(whole))

    assert all(record in records for record in RECORDS[:-1])


@given(st.data())
def test_in_larst_s_layout_one_damaged_byte_loses_one_record_at_most(data: st.DataObject) -> None:
    whole = bytearray(_larst(RECORDS))
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))

    records = _salvage(bytes(whole))

    assert sum(record in records for record in RECORDS) >= len(RECORDS) - 1


class TestOddRecords:
    @pytest.mark.parametrize("opening", [b"[", b'{"a":'])
    def test_endless_nesting_is_damage(self, opening: bytes) -> None:
        """The JSON decoder raises RecursionError for it."""
        content = b'[\n{"id":1,"a":' + opening * 200_000

        assert salvage_records(content, 1).lost == 1
        assert _salvage(content + b',\n{"id":2}\n]\n') == [{"id": 2}]

    def test_a_text_with_a_byte_that_is_not_utf_8_is_damage(self) -> None:
        content = orjson.dumps([{"id": 1, "n": "é"}, {"id": 2}]).replace(b"\xc3\xa9", b"\xc3\x29")

        assert _salvage(content) == [{"id": 2}]

    def test_a_record_of_many_megabytes_is_salvaged(self) -> None:
        """The decoder gets a growing part of the text."""
        content = b'[{"id":1,"n":"%s"}J{"id":2,"n":"%s"' % (b"\\u00e9" * 100_000, b"x" * 100_000)

        assert _salvage(content) == [{"id": 1, "n": "é" * 100_000}]

    def test_endless_digits_are_damage(self) -> None:
        content = b'[\n{"id":1,"n":' + b"9" * 10_000 + b'},\n{"id":2},\n{"id":'

        assert _salvage(content) == [{"id": 2}]


class TestIds:
    @pytest.mark.parametrize(
        ("ids", "expected"),
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
    def test_of_two_records_with_an_id_the_one_in_order_keeps_it(
        self, ids: list[Any], expected: list[Any]
    ) -> None:
        """Ids are given out in ascending order; where that proves neither, the first keeps it."""
        records = [{"id": own_id, "at": place} for place, own_id in enumerate(ids)]

        salvaged = salvage_records(orjson.dumps(records), 1)

        assert [record["id"] for record in salvaged.records.values()] == expected
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
    def test_the_record_in_order_keeps_its_fields(self, ids: list[int], owner: int) -> None:
        records = [{"id": own_id, "at": place} for place, own_id in enumerate(ids)]

        salvaged = salvage_records(orjson.dumps(records), 1)

        assert salvaged.records[str(ids[owner])]["at"] == owner
