"""The example in the docstring of `Sandbox` runs, and prints the output that it shows."""

from __future__ import annotations

import doctest

from larst.sandbox import protocol


def test_the_example_of_the_protocol_runs() -> None:
    """People who write a sandbox start from a copy of it."""
    results = doctest.testmod(protocol, report=True)

    assert results.attempted > 0
    assert results.failed == 0
