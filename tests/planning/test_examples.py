"""The examples in the docstrings run, and print what they show."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest

from larst import prices
from larst.planning import planner
from larst.planning.models import base
from larst.planning.reuse import criteria_fields


@pytest.mark.parametrize("module", [planner, base, criteria_fields, prices])
def test_the_example_runs(module: ModuleType) -> None:
    """Users copy these examples."""
    results = doctest.testmod(module, report=True)

    assert results.attempted > 0
    assert results.failed == 0
