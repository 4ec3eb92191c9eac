"""The OTEL_ variables: values of the standard, and a clear line for any other value."""

from __future__ import annotations

import pytest

from larst.otel.variables import WrongVariableError, read_variables

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


def test_nothing_set_exports_nothing() -> None:
    settings = read_variables({})

    assert (settings.spans, settings.metrics, settings.shows_content) == (
        "none",
        frozenset(),
        False,
    )
    assert read_variables({ENDPOINT: "  "}) == settings, "an empty variable counts as unset"


def test_an_endpoint_applies_to_traces_and_metrics() -> None:
    settings = read_variables({ENDPOINT: "http://collector:4318"})

    assert settings.spans == "otlp"
    assert settings.metrics == {"otlp"}


def test_an_endpoint_of_a_signal_applies_to_that_signal_only() -> None:
    settings = read_variables(
        {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}
    )

    assert (settings.spans, settings.metrics) == ("otlp", frozenset())


def test_a_named_exporter_takes_precedence() -> None:
    settings = read_variables(
        {
            ENDPOINT: "https://collector",
            "OTEL_TRACES_EXPORTER": "Console",
            "OTEL_METRICS_EXPORTER": "console, prometheus",
        }
    )

    assert settings.spans == "console"
    assert settings.metrics == {"console", "prometheus"}
    assert read_variables({ENDPOINT: "http://c", "OTEL_TRACES_EXPORTER": "none"}).spans == "none"


@pytest.mark.parametrize("value", ["true", "TRUE", "1", "span_only", "SPAN_AND_EVENT"])
def test_content_is_shown_with_the_operators_consent(value: str) -> None:
    name = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"

    assert read_variables({name: value}).shows_content
    assert not read_variables({name: "false"}).shows_content


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("OTEL_TRACES_EXPORTER", "jaeger", "otlp, console, none"),
        ("OTEL_TRACES_EXPORTER", "otlp,console", "one of"),
        ("OTEL_METRICS_EXPORTER", "statsd", "prometheus"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json", "http/protobuf"),
        (ENDPOINT, "collector:4318", "http://localhost:4318"),
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "grpc://collector", "http://localhost:4318"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon", "above 0"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "-1", "above 0"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "inf", "above 0"),
        (ENDPOINT, "http://[::1", "http://localhost:4318"),
        (ENDPOINT, "http://collector:port", "http://localhost:4318"),
        ("OTEL_BSP_SCHEDULE_DELAY", "0", "from 1"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "many", "from 1"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "-1", "from 1"),
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", "-1", "from 0"),
        ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta", "only cumulative"),
    ],
)
def test_the_error_names_the_variable_and_the_allowed_values(
    name: str, value: str, allowed: str
) -> None:
    with pytest.raises(WrongVariableError) as raised:
        read_variables({name: value})

    line = str(raised.value)
    assert line.startswith(f"{name}={value}")
    assert allowed in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_EXPORTER_OTLP_HEADERS", "s3cret"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "authorization=Bearer x,s3cret"),
        (ENDPOINT, "http://user:s3cret@collector:4318"),
        (ENDPOINT, "ftp://user:s3cret@collector:4318"),
        (ENDPOINT, "ftp://collector?key=s3cret"),
    ],
)
def test_a_wrong_value_that_may_hold_a_key_is_not_quoted(name: str, value: str) -> None:
    with pytest.raises(WrongVariableError) as raised:
        read_variables({name: value})

    assert name in str(raised.value)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("value", ["api-key=abc=", "a=1, b=2", "authorization=Basic%20abc,"])
def test_headers_are_pairs_of_name_and_value(value: str) -> None:
    assert (
        read_variables({ENDPOINT: "http://c", "OTEL_EXPORTER_OTLP_HEADERS": value}).spans == "otlp"
    )


def test_a_batch_must_fit_into_the_queue() -> None:
    sizes = {"OTEL_BSP_MAX_QUEUE_SIZE": "8", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "9"}

    with pytest.raises(WrongVariableError, match="at most OTEL_BSP_MAX_QUEUE_SIZE"):
        read_variables(sizes)


def test_a_disabled_sdk_skips_the_checks() -> None:
    settings = read_variables({"OTEL_SDK_DISABLED": "true", ENDPOINT: "nowhere"})

    assert settings.is_disabled
