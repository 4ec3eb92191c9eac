"""A new version of a plan: the program of a user in the place of a planner's. Pure."""

from __future__ import annotations

from datetime import datetime

from larst.domain import CheckedProgram
from larst.planning.book.files import BookEntry
from larst.planning.shapes.shape import plan_key


def new_version(entry: BookEntry, program: CheckedProgram, now: datetime) -> BookEntry:
    """Return the entry of a program that replaces that of `entry` for the same requests.

    It is pinned: the user who wrote it has approved it. Its key differs, since the program does.
    """
    condition = None if entry.condition is None else entry.condition.model_dump()
    code = entry.plan.code.model_copy(update={"block": program.source})
    return entry.model_copy(
        update={
            "key": plan_key(
                entry.shape_key,
                entry.planner,
                entry.model,
                entry.prompt_version,
                condition,
                program.source,
            ),
            "plan": entry.plan.model_copy(update={"code": code}),
            "state": "pinned",
            "reason": None,
            "made_at": now.isoformat(),
            "uses": 0,
            "last_used_at": None,
            "attempts": 0,
            "tokens": None,
            "cost_usd": None,
        }
    )
