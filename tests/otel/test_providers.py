"""Providers for unusual variables: they work, or fail with one line that says why."""

from __future__ import annotations

import pytest

from larst.otel import Providers, WrongVariableError, set_up

ENDPOINT = "http://127.0.0.1:9"


def providers_of(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Providers:
    """Set the variables in this process, and set up as the service does."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return set_up(variables, service="tests", version="1", instance_id="a")


@pytest.mark.parametrize("size", ["1", "32"])
def test_a_small_queue_makes_small_batches(monkeypatch: pytest.MonkeyPatch, size: str) -> None:
    providers = providers_of(
        monkeypatch, OTEL_EXPORTER_OTLP_ENDPOINT=ENDPOINT, OTEL_BSP_MAX_QUEUE_SIZE=size
    )

    assert providers.recorder is not None
    providers.stop(0)


def test_an_error_of_the_sdk_becomes_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WrongVariableError, match="an OTEL_ variable cannot be used") as raised:
        providers_of(
            monkeypatch,
            OTEL_EXPORTER_OTLP_ENDPOINT=ENDPOINT,
            OTEL_PYTHON_EXPORTER_OTLP_HTTP_TRACES_CREDENTIAL_PROVIDER="missing",
        )

    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("accept", ["", "text/plain;q=none", "*/*", "application/openmetrics-text"])
def test_the_page_exists_for_every_accept_header(
    monkeypatch: pytest.MonkeyPatch, accept: str
) -> None:
    providers = providers_of(monkeypatch)
    providers.export_metrics(list)

    page = providers.page(accept)

    assert page is not None
    assert "text" in page.content_type
