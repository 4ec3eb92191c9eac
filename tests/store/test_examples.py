"""The examples in the docstrings of the store, and of the protocols that it implements."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest

from larst.domain import SESSION_STORE_METHODS, STORE_METHODS, ResourceStore, stores
from larst.store import collection_view, id_floors, patching, transaction, work
from larst.store.query import criteria, sorting
from larst.store.schema import drift, learning


@pytest.mark.parametrize(
    "module",
    [stores, transaction, patching, id_floors, work, criteria, sorting, drift, learning],
    ids=lambda module: str(module.__name__),
)
def test_examples_in_docstrings_work(module: ModuleType) -> None:
    results = doctest.testmod(module)

    assert results.attempted > 0
    assert results.failed == 0


def test_programs_may_call_the_methods_of_the_protocols_only() -> None:
    """The policy refuses every other name, so a method that is missing here cannot be called."""
    assert {
        "insert",
        "get",
        "replace",
        "update",
        "delete",
        "update_where",
        "delete_where",
        "list",
        "search",
        "count",
        "aggregate",
        "get_schema",
    } == STORE_METHODS
    assert {"resource", "names"} == SESSION_STORE_METHODS


def test_the_store_implements_the_protocol() -> None:
    """Checked by mypy: the assignment fails there if a parameter differs."""
    view: ResourceStore = transaction.Transaction({}).resource("users")

    assert isinstance(view, collection_view.CollectionView)
