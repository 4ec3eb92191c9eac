"""The check between the run of a program and its commit. larst/session/effects.py has the rules."""

from __future__ import annotations

from larst.errors import EffectRefusedError
from larst.planning import RULES, ReadyPlan
from larst.planning.shapes import ShapedRequest
from larst.session.effects import effects_of, names_of, refusal_of
from larst.session.execution import ProgramRun
from larst.store import SessionStore


def must_check(ready: ReadyPlan, run: ProgramRun) -> bool:
    """Return whether the effects of a run are in question.

    The rules write their programs for the path, a user has approved a pinned one, and a reply that
    reports an error changes nothing.
    """
    return ready.maker.planner != RULES and not ready.is_pinned and run.reply.status < 400


def require_effects(
    store: SessionStore, shaped: ShapedRequest, ready: ReadyPlan, run: ProgramRun
) -> None:
    """Return if a program may have the effects that the commit of its run would have.

    Raises:
        EffectRefusedError: it may not.
    """
    program, words = ready.plan.code.block, shaped.request.segments
    reason = refusal_of(
        effects_of(run.transaction, store.record),
        names_of(shaped, ready.plan.resource, store.record),
        is_shown=lambda resource: resource in words or resource in program,
    )
    if reason is not None:
        raise EffectRefusedError(reason)
