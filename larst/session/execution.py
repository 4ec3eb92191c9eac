"""The run of a plan's program: directly if it can be, else in a sandbox worker.

Must never keep changes of a direct run that did not end: a worker begins a new transaction.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial

from larst.actors import Clock
from larst.direct import BudgetSpentError
from larst.domain import Body, BodyKind, LeaveLoopError, ProgramInputs, Reply, value_object
from larst.planning import RULES, ReadyPlan
from larst.planning.shapes import Binding, ShapedRequest, bind
from larst.session.items import ITEM_ACTIONS, named_items
from larst.session.pipeline import Pipeline
from larst.store import SessionStore, Transaction
from larst.telemetry import Stage


@value_object
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
        binding = await self.store.work.run(partial(bind, shaped, ready.plan, self.store))
        inputs = self._inputs(shaped, ready, binding)
        transaction, body = self.store.begin(), shaped.request.body
        with Stage("exec"):
            run = await self._run_direct(ready, inputs, body, transaction)
            if run is None:
                run = await self._run_in_worker(ready, inputs, body, deadline_s)
        reply, transaction = run
        return ProgramRun(reply, transaction, binding)

    def run_now(self, shaped: ShapedRequest, ready: ReadyPlan) -> ProgramRun | None:
        """Run the plan's program without a wait; None if it must run elsewhere.

        Raises:
            LarstError: the error of a store call, or a reply that is too large.
        """
        if self.pipeline.direct is None:
            return None
        try:
            binding = bind(shaped, ready.plan, self.store)
            inputs = self._inputs(shaped, ready, binding)
            transaction = self.store.begin()
            with Stage("exec"), _items(ready, shaped.request.body, transaction):
                reply = self.pipeline.direct.run(ready.program, inputs, transaction)
        except (LeaveLoopError, BudgetSpentError):
            return None
        return None if reply is None else ProgramRun(reply, transaction, binding)

    def _inputs(self, shaped: ShapedRequest, ready: ReadyPlan, binding: Binding) -> ProgramInputs:
        return ProgramInputs(
            # Building it is costly, and most programs of the rules do not use it.
            ctx=shaped.request.as_json() if "ctx" in ready.program.names else {},
            plan=binding.fill(ready.plan),
            resource=ready.plan.resource,
        )

    async def _run_direct(
        self, ready: ReadyPlan, inputs: ProgramInputs, body: Body, transaction: Transaction
    ) -> tuple[Reply, Transaction] | None:
        """Run the program without a worker; None if that cannot be."""
        if self.pipeline.direct is None:
            return None
        run = partial(self.pipeline.direct.run, ready.program, inputs)
        try:
            with _items(ready, body, transaction):
                reply = run(transaction)
        except (LeaveLoopError, BudgetSpentError):
            transaction = self.store.begin()
            with _items(ready, body, transaction):
                reply = await self.store.work.off_loop(partial(run, transaction, is_in_thread=True))
        return None if reply is None else (reply, transaction)

    async def _run_in_worker(
        self, ready: ReadyPlan, inputs: ProgramInputs, body: Body, deadline_s: float
    ) -> tuple[Reply, Transaction]:
        transaction = self.store.begin()
        with _items(ready, body, transaction):
            reply = await self.pipeline.sandbox.run(
                ready.program,
                inputs,
                transaction,
                timeout_s=deadline_s - self.clock.now(),
                owner=self.store.session_id,
            )
        return reply, transaction


def _items(ready: ReadyPlan, body: Body, transaction: Transaction) -> AbstractContextManager[None]:
    """Return the context that names the item of a list in an error."""
    has_items = ready.maker.planner == RULES and ready.plan.action in ITEM_ACTIONS
    if has_items and body.kind is BodyKind.LIST:
        return named_items(body, transaction)
    return nullcontext()
