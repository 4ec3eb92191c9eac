"""The examples in the docstrings of the room run, and print what they show."""

from __future__ import annotations

import doctest

import pytest

from larst.actors import actor, gate


@pytest.mark.parametrize("module", [actor, gate], ids=["actor", "gate"])
def test_the_example_of_each_class_that_people_use_runs(module: object) -> None:
    """An example that no longer works misleads the reader who copies it."""
    results = doctest.testmod(module, report=True)  # type: ignore[arg-type]  # pytest's parameters

    assert results.attempted > 0
    assert results.failed == 0
