"""How calls to a provider fail, as errors of our own: the only place that knows the SDKs' errors.

Both SDKs build on httpx2 and name their errors alike. Must never repeat what a provider answered:
some answers hold parts of the key.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import ModuleType
from typing import Any, TypeAlias

import httpx2

from larst.errors import PlannerBrokenError, PlannerUnreachableError

TRANSIENT_STATUSES = frozenset({408, 409, 425, 429})
"""Besides all from 500 on: the very same call may succeed later."""

NOT_THE_API: tuple[type[Exception], ...] = (
    AttributeError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
    httpx2.DecodingError,
    httpx2.StreamError,
)
"""What the SDKs, and we, stumble over where a 200 holds HTML, broken JSON or another shape."""

Hook: TypeAlias = Callable[[httpx2.Request], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider, for telling an operator what to look at. `sdk` has its errors' classes."""

    sdk: ModuleType
    base_error: type[Exception]
    key_variable: str
    base_url: str

    @asynccontextmanager
    async def call(self, timeout_s: float) -> AsyncIterator[None]:
        """End whatever runs within after `timeout_s`, and translate how it fails.

        The SDKs' own timeouts are for each read: an answer that trickles outlives them.

        Raises:
            PlannerUnreachableError: no answer came.
            PlannerBrokenError: what came was none of the provider's.
        """
        try:
            async with asyncio.timeout(timeout_s):
                yield
        except (TimeoutError, self.base_error, httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise self.translate(error) from error
        except NOT_THE_API as error:
            raise self.translate(error) from error

    def translate(self, error: Exception) -> PlannerUnreachableError:
        """Return the error of ours that a failed call stands for."""
        if (refused := _refused_by_us(error)) is not None:
            return refused
        if isinstance(error, self.sdk.APIStatusError):
            return self._of_status(error.status_code, error.response.headers)
        if isinstance(error, TimeoutError | self.sdk.APITimeoutError | httpx2.TimeoutException):
            return PlannerUnreachableError(f"{self.base_url} gave no answer in time")
        if isinstance(error, self.sdk.APIConnectionError | httpx2.TransportError):
            return PlannerUnreachableError(
                f"{self.base_url} cannot be reached, or broke the connection"
            )
        if isinstance(error, (self.sdk.APIResponseValidationError, *NOT_THE_API)):
            return self._broken()
        return PlannerUnreachableError(
            f"the call to {self.base_url} failed ({type(error).__name__});"
            f" look at {self.key_variable} and LARS_LLM_BASE_URL",
            is_transient=False,
        )

    def _of_status(self, status: int, headers: Mapping[str, str]) -> PlannerUnreachableError:
        if status < 400:
            return self._broken()
        if status in TRANSIENT_STATUSES or status >= 500:
            return PlannerUnreachableError(
                f"{self.base_url} answered {status}: overloaded or out of order",
                retry_after_s(headers, datetime.now(UTC)),
            )
        return PlannerUnreachableError(
            f"{self.base_url} answered {status}: {self._what_to_do(status)}", is_transient=False
        )

    def _what_to_do(self, status: int) -> str:
        if status in (401, 403):
            return f"it does not accept the key; look at {self.key_variable}"
        if status == 402:
            return "the account has no credit left"
        if status == 404:
            return "it has no such model or no such address; look at LARS_MODEL, LARS_LLM_BASE_URL"
        if status in (413, 400, 422):
            return "it does not take such a request; look at LARS_MODEL and LARS_LLM_BASE_URL"
        return "look at LARS_LLM_BASE_URL"

    def _broken(self) -> PlannerBrokenError:
        return PlannerBrokenError(
            f"{self.base_url} answered something that is not the provider's API;"
            " look at LARS_LLM_BASE_URL"
        )


def allow_hosts(allowed_hosts: Collection[str]) -> Mapping[str, list[Callable[..., Any]]]:
    """Return httpx2 event hooks that refuse every request to another host before it is sent.

    Raises (from the hook):
        PlannerUnreachableError: the host is not in LARS_SANDBOX_LLM_ALLOWED_HOSTS.
    """
    allowed = frozenset(allowed_hosts)

    async def check(request: httpx2.Request) -> None:
        if request.url.host not in allowed:
            raise PlannerUnreachableError(
                f"the planner may not call {request.url.host}: it is not in"
                " LARS_SANDBOX_LLM_ALLOWED_HOSTS",
                is_transient=False,
            )

    return {"request": [check], "response": []}


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return how many seconds a provider asks to wait, or None where it does not say.

    `retry-after-ms` is both SDKs'; Retry-After is seconds or a date (RFC 9110 section 10.2.3).
    """
    try:
        if (milliseconds := headers.get("retry-after-ms")) is not None:
            return max(0.0, float(milliseconds) / 1000)
    except ValueError:
        pass
    text = headers.get("retry-after")
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        return _seconds_until(text, now)
    return seconds if 0 <= seconds < float("inf") else None


def _seconds_until(date: str, now: datetime) -> float | None:
    try:
        then = parsedate_to_datetime(date)
    except (ValueError, TypeError):
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    return max(0.0, (then - now).total_seconds())


def _refused_by_us(error: BaseException | None) -> PlannerUnreachableError | None:
    """Return the refusal that an SDK has wrapped: it takes a hook's error for the network's."""
    while error is not None:
        if isinstance(error, PlannerUnreachableError):
            return error
        error = error.__cause__ or error.__context__
    return None
