"""Intents: the meaning of a request in a user's words, and the plans that have it. Pure.

An intent is kept in the plan that was made from it, and does not belong to its key: requests
without one use that plan, and a request with another one is planned again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from larst.domain import Guidance
from larst.errors import PlanPinnedError
from larst.planning.book import NOT_SERVING, BookEntry
from larst.planning.lookup import ReadyPlan
from larst.planning.shapes.request import ShapedRequest


def has_intent(plan: ReadyPlan | BookEntry, shaped: ShapedRequest) -> bool:
    """Return whether a plan means what a request says that it means, if it says anything."""
    return shaped.request.guidance.intent in (None, plan.intent)


def guidance_of(shaped: ShapedRequest, entries: Iterable[BookEntry]) -> Guidance:
    """Return the guidance of a request; without an intent of its own, it has that of its shape.

    `entries` are the plans of the shape, the newest first.
    """
    guidance = shaped.request.guidance
    if guidance.intent is not None:
        return guidance
    serving = (entry.intent for entry in entries if entry.state not in NOT_SERVING)
    return replace(guidance, intent=next((intent for intent in serving if intent), None))


def pinned_error(entry: BookEntry) -> PlanPinnedError:
    """Return the error that a user has approved a plan with another intent."""
    meaning = "no intent" if entry.intent is None else f"the intent {entry.intent!r}"
    return PlanPinnedError(
        f"the plan {entry.key[:8]} of this shape is pinned, with {meaning}; reject or delete it"
        " before you teach another"
    )
