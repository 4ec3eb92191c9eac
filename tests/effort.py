"""How many examples a test with generated cases runs."""

from __future__ import annotations

import os

EFFORT = float(os.environ.get("FUZZ_EFFORT", "1"))
"""How many times as many examples as in the default suite; CI and a release run more."""


def examples(count: int) -> int:
    """Return how many examples to run, where the default suite runs `count`."""
    return int(count * EFFORT)
