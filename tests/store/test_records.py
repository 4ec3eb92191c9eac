"""Validation of records and ids, and the limits of JSON Patch."""

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
from larst.store.collection import Collection
from larst.store.collection_view import CollectionView
from larst.store.patching import apply_patch
from larst.store.records import MAX_AUTO_ID, key_of, validate_record

HUGE = 10**5000
"""An integer that `str` refuses to convert; programs can compute it."""


@pytest.mark.parametrize(
    ("record", "detail"),
    [
        ({"price": float("nan")}, "$.price: NaN cannot be stored"),
        ({"a": [1, {"b": float("-inf")}]}, "$.a[1].b: -Infinity cannot be stored"),
        ({"n": 2**64}, "$.n: an integer of more than 64 bits"),
        ({"n": -(2**63) - 1}, "$.n: an integer"),
        ({"t": "\ud800"}, "$.t: a lone surrogate"),
        ({"a": {1: 2}}, "$.a: field names must be strings"),
        ({"\ud800": 1}, "lone surrogate"),
        ({"a": {1, 2}}, "$.a: a value of type set"),
        ([], "a record must be a JSON object, not a list"),
        (None, "not null"),
    ],
)
def test_a_value_that_cannot_be_stored_exactly_is_refused_with_its_path(
    record: Any, detail: str
) -> None:
    """The path shows the client which value to change (SPEC section 2: kept exactly, or 400)."""
    with pytest.raises(BadRecordError) as caught:
        validate_record(record)
    assert detail in caught.value.detail
    caught.value.detail.encode()


def test_nesting_is_limited_to_the_depth_that_the_files_support() -> None:
    def deep(levels: int) -> Any:
        return {} if levels == 1 else {"a": deep(levels - 1)}

    assert validate_record(deep(200)) == deep(200)
    with pytest.raises(BadRecordError, match="200"):
        validate_record(deep(201))


def test_later_changes_of_the_caller_s_object_are_not_stored() -> None:
    inner: list[Any] = [(1, 2)]
    record = validate_record({"a": inner})
    inner.append(3)
    assert record == {"a": [[1, 2]]}


@pytest.mark.parametrize(
    "identifier", [None, True, 1.0, [], {}, pytest.param(HUGE, id="huge"), 2**64]
)
def test_an_invalid_id_is_an_error_of_the_program(identifier: Any) -> None:
    """`str` would turn a missing id into "None", and fail on a huge integer."""
    with pytest.raises(ProgramFailedError):
        key_of(identifier)


@pytest.mark.parametrize(
    "argument",
    [pytest.param({"limit": -HUGE}, id="huge"), {"limit": True}, {"offset": "1"}],
)
def test_an_invalid_page_is_an_error_of_the_program(argument: dict[str, Any]) -> None:
    view = CollectionView("users", Collection())
    with pytest.raises(ProgramFailedError):
        view.list(**argument)
    assert view.list(limit=HUGE, offset=HUGE) == ([], 0)


def test_a_client_may_use_the_largest_id_that_is_generated() -> None:
    """Then no id can be generated any more, and the client has to send its own."""
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
    def test_a_patch_that_does_not_apply_or_changes_the_id_is_a_conflict(
        self, operations: Any
    ) -> None:
        record = {"id": 1, "n": [1]}
        with pytest.raises(PatchConflictError):
            apply_patch(record, operations)
        assert record == {"id": 1, "n": [1]}

    @pytest.mark.parametrize(
        "values", [[1], [None], [{}], [{"op": []}], [{"op": "add", "path": 5}]]
    )
    def test_an_invalid_patch_is_a_bad_request(self, values: Any) -> None:
        with pytest.raises(BadRequestError):
            apply_patch({"id": 1}, values)

    def test_a_patch_cannot_fill_the_memory(self) -> None:
        """Each copy doubles the record, so forty of them would make 10**12 values."""
        double = {"op": "copy", "from": "/n", "path": "/n/-"}
        with pytest.raises(BadRequestError, match="copy"):
            apply_patch({"id": 1, "n": [1]}, [double] * 40)

    def test_a_patch_cannot_copy_a_long_text_many_times(self) -> None:
        """A body of 45 KB would make a record of gigabytes."""
        copies = [{"op": "copy", "from": "/n", "path": f"/n{number}"} for number in range(900)]
        with pytest.raises(BadRequestError, match="copy"):
            apply_patch({"id": 1, "n": "x" * 40_000}, copies)

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
    def test_any_patch_either_applies_or_is_an_error_of_the_caller(self, operations: Any) -> None:
        """A patched record still has its id as the first field."""
        try:
            result = apply_patch({"id": 1, "n": [1, {"b": 2}]}, operations)
        except CallerError:
            return
        assert next(iter(result.items())) == ("id", 1)
