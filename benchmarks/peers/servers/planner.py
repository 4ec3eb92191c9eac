"""A planner for LLM_MOCK_HANDLER that takes one second, as a fast provider does."""

from __future__ import annotations

import asyncio
import json

ANSWER_S = 1.0

PROGRAM = (
    "rounds = 2\n"
    "while rounds > 0:\n"
    "    rounds = rounds - 1\n"
    'REPLY = make_response(200, {"users": store.count()})'
)
"""Outside the total subset: `while`. One store call."""


async def plan(_prompt: str) -> str:
    """Return the same plan for every request."""
    await asyncio.sleep(ANSWER_S)
    code = {"language": "python", "block": PROGRAM}
    return json.dumps({"action": "custom", "resource": "users", "code": code})
