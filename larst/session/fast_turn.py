"""A request that is answered in the turn of the event loop in which its bytes arrive.

Must never wait, and must leave nothing behind when it declines: the request then goes the ordinary
way from its start (`ordinary_turn.py`).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from larst.actors import NOT_NOW, NotNow
from larst.domain import LeaveLoopError
from larst.errors import LarstError
from larst.session.messages import ReplyMemo, SessionReply, SessionRequest
from larst.session.serving import SAFE_METHODS, look_up, record_plan, record_route
from larst.session.stages import Stages
from larst.telemetry import count
from larst.telemetry.metric_store import HIT
from larst.telemetry.metrics import BOOK_LOOKUPS

_CHECKED_FIRST = frozenset({"if-match", "if-none-match", "idempotency-key"})
"""The headers of a change that need another look-up first."""


class FastTurn:
    """Runs requests whose plans exist and whose programs run here."""

    __slots__ = ("_resolver", "_stages")

    def __init__(self, stages: Stages) -> None:
        self._stages = stages
        self._resolver = stages.pipeline.resolver

    def answer(self, message: SessionRequest) -> SessionReply | NotNow:
        """Run a request whose plan exists, if its program runs here."""
        stages = self._stages
        is_change = message.request.method not in SAFE_METHODS
        is_checked = is_change and not _CHECKED_FIRST.isdisjoint(message.request.headers)
        if is_checked or stages.contract.exists:  # the reply is held against a contract
            return NOT_NOW
        try:
            shaped = stages.reader.read(message.request)
            ready = look_up(message, shaped, self._resolver.peek, stages.clock)
            if ready is not None and stages.pipeline.noted.needs(ready):
                return NOT_NOW
            run = None if ready is None else stages.programs.run_now(shaped, ready)
            if ready is None or run is None or run.transaction.is_large:
                return NOT_NOW
            quota = stages.quota
            if quota is not None and quota.concerns(stages.store, message.request, run):
                return NOT_NOW  # the quota looks at the disk
            if not stages.proof.require_now(shaped, ready, run):
                return NOT_NOW
            drifts = stages.commits.apply_now(run, ready)
        except (LarstError, LeaveLoopError):
            return NOT_NOW  # `on_message` raises it again, and does what it requires
        self._resolver.keep(ready, shaped, is_refused=run.reply.status >= 400)
        count(BOOK_LOOKUPS, labels=HIT)  # not earlier: `on_message` counts its own
        record_plan(message.trace, ready)
        record_route(message.trace, stages.store.data.resources, shaped, ready)
        reply = stages.commits.reply(message.trace, shaped, ready, run, drifts)
        states = stages.store.data.states_read()
        if states is None or run.reply.status != 200:
            return reply
        count_use = partial(self._resolver.count_use, ready, message.request.session_key)
        memo = ReplyMemo((*states, *self._resolver.book_states), count_use)
        return replace(reply, memo=memo)
