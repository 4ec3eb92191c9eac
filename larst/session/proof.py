"""The checks between the run of a program and its commit: what it did is held against the request.

An impossible effect is refused at every run (larst/session/effects.py). An odd one is asked about
once, before the plan counts as proven (larst/session/oddities.py). Must never commit anything.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import TypeAlias

from larst.domain import RequestContext
from larst.errors import (
    EffectQuestionedError,
    EffectRefusedError,
    ExampleMissedError,
    LarstError,
    ProgramFailedError,
)
from larst.planning import RULES, ReadyPlan
from larst.planning.models.redaction import REHEARSED
from larst.planning.reuse.conditions import can_serve
from larst.planning.shapes import ShapedRequest
from larst.planning.wanted import differences
from larst.session.effects import READING, effects_of, refusal_of
from larst.session.execution import ProgramRun, ProgramRunner
from larst.session.oddities import FirstRun, is_repetition, oddity_of
from larst.session.pipeline import Pipeline
from larst.session.rehearsal import rehearsal_requests
from larst.session.request_names import named_records, names_of
from larst.store import SessionStore

REHEARSAL_S = 2.0
"""The time that all rehearsals of a program may take."""

_CLIENT_ERROR = 400

Read: TypeAlias = Callable[[RequestContext], Awaitable[ShapedRequest]]
"""Shapes a request as the session reads it."""


class Proof:
    """Checks the runs of one session, and rehearses new programs that write."""

    def __init__(self, pipeline: Pipeline, programs: ProgramRunner) -> None:
        self._pipeline = pipeline
        self._programs = programs
        self._store = programs.store

    def require_now(self, shaped: ShapedRequest, ready: ReadyPlan, run: ProgramRun) -> bool:
        """Return whether the run of a proven plan may be committed; False: `require` decides.

        Raises:
            EffectRefusedError: it may not have the effects that it would have.
        """
        if _is_trusted(ready):
            return True
        if not ready.is_proven:
            return False
        if run.reply.status < _CLIENT_ERROR:
            self._require_possible(shaped, ready, run)
        return True

    async def require(
        self,
        shaped: ShapedRequest,
        ready: ReadyPlan,
        run: ProgramRun,
        read: Read,
    ) -> bool:
        """Return, if the run may be committed, whether it proves the plan.

        `read` shapes a request of a rehearsal.

        Raises:
            EffectRefusedError: it may not have the effects that it would have.
            EffectQuestionedError: they are odd, and the planner has not said that it means them.
            ProgramFailedError: the program fails with other records or values.
            ExampleMissedError: the reply is not the one that the sender wants.
        """
        _require_wanted(shaped, run)
        if _is_trusted(ready):
            return True
        is_new = self._pipeline.has_proof and not ready.is_proven
        if run.reply.status < _CLIENT_ERROR:
            await self._off_loop_if_large(partial(self._require_possible, shaped, ready, run), run)
        is_proof = True
        if is_new and not self._pipeline.resolver.is_meant(ready):
            first_run = _first_run(self._store, shaped, ready, run)
            await self._off_loop_if_large(partial(_require_usual, first_run), run)
            is_proof = not is_repetition(first_run)
        is_write = run.reply.status < _CLIENT_ERROR and shaped.request.method not in READING
        if is_new and is_write and run.transaction.has_changes:
            with self._store.work.within(REHEARSAL_S):
                await self._rehearse(shaped, ready, read)
        return is_proof

    async def _off_loop_if_large(self, check: Callable[[], None], run: ProgramRun) -> None:
        if run.transaction.is_large:
            await self._store.work.off_loop(check)
        else:
            check()

    def _require_possible(self, shaped: ShapedRequest, ready: ReadyPlan, run: ProgramRun) -> None:
        store, program = self._store, ready.plan.code.block
        words = shaped.request.segments
        reason = refusal_of(
            effects_of(run.transaction, store.data.record),
            names_of(shaped, ready.plan.resource, store.data.record),
            is_shown=lambda resource: resource in words or resource in program,
        )
        if reason is not None:
            raise EffectRefusedError(reason)

    async def _rehearse(self, shaped: ShapedRequest, ready: ReadyPlan, read: Read) -> None:
        """Run the program for other records and other values; nothing of it is kept.

        Raises:
            ProgramFailedError: a run raises, or would have effects that it may not have.
        """
        clock = self._programs.clock
        deadline_s = clock.now() + REHEARSAL_S
        # Even to read two records is too much for the event loop after a long run.
        find = partial(rehearsal_requests, shaped, self._store)
        for request in await self._store.work.run(find):
            if clock.now() >= deadline_s:
                return
            try:
                other = await read(request)
                if other.key != shaped.key or not _serves(ready, other):
                    continue
                run = await self._programs.run(other, ready, deadline_s)
                if run.reply.status < _CLIENT_ERROR:
                    check = partial(self._require_possible, other, ready, run)
                    await self._off_loop_if_large(check, run)
            except EffectRefusedError:
                raise
            except ProgramFailedError as error:
                raise ProgramFailedError(f"{REHEARSED}, {error.detail}") from error
            except LarstError:
                continue  # too slow, or refused for its values: no fault of the program


def _require_usual(run: FirstRun) -> None:
    if (reason := oddity_of(run)) is not None:
        raise EffectQuestionedError(reason)


def _require_wanted(shaped: ShapedRequest, run: ProgramRun) -> None:
    goal = shaped.request.guidance.reply
    if goal is not None and (missed := differences(goal, run.reply)):
        raise ExampleMissedError(f"the reply is not the wanted one: {'; '.join(missed)}")


def _is_trusted(ready: ReadyPlan) -> bool:
    """Return whether nothing is checked: the rules plan for the path, a user has approved a pin."""
    return ready.maker.planner == RULES or ready.is_pinned


def _serves(ready: ReadyPlan, shaped: ShapedRequest) -> bool:
    return ready.condition is None or can_serve(ready.condition, shaped)


def _first_run(
    store: SessionStore,
    shaped: ShapedRequest,
    ready: ReadyPlan,
    run: ProgramRun,
) -> FirstRun:
    def fields_of(resource: str) -> Collection[str]:
        schema = store.data.schema(resource)
        return () if schema is None else schema["fields"]

    return FirstRun(
        method=shaped.request.method,
        words=tuple(segment.text for segment in shaped.shape.path if not segment.is_identifier),
        body=shaped.request.body.json,
        program=ready.program,
        status=run.reply.status,
        effects=effects_of(run.transaction, store.data.record),
        written={name: change.put for name, change in run.transaction.changes().items()},
        stored=store.data.record,
        named=named_records(shaped, store.data.record),
        fields_of=fields_of,
    )
