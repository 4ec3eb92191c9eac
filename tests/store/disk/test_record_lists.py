"""A large list is read in parts, and means the same as if it were read at once."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from larst.store.disk import record_lists
from larst.store.disk.record_lists import generated_records, parse_list
from larst.store.records import MAX_AUTO_ID

PIECES = ["[", "]", "{", "}", ",\n", ",", "\n", " ", '"a"', ":", "1", "null", '"\\n,"', "\r"]


def _outcome(parse: Any, content: bytes) -> tuple[str, Any]:
    try:
        return "value", parse(content)
    except ValueError:
        return "error", None


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
@example("[1,\n1,\n1,\n]")
@example("[1,\n,\n1]")
@example("[1,\n1]\n]")
@example("[[1,\n1],\n1]")
@example("[")
def test_any_text_is_read_as_if_at_once(text: str) -> None:
    with patch.object(record_lists, "PART_BYTES", 1):
        assert _outcome(parse_list, text.encode()) == _outcome(orjson.loads, text.encode())


def test_a_list_as_larst_writes_it_is_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part holds the event loop for as long as it is parsed."""
    content = b"[\n" + b",\n".join(b'{"id":%d}' % number for number in range(1000)) + b"\n]\n"
    sizes: list[int] = []
    loads = orjson.loads

    def count(part: bytes) -> Any:
        sizes.append(len(part))
        return loads(part)

    monkeypatch.setattr(record_lists, "PART_BYTES", 1000)
    monkeypatch.setattr(orjson, "loads", count)

    assert len(parse_list(content)) == 1000
    assert max(sizes) < 1100


def test_records_with_generated_ids_are_taken_by_key() -> None:
    generated = generated_records([{"id": 3, "n": 1}, {"id": 1}])

    assert generated is not None
    assert list(generated.records.items()) == [("3", {"id": 3, "n": 1}), ("1", {"id": 1})]
    assert generated.highest_id == 3


@pytest.mark.parametrize(
    "items",
    [
        [{"id": 1}, {"id": 1}],
        [{"id": 1}, {"id": "1"}],
        [{"id": "a"}],
        [{"id": True}],
        [{"id": 0}],
        [{"id": -1}],
        [{"id": MAX_AUTO_ID + 1}],
        [{"id": 1.0}],
        [{"id": None}],
        [{"n": 1, "id": 1}],
        [{"n": 1}],
        [{}],
        [1],
        [["id"]],
    ],
)
def test_records_with_other_ids_are_looked_at_one_by_one(items: list[Any]) -> None:
    """They may be duplicates, lack an id, or have it in another place."""
    assert generated_records(items) is None
