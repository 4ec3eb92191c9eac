"""What replies say: the right ones in every wrapping, and the usual wrong ones."""

from __future__ import annotations

from typing import Any

import pytest

from larst.domain import Json
from larst.evaluation import Case
from larst.evaluation.answers import READERS
from larst.evaluation.data import data_mismatches
from larst.evaluation.matching import judged

ANN, BEN = {"id": 1, "name": "Ann"}, {"id": 2, "name": "Ben"}


@pytest.mark.parametrize(
    ("reader", "expected", "body"),
    [
        ("number", 12, 12),
        ("number", 12, {"data": {"total": 12.0}}),
        ("number", 0.3, {"sum": 0.1 + 0.2}),
        ("number", 12.5, {"total": "12.50", "count": 2}),
        ("number", {"$in": [50, 0.5]}, {"progress": 0.5}),
        ("truth", False, {"available": False}),
        ("text", "milk", {"winner": {"option": "milk", "votes": 5}}),
        ("record", ANN, {**ANN, "age": 3}),
        ("record", ANN, {"user": ANN}),
        ("record", ANN, [ANN]),
        ("record", ANN, {"name": "Ann"}),
        ("record", ANN, "Ann"),
        ("first", ANN, [ANN, BEN]),
        ("lists", [ANN, BEN], {"items": [BEN, ANN], "total": 2}),
        ("lists", [ANN, BEN], ["Ben", "Ann"]),
        ("lists", [], {"items": []}),
        ("ranks", [BEN, ANN], [2, 1]),
        ("groups", {"a": 2, "b": 1}, {"counts": {"b": 1, "a": 2}}),
        ("groups", {"a": 2, "b": 1}, [{"kind": "a", "count": 2}, {"kind": "b", "count": 1}]),
        ("groups", {"a": 2}, [["a", 2]]),
        ("groups", {"1": 4.5}, [{"customer_id": 1, "sum": 4.5}]),
        ("groups", {"a": [ANN]}, {"a": [ANN]}),
        ("groups", [{"1": 2}, {"Ann": 2}], {"Ann": 2}),
    ],
)
def test_a_right_reply_is_accepted(reader: str, expected: Any, body: Json) -> None:
    assert READERS[reader](body, expected)


@pytest.mark.parametrize(
    ("reader", "expected", "body"),
    [
        ("number", 12, {"total": 13}),
        ("number", 1, {"ok": True}),
        ("number", 12, {"items": [12]}),
        ("truth", False, {}),
        ("truth", False, {"available": True, "error": False}),
        ("text", "milk", {"milk": 5, "tea": 2}),
        ("record", ANN, BEN),
        ("record", ANN, {"id": 1, "name": "Ben"}),
        ("record", ANN, [ANN, BEN]),
        ("record", ANN, {}),
        ("first", ANN, [BEN, ANN]),
        ("lists", [ANN], [ANN, BEN]),
        ("lists", [ANN, BEN], [ANN, ANN]),
        ("lists", [], {"error": "not found"}),
        ("ranks", [BEN, ANN], [1, 2]),
        ("groups", {"a": 2, "b": 1}, {"a": 2}),
        ("groups", {"a": 2}, {"a": 2, "b": 1}),
        ("groups", {"a": 2}, {"a": 1}),
        ("groups", {"a": 2}, []),
    ],
)
def test_a_wrong_reply_is_refused(reader: str, expected: Any, body: Json) -> None:
    assert not READERS[reader](body, expected)


def case(**after: Any) -> Case:
    return Case.model_validate(
        {
            "group": "custom",
            "name": "a case",
            "records": {"users": [ANN, BEN]},
            "when": "POST /users/1/rename",
            "then": {"status": 200},
            "after": after,
        }
    )


CHANGED = case(changed={"users": {"1": {"name": "Eve"}}})


@pytest.mark.parametrize(
    ("expected", "rows"),
    [
        (CHANGED, [{"id": 1, "name": "Eve", "renamed_at": "now"}, BEN]),
        (case(removed={"users": [2]}), [ANN]),
        (case(added={"users": [{"name": "Cy"}]}), [ANN, BEN, {"id": 3, "name": "Cy"}]),
        (case(changed={"users": {"1": {"name": {"$set": True}}}}), [{"id": 1, "name": "x"}, BEN]),
    ],
)
def test_the_expected_records_are_accepted(expected: Case, rows: list[dict[str, Any]]) -> None:
    assert data_mismatches(expected, {"users": rows, "log": [{"id": 1}]}) == []


@pytest.mark.parametrize(
    ("expected", "rows", "reason"),
    [
        (CHANGED, [ANN, BEN], "users: record 1 has name 'Ann', not 'Eve'"),
        (CHANGED, [{"id": 1, "name": "Eve"}], "users: record 2 is gone"),
        (CHANGED, [{"id": 1, "name": "Eve"}, {**BEN, "x": 1}], "record 2 has changed"),
        (CHANGED, [{"id": 1, "name": "Eve"}, BEN, {"id": 3}], "1 new records, not 0"),
        (case(removed={"users": [2]}), [ANN, BEN], "record 2 is still there"),
        (case(added={"users": [{"name": "Cy"}]}), [ANN, BEN], "no new record has"),
    ],
)
def test_lost_or_changed_records_are_reported(
    expected: Case, rows: list[dict[str, Any]], reason: str
) -> None:
    (mismatch,) = data_mismatches(expected, {"users": rows})

    assert reason in mismatch


def test_a_reply_with_the_record_as_it_was_is_refused() -> None:
    """The usual slip: the program replies with what it read, not with what it wrote."""
    (reason,) = judged(CHANGED, 200, {}, b'{"user": {"id": 1, "name": "Ann"}}')

    assert "record 1 of users as it was before" in reason
    assert judged(CHANGED, 200, {}, b'{"user": {"id": 1, "name": "Eve"}}') == []
    assert judged(CHANGED, 200, {}, b"") == []
