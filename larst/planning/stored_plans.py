"""The plans of the plan book that may serve a request, ready to run, and those that planners see.

Must never change the book, nor return a program that the policy refuses: files may be edited.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from cachetools import LRUCache

from larst.errors import ProgramRefusedError
from larst.planning.attempts import Check, planning_context
from larst.planning.book import NOT_SERVING, BookEntry, Plans
from larst.planning.intents import has_intent, pinned_error
from larst.planning.lookup import ReadyPlan
from larst.planning.pinned import example_of, nearest_pinned
from larst.planning.planner import Planner, Refusal
from larst.planning.reuse.conditions import can_serve
from larst.planning.shapes.request import ShapedRequest
from larst.prompts import Example

_REJECTED = "a user rejected this program"
_REFUSED = "this program was refused"
_READY_PLANS = 4096


class StoredPlans:
    """Reads one plan book; `is_locked`: learned plans of any planner serve."""

    def __init__(self, book: Plans, planner: Planner, check: Check, *, is_locked: bool) -> None:
        self._book = book
        self._planner = planner
        self._check = check
        self._is_locked = is_locked
        self._ready: LRUCache[str, ReadyPlan] = LRUCache(_READY_PLANS)

    def find(self, shaped: ShapedRequest) -> ReadyPlan | None:
        """Return the plan of the book that serves a request, or None.

        Raises:
            PlanPinnedError: the request has an intent, and a pinned plan has another one.
        """
        for entry in self._book.of_shape(shaped.key):
            ready = self._ready_of(entry) if self._may_serve(entry, shaped) else None
            if ready is not None and has_intent(ready, shaped):
                return ready
            if ready is not None and ready.is_pinned:
                raise pinned_error(entry)
        return None

    def all_fitting(self, shaped: ShapedRequest) -> Iterator[ReadyPlan]:
        """Yield every plan of the book that may serve, also those that `find` does not return."""
        for entry in self.candidates(shaped):
            if (ready := self._ready_of(entry)) is not None and has_intent(ready, shaped):
                yield ready

    def candidates(self, shaped: ShapedRequest) -> Iterator[BookEntry]:
        """Return the entries that may serve: pinned first, then newest first."""
        entries = self._book.of_shape(shaped.key)
        return (entry for entry in entries if self._may_serve(entry, shaped))

    def rejected(self, shaped: ShapedRequest) -> tuple[Refusal, ...]:
        """Return the programs that users rejected for the shape, or that were refused.

        Programs made from the values of another request are left out: they may contain them.
        """
        return tuple(
            Refusal(
                f"{_REJECTED if entry.state == 'rejected' else _REFUSED}"
                f": {entry.reason or 'no reason given'}",
                entry.plan.code.block,
                resource=entry.plan.resource,
            )
            for entry in self._book.of_shape(shaped.key)
            if entry.state in NOT_SERVING
            and (
                entry.condition is None
                or entry.condition.exact is None
                or can_serve(entry.condition, shaped)
            )
        )

    async def example(self, shaped: ShapedRequest) -> Example | None:
        """Return the tenant's pinned plan for a request like this one, for the planner."""
        context = planning_context(shaped, has_values=False)
        for entry in nearest_pinned(self._book.pinned(), context, shaped.schemas):
            ready = self._ready_of(entry)
            literals = None if ready is None else ready.program.literals
            if literals is not None and (example := example_of(entry, literals, shaped.schemas)):
                return example
            await asyncio.sleep(0)  # to check several programs in one turn takes too long
        return None

    def _may_serve(self, entry: BookEntry, shaped: ShapedRequest) -> bool:
        """Return whether an entry may serve: pinned plans of any maker, refused plans never."""
        if entry.state in NOT_SERVING:
            return False
        is_eligible = (
            entry.state == "pinned" or self._is_locked or self._planner.trusts(entry.maker, shaped)
        )
        return is_eligible and (entry.condition is None or can_serve(entry.condition, shaped))

    def _ready_of(self, entry: BookEntry) -> ReadyPlan | None:
        """Return the entry's plan, or None if its file was edited and the policy refuses it."""
        ready = self._ready.get(entry.key)
        is_pinned = entry.state == "pinned"
        is_proven = entry.state != "tried"
        if (
            ready is not None
            and ready.plan is entry.plan
            and (ready.is_pinned, ready.is_proven) == (is_pinned, is_proven)
            and ready.intent == entry.intent
        ):
            return ready
        try:
            program = self._check(entry.plan.code.block)
        except ProgramRefusedError:
            return None
        ready = ReadyPlan(
            key=entry.key,
            plan=entry.plan,
            program=program,
            condition=entry.condition,
            maker=entry.maker,
            source="hit",
            validate_ms=0.0,
            is_pinned=is_pinned,
            is_proven=is_proven,
            intent=entry.intent,
        )
        self._ready[entry.key] = ready
        return ready


def entry_of(ready: ReadyPlan, shaped: ShapedRequest, made_at: datetime) -> BookEntry:
    """Return the entry with which a plan enters the book."""
    usage = ready.usage
    has_tokens = usage.input_tokens > 0 or usage.output_tokens > 0
    tokens: dict[Literal["input", "output"], int]
    tokens = {"input": usage.input_tokens, "output": usage.output_tokens}
    return BookEntry(
        key=ready.key,
        shape=shaped.shape.as_json(),
        facts=dict(shaped.facts),
        planner=ready.maker.planner,
        model=ready.maker.model,
        prompt_version=ready.maker.version,
        plan=ready.plan,
        condition=ready.condition,
        made_at=made_at.isoformat(),
        attempts=usage.calls,
        tokens=tokens if has_tokens else None,
        cost_usd=usage.cost_usd if has_tokens else None,
        intent=ready.intent,
    )
