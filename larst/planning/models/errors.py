"""Translation of SDK errors into LARST errors; the only module that knows the SDKs' errors.

Both SDKs use httpx2 and name their errors alike. Must never repeat the text of a provider's answer:
some answers contain parts of the API key.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import ModuleType
from typing import Any

import httpx2

from larst.errors import PlannerBrokenError, PlannerUnreachableError

TRANSIENT_STATUSES = frozenset({408, 409, 425, 429})
"""With all statuses from 500: the same call may succeed later."""

NOT_THE_API: tuple[type[Exception], ...] = (
    AttributeError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
    httpx2.DecodingError,
    httpx2.StreamError,
)
"""Raised by the SDKs, and by the adapters, when a 200 has HTML, broken JSON or other fields."""


@dataclass(frozen=True, slots=True)
class ProviderErrors:
    """The errors of one provider. `sdk` defines them; the other fields appear in messages."""

    sdk: ModuleType
    base_error: type[Exception]
    key_variable: str
    base_url: str

    @asynccontextmanager
    async def call(self, timeout_s: float) -> AsyncIterator[None]:
        """Cancel the block after `timeout_s` seconds, and translate the errors that it raises.

        The SDKs' own timeouts apply to each read, so a slow trickle of bytes never times out.

        Raises:
            PlannerUnreachableError: no answer.
            PlannerBrokenError: the answer is not in the provider's protocol.
        """
        try:
            async with asyncio.timeout(timeout_s):
                yield
        except (TimeoutError, self.base_error, httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise self.translate(error) from error
        except NOT_THE_API as error:
            raise self.translate(error) from error

    def translate(self, error: Exception) -> PlannerUnreachableError:
        """Return the LARST error for the error of a call."""
        if (refusal := _wrapped_refusal(error)) is not None:
            return refusal
        if isinstance(error, self.sdk.APIStatusError):
            return self._of_status(error.status_code, error.response.headers)
        if isinstance(error, TimeoutError | self.sdk.APITimeoutError | httpx2.TimeoutException):
            return PlannerUnreachableError(f"{self.base_url} did not answer in time")
        if isinstance(error, self.sdk.APIConnectionError | httpx2.TransportError):
            return PlannerUnreachableError(
                f"{self.base_url} cannot be reached, or closed the connection"
            )
        if isinstance(error, (self.sdk.APIResponseValidationError, *NOT_THE_API)):
            return self._broken()
        return PlannerUnreachableError(
            f"the call to {self.base_url} failed ({type(error).__name__});"
            f" check {self.key_variable} and LARS_LLM_BASE_URL",
            is_transient=False,
        )

    def _of_status(self, status: int, headers: Mapping[str, str]) -> PlannerUnreachableError:
        if status < 400:
            return self._broken()
        if status in TRANSIENT_STATUSES or status >= 500:
            return PlannerUnreachableError(
                f"{self.base_url} answered {status}: overloaded or failing",
                retry_after_s(headers, datetime.now(UTC)),
            )
        return PlannerUnreachableError(
            f"{self.base_url} answered {status}: {self._advice(status)}", is_transient=False
        )

    def _advice(self, status: int) -> str:
        if status in (401, 403):
            return f"it does not accept the key; check {self.key_variable}"
        if status == 402:
            return "the account has no credit left"
        if status == 404:
            return "unknown model or address; check LARS_MODEL and LARS_LLM_BASE_URL"
        if status in (413, 400, 422):
            return "it rejects this kind of request; check LARS_MODEL and LARS_LLM_BASE_URL"
        return "check LARS_LLM_BASE_URL"

    def _broken(self) -> PlannerBrokenError:
        return PlannerBrokenError(
            f"{self.base_url} did not answer in the provider's protocol; check LARS_LLM_BASE_URL"
        )


def allow_hosts(allowed_hosts: Collection[str]) -> Mapping[str, list[Callable[..., Any]]]:
    """Return httpx2 event hooks that let requests go to the allowed hosts only.

    The hook raises PlannerUnreachableError before a request to another host is sent.
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
    """Return the delay in seconds that a provider asks for, or None.

    Both providers send `retry-after-ms`; Retry-After is seconds or a date (RFC 9110, section
    10.2.3).
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
        time = parsedate_to_datetime(date)
    except (ValueError, TypeError):
        return None
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    return max(0.0, (time - now).total_seconds())


def _wrapped_refusal(error: BaseException | None) -> PlannerUnreachableError | None:
    """Return the error of our event hook, which an SDK wraps in a connection error."""
    while error is not None:
        if isinstance(error, PlannerUnreachableError):
            return error
        error = error.__cause__ or error.__context__
    return None
