"""Records and their ids, as a program meets them."""

from __future__ import annotations

from typing import Any

import pytest

from larst.errors import (
    BadRecordError,
    BadRequestError,
    BadResourceNameError,
    IdTakenError,
    PatchConflictError,
)
from larst.store.collection import Collection, CollectionView
from larst.store.transaction import Transaction


@pytest.fixture
def users() -> CollectionView:
    return CollectionView("users", Collection())


class TestIds:
    def test_the_id_stands_first_and_counts_up(self, users: CollectionView) -> None:
        assert list(users.insert({"name": "A"})) == ["id", "name"]
        assert users.insert({})["id"] == 2

    def test_text_and_number_name_the_same_record(self, users: CollectionView) -> None:
        users.insert({"id": 5})

        assert users.get("5") == users.get(5) == {"id": 5}
        with pytest.raises(IdTakenError):
            users.insert({"id": "5"})

    @pytest.mark.parametrize("own", [7, "7"])
    def test_new_ids_go_past_those_that_clients_used(
        self, users: CollectionView, own: int | str
    ) -> None:
        users.insert({"id": own})
        users.delete(own)

        assert users.insert({})["id"] == 8

    def test_a_huge_id_of_a_client_s_does_not_end_the_counting(self, users: CollectionView) -> None:
        users.insert({"id": 2**63})

        assert users.insert({})["id"] == 1

    @pytest.mark.parametrize("bad", [True, 1.5, "", "a\nb", "x" * 256, [], {}, 2**64])
    def test_other_ids_are_refused(self, users: CollectionView, bad: Any) -> None:
        with pytest.raises(BadRecordError):
            users.insert({"id": bad})

    def test_a_null_id_is_none(self, users: CollectionView) -> None:
        assert users.insert({"id": None, "a": 1}) == {"id": 1, "a": 1}


class TestChanges:
    def test_replacing_keeps_the_id_and_the_place(self, users: CollectionView) -> None:
        users.insert({"n": 1})
        users.insert({"n": 2})

        assert users.replace("1", {"id": 9, "n": 3}) == {"id": 1, "n": 3}
        assert [user["id"] for user in users.list()[0]] == [1, 2]

    def test_updating_merges_and_leaves_the_old_object_alone(self, users: CollectionView) -> None:
        before = users.insert({"a": 1, "b": {"c": 1}})

        assert users.update(1, {"b": 2, "id": 5}) == {"id": 1, "a": 1, "b": 2}
        assert before == {"id": 1, "a": 1, "b": {"c": 1}}

    def test_what_is_not_there_is_none(self, users: CollectionView) -> None:
        assert users.get(1) is None
        assert users.replace(1, {}) is None
        assert users.update(1, {}) is None
        assert users.update(1, [{"op": "remove", "path": "/a"}]) is None
        assert users.delete(1) is False

    @pytest.mark.parametrize(
        "patch",
        [
            [{"op": "nonsense", "path": "/a"}],
            [{"op": "add"}],
            [5],
            ["x"],
            [{"op": "add", "path": "a", "value": 1}],
        ],
    )
    def test_what_is_no_json_patch_is_the_client_s_fault(
        self, users: CollectionView, patch: Any
    ) -> None:
        users.insert({"a": 1})

        with pytest.raises((BadRequestError, PatchConflictError)):
            users.update(1, patch)
        assert users.get(1) == {"id": 1, "a": 1}

    @pytest.mark.parametrize(
        "patch",
        [
            [{"op": "test", "path": "/a", "value": 2}],
            [{"op": "remove", "path": "/nosuch"}],
            [{"op": "replace", "path": "/id", "value": 2}],
            [{"op": "replace", "path": "", "value": 2}],
        ],
    )
    def test_a_patch_that_does_not_apply_changes_nothing(
        self, users: CollectionView, patch: Any
    ) -> None:
        users.insert({"a": 1})

        with pytest.raises(PatchConflictError):
            users.update(1, patch)
        assert users.get(1) == {"id": 1, "a": 1}


class TestRecords:
    @pytest.mark.parametrize(
        "record",
        [
            {"n": float("nan")},
            {"n": float("inf")},
            {"n": 2**64},
            {"n": {1, 2}},
            {"n": b"x"},
            {1: "x"},
            {"t": "\ud800"},
            [],
            "x",
            None,
        ],
    )
    def test_what_json_cannot_say_is_refused(self, users: CollectionView, record: Any) -> None:
        with pytest.raises(BadRecordError):
            users.insert(record)

    def test_the_refusal_names_the_place(self, users: CollectionView) -> None:
        with pytest.raises(BadRecordError, match=r"\$\.a\[1\]\.b"):
            users.insert({"a": [1, {"b": float("nan")}]})

    def test_nesting_has_a_bound(self, users: CollectionView) -> None:
        deep: Any = 1
        for _level in range(300):
            deep = [deep]

        with pytest.raises(BadRecordError, match="200"):
            users.insert({"deep": deep})

    def test_tuples_become_lists(self, users: CollectionView) -> None:
        """A program's tuple is a list in JSON, and must be one before it is stored."""
        assert users.insert({"t": (1, (2,))})["t"] == [1, [2]]


class TestReading:
    def test_a_program_sees_its_own_changes_in_place(self) -> None:
        base = Collection()
        first = CollectionView("users", base)
        for number in range(3):
            first.insert({"n": number})
        change = first.change()
        assert change is not None
        base.apply(change)
        view = CollectionView("users", base)

        view.delete(2)
        view.update(3, {"n": "new"})
        view.insert({"n": "last"})

        assert [user["n"] for user in view.list()[0]] == [0, "new", "last"]
        assert view.count() == 3
        assert [user["id"] for user in view.search({"n": "new"})] == [3]
        assert view.search({"id": "2"}) == []

    @pytest.mark.parametrize("name", ["", "a.b", "../x", "a/b", "ä", "x" * 65, "a\n", 5, None])
    def test_a_resource_has_a_plain_name(self, name: Any) -> None:
        with pytest.raises(BadResourceNameError):
            Transaction({}).resource(name)
