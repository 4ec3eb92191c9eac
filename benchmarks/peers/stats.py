"""Percentiles and medians of measurements."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

__all__ = ["median", "percentile", "ratio"]


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def ratio(value: float | None, unit: float | None) -> float | None:
    """Return value / unit; None if either was not measured."""
    return value / unit if value is not None and unit else None
