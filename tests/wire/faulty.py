"""A planner for LLM_MOCK_HANDLER, by whose plans things go wrong in a service that really runs."""

from __future__ import annotations

import asyncio
from typing import Any

from larst.session.pipeline import Pipeline
from larst.store import SessionStore
from tests.wire.planner import context_of, good_plan, plan_text

SLOW_S = 1.5
STORED = "a s3cret value"
ENDLESS = "count = 0\nwhile True:\n    count = count + 1\nREPLY = make_response(200, count)"
MANY_CALLS = (
    'for number in range(30):\n    store.insert({"n": number})\n'
    'session_store.resource("others").list()\nREPLY = make_response(200, store.count())'
)


def plan(prompt: str) -> str:
    """Return a plan by the first word of the path that the prompt shows."""
    context = context_of(prompt)
    match context["segments"][0]:
        case "mended" if "YOUR EARLIER ANSWERS" not in prompt:
            return plan_text("import os\nREPLY = 1", "mended")
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
    """Put a bug into the service that runs this, which the very next request meets."""
    begin = SessionStore.begin

    def broken(_store: SessionStore) -> Any:
        setattr(SessionStore, "begin", begin)  # noqa: B010 - as it was
        raise RuntimeError(f"a bug, on purpose, that quotes {STORED}")

    setattr(SessionStore, "begin", broken)  # noqa: B010 - a bug put in, where types say there is none


def _slow_the_pipeline() -> None:
    """Have the very next program take SLOW_S to begin, while its session waits for it."""
    run = Pipeline.run

    async def slow(*given: Any, **more: Any) -> Any:
        setattr(Pipeline, "run", run)  # noqa: B010 - as it was
        await asyncio.sleep(SLOW_S)
        return await run(*given, **more)

    setattr(Pipeline, "run", slow)  # noqa: B010 - as above
