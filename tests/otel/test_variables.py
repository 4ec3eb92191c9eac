"""What the OTEL_ variables ask for: the standard's words, and a clear line for any other."""

from __future__ import annotations

import pytest

from larst.otel.variables import WrongVariableError, asked_for

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


def test_nothing_set_exports_nothing() -> None:
    asked = asked_for({})

    assert (asked.spans, asked.metrics, asked.shows_content) == ("none", frozenset(), False)
    assert asked_for({ENDPOINT: "  "}) == asked, "an empty variable is an unset one"


def test_an_endpoint_is_for_all_that_is_exported() -> None:
    asked = asked_for({ENDPOINT: "http://collector:4318"})

    assert asked.spans == "otlp"
    assert asked.metrics == {"otlp"}


def test_an_endpoint_of_one_signal_is_for_that_one_alone() -> None:
    asked = asked_for({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"})

    assert (asked.spans, asked.metrics) == ("otlp", frozenset())


def test_an_exporter_that_is_named_wins() -> None:
    asked = asked_for(
        {
            ENDPOINT: "https://collector",
            "OTEL_TRACES_EXPORTER": "Console",
            "OTEL_METRICS_EXPORTER": "console, prometheus",
        }
    )

    assert asked.spans == "console"
    assert asked.metrics == {"console", "prometheus"}
    assert asked_for({ENDPOINT: "http://c", "OTEL_TRACES_EXPORTER": "none"}).spans == "none"


@pytest.mark.parametrize("value", ["true", "TRUE", "1", "span_only", "SPAN_AND_EVENT"])
def test_content_is_shown_where_it_is_asked_for(value: str) -> None:
    name = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"

    assert asked_for({name: value}).shows_content
    assert not asked_for({name: "false"}).shows_content


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
def test_a_wrong_value_is_told_with_its_name_and_what_is_allowed(
    name: str, value: str, allowed: str
) -> None:
    with pytest.raises(WrongVariableError) as told:
        asked_for({name: value})

    line = str(told.value)
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
def test_a_wrong_value_that_holds_a_key_is_not_quoted(name: str, value: str) -> None:
    with pytest.raises(WrongVariableError) as told:
        asked_for({name: value})

    assert name in str(told.value)
    assert "s3cret" not in str(told.value)


@pytest.mark.parametrize("value", ["api-key=abc=", "a=1, b=2", "authorization=Basic%20abc,"])
def test_headers_are_pairs(value: str) -> None:
    assert asked_for({ENDPOINT: "http://c", "OTEL_EXPORTER_OTLP_HEADERS": value}).spans == "otlp"


def test_a_batch_must_fit_into_the_queue() -> None:
    sizes = {"OTEL_BSP_MAX_QUEUE_SIZE": "8", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "9"}

    with pytest.raises(WrongVariableError, match="at most OTEL_BSP_MAX_QUEUE_SIZE"):
        asked_for(sizes)


def test_where_all_is_disabled_nothing_is_looked_at() -> None:
    asked = asked_for({"OTEL_SDK_DISABLED": "true", ENDPOINT: "nowhere"})

    assert asked.is_disabled
