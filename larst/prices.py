"""Prices of language models in US dollars, and the parser of LARS_PRICES. Pure.

The providers' list prices per million tokens for prompts of normal length
(platform.claude.com/docs/models, developers.openai.com/api/docs/models; as of November 2026).
Prices change: LARS_PRICES overrides them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens; `cached` is for tokens read from the provider's cache."""

    input: float
    output: float
    cached: float
    cache_written: float


PRICES: Mapping[str, Price] = {
    "gpt-6-luna": Price(0.10, 0.50, cached=0.01, cache_written=0.125),
    "gpt-6-sol": Price(2.00, 10.00, cached=0.20, cache_written=2.50),
    "claude-haiku-5-5": Price(0.10, 0.50, cached=0.01, cache_written=0.20),
    "claude-opus-5-5": Price(4.00, 20.00, cached=0.20, cache_written=8.00),
}


def parse_prices(text: str) -> dict[str, Price]:
    """Return the prices in a comma-separated list of `model=input/output[/cached]`.

    Raises:
        ValueError: the text has another format.

    >>> parse_prices("my-model=0.20/0.80")["my-model"].output
    0.8
    """
    prices = {}
    for item in filter(None, map(str.strip, text.split(","))):
        model, _, amounts = item.partition("=")
        numbers = [float(amount) for amount in amounts.split("/")]
        are_prices = all(math.isfinite(number) and number >= 0 for number in numbers)
        if not model.strip() or len(numbers) not in (2, 3) or not are_prices:
            raise ValueError("not model=input/output")
        cached = numbers[2] if len(numbers) == 3 else numbers[0]
        prices[model.strip()] = Price(numbers[0], numbers[1], cached, numbers[0])
    return prices
