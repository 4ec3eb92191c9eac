"""A planner for LLM_MOCK_HANDLER whose plans, or bugs, cause failures in a running service."""

from __future__ import annotations

import asyncio
from typing import Any

from larst.sandbox import MontySandbox
from larst.store.session_commits import SessionCommits
from tests.wire.planner import context_of, good_plan, plan_text

SLOW_S = 1.5
STORED = "a s3cret value"
ENDLESS = "count = 0\nwhile True:\n    count = count + 1\nREPLY = make_response(200, count)"
MANY_CALLS = (
    'for number in range(30):\n    store.insert({"n": number})\n'
    'session_store.resource("others").list()\nREPLY = make_response(200, store.count())'
)


def plan(prompt: str) -> str:
    """Return the plan for the first word of the path in the prompt."""
    context = context_of(prompt)
    match context["segments"][0]:
        case "repaired" if "YOUR EARLIER ANSWERS" not in prompt:
            return plan_text("import os\nREPLY = 1", "repaired")
        case "refused":
            return plan_text("import os\nREPLY = 1", "refused")
        case "endless":
            return plan_text(ENDLESS, "endless")
        case "busy":
            return plan_text(MANY_CALLS, "busy")
        case "crash":
            _break_the_store()
        case "slow":
            _slow_the_pipeline()
    return good_plan("", prompt)


def _break_the_store() -> None:
    """Put a bug into the running service that affects the next request."""
    begin = SessionCommits.begin

    def broken(_commits: SessionCommits, *_arguments: Any, **_options: Any) -> Any:
        setattr(SessionCommits, "begin", begin)  # noqa: B010 - restores the method
        raise RuntimeError(f"a bug, on purpose, that quotes {STORED}")

    setattr(SessionCommits, "begin", broken)  # noqa: B010 - replaces a method despite its type


def _slow_the_pipeline() -> None:
    """Delay the next program in a worker by SLOW_S seconds, during which its session waits."""
    run = MontySandbox.run

    async def slow(*arguments: Any, **options: Any) -> Any:
        setattr(MontySandbox, "run", run)  # noqa: B010 - undo the change
        await asyncio.sleep(SLOW_S)
        return await run(*arguments, **options)

    setattr(MontySandbox, "run", slow)  # noqa: B010 - as above
