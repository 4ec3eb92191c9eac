"""The cost of a model call: its tokens times the price of each kind. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from larst.planning.models.base import Tokens
from larst.prices import Price

_DATED = re.compile(r"-\d{4}-?\d{2}-?\d{2}$")
_MILLION = 1_000_000


def cost_usd(model: str | None, tokens: Tokens, prices: Mapping[str, Price]) -> float | None:
    """Return the cost of a call, or None if the price of the model is unknown.

    A dated name such as `gpt-6-luna-2026-09-22` has the price of the undated model. A call without
    a model (the user's function) is free.
    """
    if model is None:
        return 0.0
    price = prices.get(model) or prices.get(_DATED.sub("", model))
    if price is None:
        return None
    plain = tokens.input - tokens.cached - tokens.cache_written
    return (
        plain * price.input
        + tokens.cached * price.cached
        + tokens.cache_written * price.cache_written
        + tokens.output * price.output
    ) / _MILLION
