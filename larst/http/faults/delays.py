"""Delays of replies: fixed, or drawn from a distribution. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random
from typing import Literal, TypeAlias

from larst.errors import BadRequestError

MAX_DELAY_S = 60.0

Kind: TypeAlias = Literal["uniform", "normal", "lognormal"]

_TIME = r"(\d{1,6}(?:\.\d{1,3})?)(ms|s)"
_RANGE = re.compile(rf"{_TIME}(?:\.\.{_TIME})?")
_NORMAL = re.compile(rf"normal {_TIME} {_TIME}")
_LOGNORMAL = re.compile(rf"lognormal {_TIME} (\d(?:\.\d{{1,3}})?)")


@dataclass(frozen=True, slots=True)
class Delay:
    """A delay, as `text` describes it; no draw of it is longer than `MAX_DELAY_S`.

    `uniform` lies between `low` and `high` seconds; `normal` has the mean `low` and the deviation
    `high` seconds; `lognormal` has the median `low` seconds and the shape `high`.

    >>> Delay.parse("200ms").draw(Random(1))
    0.2
    >>> Delay.parse("100ms..300ms").draw(Random(1)) < 0.3
    True
    """

    text: str
    kind: Kind
    low: float
    high: float

    @classmethod
    def parse(cls, text: object) -> Delay:
        """Return the delay that a text describes.

        Raises:
            BadRequestError: it describes none, or a longer one than `MAX_DELAY_S`.
        """
        delay = _parsed(text) if isinstance(text, str) else None
        if delay is None or delay.low > MAX_DELAY_S or delay.high < 0:
            raise BadRequestError(
                "delay must be a time such as 200ms or 2s, a range such as 100ms..300ms, or"
                " `normal 200ms 50ms` or `lognormal 200ms 0.5` (median and shape); at most"
                f" {MAX_DELAY_S:.0f}s"
            )
        return delay

    def draw(self, random: Random) -> float:
        """Return the seconds of one delay."""
        if self.kind == "uniform":
            seconds = random.uniform(self.low, self.high)
        elif self.kind == "normal":
            seconds = random.gauss(self.low, self.high)
        else:
            seconds = self.low * random.lognormvariate(0.0, self.high)
        return min(MAX_DELAY_S, max(0.0, seconds))


def _parsed(text: str) -> Delay | None:
    if (match := _RANGE.fullmatch(text)) is not None:
        low = _seconds(match[1], match[2])
        high = low if match[3] is None else _seconds(match[3], match[4])
        return Delay(text, "uniform", low, high) if low <= high <= MAX_DELAY_S else None
    if (match := _NORMAL.fullmatch(text)) is not None:
        mean_s, deviation_s = _seconds(match[1], match[2]), _seconds(match[3], match[4])
        return Delay(text, "normal", mean_s, deviation_s)
    if (match := _LOGNORMAL.fullmatch(text)) is not None:
        return Delay(text, "lognormal", _seconds(match[1], match[2]), float(match[3]))
    return None


def _seconds(number: str, unit: str) -> float:
    return float(number) / (1000 if unit == "ms" else 1)
