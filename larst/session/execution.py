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
from larst.errors import WorkerLostError
from larst.planning import RULES, ReadyPlan
from larst.planning.shapes import Binding, ShapedRequest, bind
from larst.session.items import ITEM_ACTIONS, named_items
from larst.session.pipeline import Pipeline
from larst.session.reading_work import require_reading
from larst.session.run_places import Place
from larst.session.session_clock import time_of_request
from larst.store import SessionStore, Transaction
from larst.telemetry import Stage


@value_object
class ProgramRun:
    """A program's reply, and the changes that it made but that are not committed yet.

    `binding` holds the values that completed the plan. `is_proof`: whether a success proves it.
    """

    reply: Reply
    transaction: Transaction
    binding: Binding
    is_proof: bool = True


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
        binding = await self.store.work.run(partial(self._bind, shaped, ready))
        inputs = self._inputs(shaped, ready, binding)
        transaction, body = self.store.commits.begin(inputs.now), shaped.request.body
        key = self._key_of(ready)
        with Stage("exec"):
            begun_s = self.clock.now()
            run = await self._run_direct(key, ready, inputs, body, transaction)
            if run is None:
                begun_s = self.clock.now()
                owner = shaped.request.tenant.key_of("") or self.store.session_id
                run = await self._run_in_worker(ready, inputs, body, deadline_s, owner)
            self.pipeline.places.ended(key, self.clock.now() - begun_s)
        reply, transaction = run
        return ProgramRun(reply, transaction, binding)

    def run_now(self, shaped: ShapedRequest, ready: ReadyPlan) -> ProgramRun | None:
        """Run the plan's program without a wait; None if it must run elsewhere.

        Raises:
            LarstError: the error of a store call, or a reply that is too large.
        """
        key = self._key_of(ready)
        if self.pipeline.direct is None or self.pipeline.places.find(key) is not Place.LOOP:
            return None
        try:
            binding = self._bind(shaped, ready)
            inputs = self._inputs(shaped, ready, binding)
            transaction = self.store.commits.begin(inputs.now)
            with Stage("exec"), _items(ready, shaped.request.body, transaction):
                reply = self.pipeline.direct.run(ready.program, inputs, transaction)
        except (LeaveLoopError, BudgetSpentError):
            self.pipeline.places.exceeded(key, Place.LOOP)
            return None
        return None if reply is None else ProgramRun(reply, transaction, binding)

    def _bind(self, shaped: ShapedRequest, ready: ReadyPlan) -> Binding:
        require_reading(self.store, shaped.request)
        return bind(shaped, ready.plan, self.store.data)

    def _key_of(self, ready: ReadyPlan) -> tuple[str, str]:
        return self.store.session_id, ready.key

    def _inputs(self, shaped: ShapedRequest, ready: ReadyPlan, binding: Binding) -> ProgramInputs:
        clock = self.store.settings.current.clock
        return ProgramInputs(
            # Building it is costly, and most programs of the rules do not use it.
            ctx=shaped.request.as_json() if "ctx" in ready.program.names else {},
            plan=binding.fill(ready.plan),
            resource=ready.plan.resource,
            now=time_of_request(shaped.request.headers, clock, self.store.now),
        )

    async def _run_direct(
        self,
        key: tuple[str, str],
        ready: ReadyPlan,
        inputs: ProgramInputs,
        body: Body,
        transaction: Transaction,
    ) -> tuple[Reply, Transaction] | None:
        """Run the program without a worker; None if that cannot be."""
        places = self.pipeline.places
        if self.pipeline.direct is None or places.find(key) is Place.WORKER:
            return None
        run = partial(self.pipeline.direct.run, ready.program, inputs)
        if places.find(key) is Place.LOOP:
            try:
                with _items(ready, body, transaction):
                    reply = run(transaction)
            except (LeaveLoopError, BudgetSpentError):
                places.exceeded(key, Place.LOOP)
                transaction = self.store.commits.begin(inputs.now)
            else:
                return None if reply is None else (reply, transaction)
        with _items(ready, body, transaction):
            reply = await self.store.work.off_loop(partial(run, transaction, is_in_thread=True))
        if reply is None:
            places.exceeded(key, Place.THREAD)
            return None
        return reply, transaction

    async def _run_in_worker(
        self, ready: ReadyPlan, inputs: ProgramInputs, body: Body, deadline_s: float, owner: str
    ) -> tuple[Reply, Transaction]:
        """Run the program in a worker; if the worker dies, once more in another one.

        What the first run did is dropped with its transaction, so that nothing was changed. It does
        not run a third time: the program itself may be the one that kills workers.

        Raises:
            LarstError: see `Sandbox.run`.
        """
        try:
            return await self._run_once_in_worker(ready, inputs, body, deadline_s, owner)
        except WorkerLostError:
            return await self._run_once_in_worker(ready, inputs, body, deadline_s, owner)

    async def _run_once_in_worker(
        self, ready: ReadyPlan, inputs: ProgramInputs, body: Body, deadline_s: float, owner: str
    ) -> tuple[Reply, Transaction]:
        transaction = self.store.commits.begin(inputs.now)
        with _items(ready, body, transaction):
            reply = await self.pipeline.sandbox.run(
                ready.program,
                inputs,
                transaction,
                timeout_s=deadline_s - self.clock.now(),
                owner=owner,
            )
        return reply, transaction


def _items(ready: ReadyPlan, body: Body, transaction: Transaction) -> AbstractContextManager[None]:
    """Return the context that names the item of a list in an error."""
    has_items = ready.maker.planner == RULES and ready.plan.action in ITEM_ACTIONS
    if has_items and body.kind is BodyKind.LIST:
        return named_items(body, transaction)
    return nullcontext()
