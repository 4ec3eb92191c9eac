"""Indexes change what a search costs, never what it gives."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larst.domain import Json, Record
from larst.store.collection import Change, Collection
from larst.store.collection_view import CollectionView
from larst.store.query import candidates, equality_index, indexes
from larst.store.query.criteria import compile_criteria
from larst.store.query.sorting import sort_records
from larst.store.searching import has_value, position_of
from larst.store.work import Work
from tests.effort import examples

WORK = Work.unlimited()

TEXTS = ["a", "A", "b", "1", "1.0", "2", "true", "null", "", "2025-01-20", "2025-01-20T00:00:00Z"]
SCALARS: list[Json] = [*TEXTS, 1, 1.0, 2, -3, 2**62, True, False, None, -0.0]
VALUES = st.one_of(
    st.sampled_from(SCALARS),
    st.lists(st.sampled_from(SCALARS), max_size=3),
    st.sampled_from([{"x": 1}, {"x": "a"}, [[1], "b"], [True], [1]]),
)
RECORDS = st.fixed_dictionaries({}, optional={"a": VALUES, "b": VALUES, "n.x": VALUES, "n": VALUES})
FIELDS = st.sampled_from(["a", "b", "n.x", "missing", "id"])
OPERANDS = st.one_of(VALUES, st.sampled_from(["3", 4, "5.0", 5.0]))


@st.composite
def _criteria(draw: st.DrawFn, depth: int = 1) -> dict[str, Json]:
    criteria: dict[str, Json] = {}
    for _ in range(draw(st.integers(1, 2))):
        kind = draw(st.sampled_from(["=", "in", "gt", "ne", "&", "|", "link", "!"]))
        field = draw(FIELDS)
        if kind == "=":
            criteria[field] = draw(OPERANDS)
        elif kind == "in":
            criteria[f"{field}__in"] = draw(st.one_of(st.lists(OPERANDS, max_size=3)))
        elif kind in ("gt", "ne"):
            criteria[f"{field}__{kind}"] = draw(st.sampled_from(SCALARS))
        elif kind == "link":
            criteria["|"] = {field: draw(st.sampled_from([1, "1", "a"]))}
        elif depth and kind == "!":
            criteria["!"] = draw(_criteria(depth - 1))
        elif depth:
            criteria[kind] = draw(st.lists(_criteria(depth - 1), min_size=1, max_size=2))
    return criteria


STEPS = st.one_of(
    st.tuples(st.just("put"), st.integers(1, 12), RECORDS),
    st.tuples(st.just("delete"), st.integers(1, 12)),
    st.tuples(st.just("search"), _criteria()),
)
SORTS = st.sampled_from(["a", "-a", "a,b", "-a,-b", "a,-b", "=a", "-=b", "n.x,a", "missing", ""])


@pytest.fixture(autouse=True)
def indexes_of_few_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """Index a single record, and a field with a single value."""
    monkeypatch.setattr(indexes, "MIN_RECORDS", 1)
    monkeypatch.setattr(candidates, "MIN_RECORDS", 1)
    monkeypatch.setattr(indexes, "_MIN_VALUES", 1)


def _apply(collection: Collection, step: Any) -> None:
    if step[0] == "put":
        record = {"id": step[1], **copy.deepcopy(step[2])}
        collection.apply(Change([record], [], collection.next_id))
    elif step[0] == "delete":
        collection.apply(Change([], [str(step[1])], collection.next_id))
    else:
        CollectionView("users", collection).search(step[1], sort="a")


def _by_scan(view: CollectionView, criteria: dict[str, Json], sort: str | None) -> list[Record]:
    records, _ = view.list()
    matches = filter(compile_criteria(criteria), records)
    return list(matches) if sort is None else sort_records(matches, sort)


@settings(max_examples=examples(100), deadline=None)
@given(st.lists(STEPS, max_size=25), _criteria(), SORTS, st.integers(0, 3), st.integers(0, 4))
def test_a_search_gives_what_a_scan_gives(
    steps: list[Any], criteria: dict[str, Json], sort: str, offset: int, limit: int
) -> None:
    """Whatever was written since the indexes were built."""
    collection = Collection()
    for step in steps:
        _apply(collection, step)
    view = CollectionView("users", collection)

    for order in (None, sort):
        expected = _by_scan(view, criteria, order)
        page = expected[offset : offset + limit]
        assert list(view.search(criteria, limit, offset, order)) == page
        assert list(view.search(criteria, sort=order)) == expected
        assert view.count(criteria) == len(expected)
    records, total = view.list(limit, offset, sort)
    everything = sort_records(collection.records.values(), sort)
    assert (list(records), total) == (everything[offset : offset + limit], len(everything))
    for place, record in enumerate(everything):
        assert position_of(collection, {}, sort, str(record["id"]), WORK) == place
    for text in TEXTS:
        stored = [record.get("a") for record in collection.records.values()]
        is_stored = any(text in a if isinstance(a, list) else a == text for a in stored)
        assert has_value(collection, "a", text, WORK) is is_stored


@settings(max_examples=examples(50), deadline=None)
@given(
    st.lists(STEPS, max_size=15),
    st.lists(STEPS, max_size=6),
    _criteria(),
    st.one_of(st.none(), SORTS),
)
def test_a_search_in_a_transaction_sees_its_changes(
    steps: list[Any], changes: list[Any], criteria: dict[str, Json], sort: str | None
) -> None:
    collection = Collection(next_id=100)
    for step in steps:
        _apply(collection, step)
    view = CollectionView("users", collection)
    for step in changes:
        if step[0] == "put" and view.replace(step[1], step[2]) is None:
            view.insert({"id": step[1], **step[2]})
        elif step[0] == "delete":
            view.delete(step[1])

    assert list(view.search(criteria, sort=sort)) == _by_scan(view, criteria, sort)


def test_an_unused_index_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each index costs every write some time."""
    monkeypatch.setattr(indexes, "UNUSED_WRITES", 3)
    collection = Collection()
    _apply(collection, ("put", 1, {"a": "x"}))
    CollectionView("users", collection).search({"a": "x"}, sort="b")
    before = collection.indexes.names()

    for number in range(4):
        _apply(collection, ("put", 2, {"a": str(number), "b": number}))

    assert (before, collection.indexes.names()) == (["a"], [])


def test_the_least_recently_used_index_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client can name any number of fields."""
    monkeypatch.setattr(indexes, "MAX_INDEXES", 2)
    collection = Collection()
    _apply(collection, ("put", 1, {"a": "x"}))
    view = CollectionView("users", collection)

    for field in ("a", "b", "a", "c"):
        view.search({field: "x"})

    assert collection.indexes.names() == ["a", "c"]


def test_lists_too_long_for_an_index_are_searched_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(equality_index, "_MAX_ITEMS", 2)
    collection = Collection()
    _apply(collection, ("put", 1, {"a": ["x"]}))
    view = CollectionView("users", collection)
    before = view.search({"a": "z"})

    _apply(collection, ("put", 2, {"a": ["x", "y", "z"]}))

    assert (before, [record["id"] for record in view.search({"a": "z"})]) == ([], [2])


def test_places_of_deleted_records_are_given_back() -> None:
    """A queue of records that come and go must not grow without end."""
    collection = Collection()
    _apply(collection, ("put", 1, {"a": "x"}))
    view = CollectionView("users", collection)
    for number in range(2, 500):
        _apply(collection, ("put", number, {"a": str(number)}))
        view.search({"a": "x"})
        _apply(collection, ("delete", number))

    assert len(collection.indexes._keys) < 100
    assert [record["id"] for record in view.search({"a": "x"})] == [1]
