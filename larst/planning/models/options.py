"""Optional fields of calls, which some models reject: sent until a server rejects them."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal, TypeAlias, TypeVar

Effort: TypeAlias = Literal["low", "medium", "high"]
"""How much a reasoning model thinks before it answers."""

Reply = TypeVar("Reply")

_log = logging.getLogger("larst.planner")


class OptionalFields:
    """Fields that are dropped for good if a call succeeds only without them."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields

    async def send(
        self,
        call: Callable[[Mapping[str, Any]], Awaitable[Reply]],
        *rejections: type[Exception],
    ) -> Reply:
        """Return the reply to a call with the fields, or without them if they are rejected."""
        if not self._fields:
            return await call({})
        try:
            return await call(self._fields)
        except rejections:
            reply = await call({})
        _log.info("the model rejects %s; it is left out", ", ".join(self._fields))
        self._fields = {}
        return reply
