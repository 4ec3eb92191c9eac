"""Records and their ids, as a program sees them."""

from __future__ import annotations

from typing import Any

import pytest

from larst.domain import LeaveLoopError
from larst.errors import (
    BadRecordError,
    BadRequestError,
    BadResourceNameError,
    IdTakenError,
    PatchConflictError,
)
from larst.store.collection import Collection
from larst.store.collection_view import CollectionView
from larst.store.io_threads import Threads
from larst.store.searching import has_value
from larst.store.transaction import Transaction
from larst.store.work import Work


@pytest.fixture
def users() -> CollectionView:
    return CollectionView("users", Collection())


class TestTexts:
    @pytest.mark.parametrize(
        ("path", "text", "is_there"),
        [
            ("home.city", "x,y", True),
            ("home.city", "x", False),
            ("tags", "a,b", True),
            ("tags", "a", False),
            ("home.rooms", "c,d", True),
            ("a.b", "dotted", True),
            ("note", "None", False),
            ("missing.city", "x,y", False),
        ],
    )
    def test_a_text_is_looked_up_where_criteria_look(
        self, path: str, text: str, is_there: bool
    ) -> None:
        """A reading asks this to decide between a text and a list; both must mean one field."""
        record = {"id": 1, "home": {"city": "x,y", "rooms": ["c,d"]}, "tags": ["a,b"]}
        record |= {"a.b": "dotted", "note": None}
        collection = Collection({"1": record})

        assert has_value(collection, path, text, Work.unlimited()) is is_there


class TestIds:
    def test_generated_ids_count_up_and_come_first(self, users: CollectionView) -> None:
        assert list(users.insert({"name": "A"})) == ["id", "name"]
        assert users.insert({})["id"] == 2

    def test_a_string_and_a_number_identify_the_same_record(self, users: CollectionView) -> None:
        users.insert({"id": 5})

        assert users.get("5") == users.get(5) == {"id": 5}
        with pytest.raises(IdTakenError):
            users.insert({"id": "5"})

    @pytest.mark.parametrize("client_id", [7, "7"])
    def test_generated_ids_skip_those_that_clients_used(
        self, users: CollectionView, client_id: int | str
    ) -> None:
        users.insert({"id": client_id})
        users.delete(client_id)

        assert users.insert({})["id"] == 8

    def test_a_huge_id_does_not_affect_generated_ids(self, users: CollectionView) -> None:
        users.insert({"id": 2**63})

        assert users.insert({})["id"] == 1

    @pytest.mark.parametrize("identifier", [True, 1.5, "", "a\nb", "x" * 256, [], {}, 2**64])
    def test_other_ids_are_refused(self, users: CollectionView, identifier: Any) -> None:
        with pytest.raises(BadRecordError):
            users.insert({"id": identifier})

    def test_a_null_id_counts_as_missing(self, users: CollectionView) -> None:
        assert users.insert({"id": None, "a": 1}) == {"id": 1, "a": 1}


class TestChanges:
    def test_replace_keeps_the_id_and_the_position(self, users: CollectionView) -> None:
        users.insert({"n": 1})
        users.insert({"n": 2})

        assert users.replace("1", {"id": 9, "n": 3}) == {"id": 1, "n": 3}
        assert [user["id"] for user in users.list()[0]] == [1, 2]

    def test_update_merges_and_does_not_change_the_old_object(self, users: CollectionView) -> None:
        original = users.insert({"a": 1, "b": {"c": 1}})

        assert users.update(1, {"b": 2, "id": 5}) == {"id": 1, "a": 1, "b": 2}
        assert original == {"id": 1, "a": 1, "b": {"c": 1}}

    def test_a_missing_record_yields_none(self, users: CollectionView) -> None:
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
    def test_an_invalid_json_patch_is_an_error_of_the_client(
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
    def test_a_value_that_json_cannot_represent_is_refused(
        self, users: CollectionView, record: Any
    ) -> None:
        with pytest.raises(BadRecordError):
            users.insert(record)

    def test_the_error_contains_the_path_of_the_value(self, users: CollectionView) -> None:
        with pytest.raises(BadRecordError, match=r"\$\.a\[1\]\.b"):
            users.insert({"a": [1, {"b": float("nan")}]})

    def test_nesting_is_limited(self, users: CollectionView) -> None:
        deep: Any = 1
        for _level in range(300):
            deep = [deep]

        with pytest.raises(BadRecordError, match="200"):
            users.insert({"deep": deep})

    def test_tuples_become_lists(self, users: CollectionView) -> None:
        """JSON has no tuples: a stored record must equal the record that is read back."""
        assert users.insert({"t": (1, (2,))})["t"] == [1, [2]]


class TestQueries:
    def test_a_program_sees_its_own_changes_in_order(self) -> None:
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
    def test_an_invalid_resource_name_is_refused(self, name: Any) -> None:
        with pytest.raises(BadResourceNameError):
            Transaction({}).resource(name)


class TestBulkChanges:
    def test_a_call_that_leaves_the_event_loop_midway_has_changed_nothing(self) -> None:
        """A sandbox makes it again in a thread, in the same transaction."""
        base = Collection({str(n): {"id": n, "tags": []} for n in range(1, 31)}, 31)
        work = Work(Threads(), loop_steps=1_000)
        work.begin()
        view = CollectionView("users", base, work)
        patch = [{"op": "add", "path": "/tags/-", "value": "x"}]

        with pytest.raises(LeaveLoopError):
            view.update_where({"id__gte": 1}, patch)
        work.begin()
        with pytest.raises(LeaveLoopError):
            CollectionView("users", base, Work(Threads(), loop_steps=70)).delete_where({})

        assert view.change_count == 0
