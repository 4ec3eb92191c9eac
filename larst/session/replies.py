"""The replies of a session: of a program, and of an earlier request with the same key.

Must never decide whether a change is applied: the actor does.
"""

from __future__ import annotations

from collections.abc import Sequence

from larst.config import SchemaMode
from larst.domain import Reply
from larst.errors import SchemaBrokenError
from larst.planning import RULES, ReadyPlan
from larst.planning.shapes import Binding, ShapedRequest
from larst.session.idempotency import StoredReply
from larst.session.messages import SessionReply
from larst.session.preconditions import reply_etag
from larst.store import SessionStore, Transaction


def program_reply(
    store: SessionStore,
    shaped: ShapedRequest,
    ready: ReadyPlan,
    reply: Reply,
    binding: Binding,
    drifts: Sequence[str],
) -> SessionReply:
    """Return a program's reply with what the session adds to it."""
    return SessionReply(
        reply=reply,
        etag=reply_etag(store, shaped, ready, reply),
        hint=binding.hint if reply.status < 300 else None,
        drifts=tuple(drifts),
        reading=shaped.reading,
        path=shaped.path,
        action=ready.plan.action,
        is_by_rules=ready.maker.planner == RULES,
        offset=binding.offset,
        embeds=_embeds(binding) if binding.embed else {},
    )


def _embeds(binding: Binding) -> dict[str, str]:
    return {step["name"]: step["resource"] for step in binding.embed}


def replayed_reply(stored: StoredReply, shaped: ShapedRequest) -> SessionReply:
    """Return a stored reply, to be presented as the first one was."""
    return SessionReply(
        reply=stored.reply,
        hint=stored.hint,
        reading=shaped.reading,
        path=shaped.path,
        action=stored.action,
        is_by_rules=stored.is_by_rules,
        is_replay=True,
    )


def drifts_of(store: SessionStore, transaction: Transaction, mode: SchemaMode) -> list[str]:
    """Return how written records differ from the learned schema,.

    Raises:
        SchemaBrokenError: they differ, and LARS_SCHEMA_MODE=enforce.
    """
    drifts = store.data.find_drifts(transaction)
    if drifts and mode == "enforce":
        raise SchemaBrokenError(
            f"{'; '.join(drifts)}. Nothing was stored: send records like the first one, or"
            " set LARS_SCHEMA_MODE=learn to widen the schema"
        )
    return drifts
