"""Judgements on the results of cases: rates, kinds of failure, data lost. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Literal

from larst.evaluation.runner import CaseResult

Failure = Literal[
    "no plan", "no reply", "server error", "wrong status", "wrong reply", "wrong effect"
]

_EFFECTS = ("then ", "data: ")
"""How the reasons begin that concern the stored data."""

_STATUS = re.compile(r"status (\d{3}), not")


def failure_of(result: CaseResult) -> Failure | None:
    """Return the kind of a case's first failure, or None if it passed.

    `no plan`: 501 or 502; `wrong effect`: the reply was right, but a later request shows that what
    was stored is not.
    """
    if result.passed:
        return None
    first = result.reasons[0]
    if first.startswith("no reply"):
        return "no reply"
    if first.startswith(_EFFECTS):
        return "wrong effect"
    if (match := _STATUS.search(first)) is None:
        return "wrong reply"
    status = int(match[1])
    if status in (501, 502):
        return "no plan"
    return "server error" if status >= 500 else "wrong status"


def passed_at_once(result: CaseResult) -> bool:
    """Return whether a case passed without a repair."""
    return result.passed and result.repairs == 0


def lost_data(result: CaseResult) -> bool:
    """Return whether an attack changed or removed records."""
    return result.group == "adversarial" and any(
        reason.startswith(_EFFECTS) for reason in result.reasons
    )


def failures(results: Sequence[CaseResult]) -> dict[str, int]:
    """Return the number of failures of each kind, the most frequent first."""
    kinds = Counter(kind for result in results if (kind := failure_of(result)) is not None)
    return dict(kinds.most_common())
