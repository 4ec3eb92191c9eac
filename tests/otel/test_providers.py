"""Providers of odd variables: they work, or say in one line why they cannot."""

from __future__ import annotations

import pytest

from larst.otel import Providers, WrongVariableError, set_up

ENDPOINT = "http://127.0.0.1:9"


def providers(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Providers:
    """As a process would with these variables."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return set_up(variables, service="tests", version="1", instance_id="a")


@pytest.mark.parametrize("size", ["1", "32"])
def test_a_small_queue_makes_small_batches(monkeypatch: pytest.MonkeyPatch, size: str) -> None:
    made = providers(
        monkeypatch, OTEL_EXPORTER_OTLP_ENDPOINT=ENDPOINT, OTEL_BSP_MAX_QUEUE_SIZE=size
    )

    assert made.recorder is not None
    made.stop(0)


def test_what_the_sdk_refuses_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WrongVariableError, match="an OTEL_ variable cannot be used") as told:
        providers(
            monkeypatch,
            OTEL_EXPORTER_OTLP_ENDPOINT=ENDPOINT,
            OTEL_PYTHON_EXPORTER_OTLP_HTTP_TRACES_CREDENTIAL_PROVIDER="nobody",
        )

    assert "\n" not in str(told.value)


@pytest.mark.parametrize("accept", ["", "text/plain;q=none", "*/*", "application/openmetrics-text"])
def test_the_page_is_there_whatever_is_accepted(
    monkeypatch: pytest.MonkeyPatch, accept: str
) -> None:
    made = providers(monkeypatch)
    made.export_metrics(list)

    page = made.page(accept)

    assert page is not None
    assert "text" in page.content_type
