"""What can be a record and an id, and what a JSON Patch may do: pure."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larst.errors import (
    BadRecordError,
    BadRequestError,
    CallerError,
    IdTakenError,
    PatchConflictError,
    ProgramFailedError,
)
from larst.store.collection import Collection, CollectionView
from larst.store.records import MAX_AUTO_ID, apply_patch, key_of, validate_record

ENDLESS = 10**5000
"""An integer that Python refuses to write as text; programs can compute it."""


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ({"price": float("nan")}, "$.price: NaN cannot be kept"),
        ({"a": [1, {"b": float("-inf")}]}, "$.a[1].b: -Infinity cannot be kept"),
        ({"n": 2**64}, "$.n: an integer of more than 64 bits"),
        ({"n": -(2**63) - 1}, "$.n: an integer"),
        ({"t": "\ud800"}, "$.t: a lone surrogate"),
        ({"a": {1: 2}}, "$.a: field names must be text"),
        ({"\ud800": 1}, "lone surrogate"),
        ({"a": {1, 2}}, "$.a: a value of type set"),
        ([], "a record must be a JSON object, not a list"),
        (None, "not null"),
    ],
)
def test_what_cannot_be_kept_exactly_is_refused_by_its_path(record: Any, told: str) -> None:
    """Whoever sent it finds the place (SPEC section 2: kept exactly, or 400)."""
    with pytest.raises(BadRecordError) as refused:
        validate_record(record)
    assert told in refused.value.detail
    refused.value.detail.encode()


def test_a_record_nests_as_deep_as_the_files_bear_and_no_deeper() -> None:
    def deep(levels: int) -> Any:
        return {} if levels == 1 else {"a": deep(levels - 1)}

    assert validate_record(deep(200)) == deep(200)
    with pytest.raises(BadRecordError, match="200"):
        validate_record(deep(201))


def test_what_is_kept_is_no_longer_the_caller_s() -> None:
    inner: list[Any] = [(1, 2)]
    kept = validate_record({"a": inner})
    inner.append(3)
    assert kept == {"a": [[1, 2]]}


@pytest.mark.parametrize(
    "identifier", [None, True, 1.0, [], {}, pytest.param(ENDLESS, id="endless"), 2**64]
)
def test_what_can_be_no_id_is_the_program_s_fault(identifier: Any) -> None:
    """`str` would make "None" of a missing one, and fail on an endless one."""
    with pytest.raises(ProgramFailedError):
        key_of(identifier)


@pytest.mark.parametrize(
    "argument",
    [pytest.param({"limit": -ENDLESS}, id="endless"), {"limit": True}, {"offset": "1"}],
)
def test_endless_and_odd_pages_are_the_program_s_fault(argument: dict[str, Any]) -> None:
    view = CollectionView("users", Collection())
    with pytest.raises(ProgramFailedError):
        view.list(**argument)
    assert view.list(limit=ENDLESS, offset=ENDLESS) == ([], 0)


def test_the_last_number_can_be_a_client_s_own_id() -> None:
    """It is the client who can mend that no number is left: with an id of its own."""
    view = CollectionView("users", Collection())
    view.insert({"id": MAX_AUTO_ID})
    with pytest.raises(IdTakenError, match="own"):
        view.insert({})
    assert view.insert({"id": "mine"}) == {"id": "mine"}


class TestPatches:
    @pytest.mark.parametrize(
        "operations",
        [
            [{"op": "replace", "path": "/id", "value": 2}],
            [{"op": "replace", "path": "/id", "value": True}],
            [{"op": "replace", "path": "/id", "value": 1.0}],
            [{"op": "remove", "path": "/id"}],
            [{"op": "replace", "path": "", "value": [1]}],
            [{"op": "test", "path": "/n", "value": [2]}],
            [{"op": "remove", "path": "/n/9"}],
        ],
    )
    def test_what_does_not_apply_or_takes_the_id_away_is_a_conflict(self, operations: Any) -> None:
        record = {"id": 1, "n": [1]}
        with pytest.raises(PatchConflictError):
            apply_patch(record, operations)
        assert record == {"id": 1, "n": [1]}

    @pytest.mark.parametrize(
        "values", [[1], [None], [{}], [{"op": []}], [{"op": "add", "path": 5}]]
    )
    def test_what_is_no_patch_is_a_bad_request(self, values: Any) -> None:
        with pytest.raises(BadRequestError):
            apply_patch({"id": 1}, values)

    def test_a_patch_cannot_fill_the_memory(self) -> None:
        """Each copy into itself doubles the record: forty would be a million million."""
        double = {"op": "copy", "from": "/n", "path": "/n/-"}
        with pytest.raises(BadRequestError, match="copy"):
            apply_patch({"id": 1, "n": [1]}, [double] * 40)

    @given(
        st.lists(
            st.fixed_dictionaries(
                {
                    "op": st.sampled_from(
                        ["add", "remove", "replace", "move", "copy", "test", "x"]
                    ),
                    "path": st.sampled_from(["", "/", "/n", "/n/0", "/n/-", "/a", "/id", "a", 1]),
                },
                optional={
                    "value": st.sampled_from([1, None, "x", [1], {"id": 1}, float("nan")]),
                    "from": st.sampled_from(["", "/n", "/n/0", "/a", "/n/x", None]),
                },
            ),
            max_size=6,
        )
    )
    def test_no_patch_meets_anything_but_an_error_for_its_sender(self, operations: Any) -> None:
        """And what does apply leaves a record with the id in its place."""
        try:
            result = apply_patch({"id": 1, "n": [1, {"b": 2}]}, operations)
        except CallerError:
            return
        assert next(iter(result.items())) == ("id", 1)
