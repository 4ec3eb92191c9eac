"""The run of a plan's program: directly if it can be, else in a sandbox worker.

Must never keep changes of a direct run that did not end: a worker begins a new transaction.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from larst.actors import Clock
from larst.domain import Body, BodyKind, ProgramInputs, Reply
from larst.planning import RULES, ReadyPlan
from larst.planning.shapes import Binding, ShapedRequest, bind
from larst.session.items import ITEM_ACTIONS, named_items
from larst.session.pipeline import Pipeline
from larst.store import SessionStore, Transaction
from larst.telemetry import Stage


@dataclass(frozen=True, slots=True)
class ProgramRun:
    """A program's reply, and the changes that it made but that are not committed yet.

    `binding` holds the values that completed the plan.
    """

    reply: Reply
    transaction: Transaction
    binding: Binding


@dataclass(frozen=True, slots=True)
class ProgramRunner:
    """Runs the programs of one session."""

    pipeline: Pipeline
    store: SessionStore
    clock: Clock

    async def run(self, shaped: ShapedRequest, ready: ReadyPlan, deadline_s: float) -> ProgramRun:
        """Run the plan's program in a new transaction.

        Raises:
            LarstError: see `Sandbox.run`.
        """
        binding = bind(shaped, ready.plan, self.store)
        inputs = self._inputs(shaped, ready, binding)
        body, is_by_rules = shaped.request.body, ready.maker.planner == RULES
        has_items = is_by_rules and ready.plan.action in ITEM_ACTIONS
        transaction = self.store.begin()
        with Stage("exec"):
            # What a model wrote can still find work that the budget of a direct run does not
            # count, and would hold the event loop.
            if is_by_rules and self.pipeline.direct is not None:
                with _items(body, transaction, has_items=has_items):
                    reply = self.pipeline.direct.run(ready.program, inputs, transaction)
                if reply is not None:
                    return ProgramRun(reply, transaction, binding)
                transaction = self.store.begin()
            with _items(body, transaction, has_items=has_items):
                timeout_s = deadline_s - self.clock.now()
                reply = await self.pipeline.sandbox.run(
                    ready.program, inputs, transaction, timeout_s=timeout_s
                )
        return ProgramRun(reply, transaction, binding)

    def run_now(self, shaped: ShapedRequest, ready: ReadyPlan) -> ProgramRun | None:
        """Run the plan's program without a wait; None if it must run in a worker.

        Raises:
            LarstError: the error of a store call, or a reply that is too large.
        """
        if self.pipeline.direct is None or ready.maker.planner != RULES:
            return None
        binding = bind(shaped, ready.plan, self.store)
        inputs = self._inputs(shaped, ready, binding)
        transaction = self.store.begin()
        has_items = ready.plan.action in ITEM_ACTIONS
        with Stage("exec"), _items(shaped.request.body, transaction, has_items=has_items):
            reply = self.pipeline.direct.run(ready.program, inputs, transaction)
        return None if reply is None else ProgramRun(reply, transaction, binding)

    def _inputs(self, shaped: ShapedRequest, ready: ReadyPlan, binding: Binding) -> ProgramInputs:
        return ProgramInputs(
            # Building it is costly, and most programs of the rules do not use it.
            ctx=shaped.request.as_json() if "ctx" in ready.program.names else {},
            plan=binding.fill(ready.plan),
            resource=ready.plan.resource,
        )


def _items(
    body: Body, transaction: Transaction, *, has_items: bool
) -> AbstractContextManager[None]:
    """Return the context that names the item of a list in an error."""
    if has_items and body.kind is BodyKind.LIST:
        return named_items(body, transaction)
    return nullcontext()
