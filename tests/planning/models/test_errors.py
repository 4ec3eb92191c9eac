"""Translation of SDK errors, and the delay that a provider asks for."""

from __future__ import annotations

from datetime import UTC, datetime
from types import ModuleType

import anthropic
import httpx2
import openai
import pytest

from larst.errors import PlannerUnreachableError
from larst.planning.models.errors import ProviderErrors, retry_after_s


def errors_of(module: ModuleType) -> list[type[Exception]]:
    members = [getattr(module, name) for name in dir(module)]
    return [item for item in members if isinstance(item, type) and issubclass(item, Exception)]


@pytest.mark.parametrize(
    ("sdk", "base", "key"),
    [
        (openai, openai.OpenAIError, "OPENAI_API_KEY"),
        (anthropic, anthropic.AnthropicError, "ANTHROPIC_API_KEY"),
    ],
)
def test_every_error_of_an_sdk_and_its_transport_is_translated(
    sdk: ModuleType, base: type[Exception], key: str
) -> None:
    """An untranslated error would become a 500."""
    request = httpx2.Request("POST", "http://127.0.0.1/v1")
    provider = ProviderErrors(sdk, base, key, "http://127.0.0.1/v1")
    caught = (base, httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, ValueError)
    error_classes = errors_of(sdk) + errors_of(httpx2)
    assert len(error_classes) > 40

    for error_class in error_classes:
        error = error_class.__new__(error_class)
        if issubclass(error_class, sdk.APIStatusError):
            error.status_code = 503  # type: ignore[attr-defined]  # set by its __init__
            error.response = httpx2.Response(503, request=request)  # type: ignore[attr-defined]  # as above
        assert isinstance(provider.translate(error), PlannerUnreachableError), error_class
        is_misuse = error_class.__name__ in {"CookieConflict", "SSEError"}
        assert issubclass(error_class, caught) or is_misuse, error_class


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "Mon, 23 Nov 2026 12:00:30 GMT"}, 30),
        ({"retry-after": "Mon, 23 Nov 2026 11:00:00 GMT"}, 0),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "x", "retry-after": "9"}, 9),
    ],
)
def test_the_delay_that_a_provider_asks_for(headers: dict[str, str], seconds: float | None) -> None:
    now = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)

    assert retry_after_s(headers, now) == seconds
