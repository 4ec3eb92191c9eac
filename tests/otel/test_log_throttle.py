"""An unreachable collector is logged once a minute, however many exports fail."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import pytest

from larst.otel.log_throttle import QueueFullFilter, ThrottledHandler


@dataclass
class Time:
    """Stands still until a test moves it."""

    now_s: float = 0.0

    def now(self) -> float:
        return self.now_s


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def sdk(time: Time) -> logging.Logger:
    """A logger like those of the SDK."""
    logger = logging.Logger("opentelemetry.exporter")
    logger.addHandler(ThrottledHandler(time.now))
    return logger


def test_one_line_a_minute_passes_with_the_number_of_lines_held_back(
    sdk: logging.Logger, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(5):
        sdk.warning("Failed to export %s", "spans")
    time.now_s = 59.9
    sdk.error("Failed to export spans")
    time.now_s = 60.1
    sdk.warning("Failed to export spans")

    assert [record.getMessage() for record in caplog.records] == [
        "telemetry: Failed to export spans",
        "telemetry: Failed to export spans (5 more in the meantime)",
    ]
    assert {(record.name, record.levelname) for record in caplog.records} == {("otel", "WARNING")}


def test_addresses_are_logged_without_their_secrets(
    sdk: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    sdk.warning("cannot reach http://user:s3cret@collector:4318/v1/traces?key=s3cret today")

    (record,) = caplog.records
    assert record.getMessage() == (
        "telemetry: cannot reach http://…@collector:4318/v1/traces?… today"
    )


def test_requests_dropped_by_a_full_queue_are_counted_and_logged_once_a_minute(
    time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    queue = logging.Logger("opentelemetry.sdk._shared_internal")
    queue.addFilter(QueueFullFilter(time.now))
    queue.addHandler(ThrottledHandler(time.now))
    for _ in range(5):
        queue.warning("Queue full, dropping %s.", "Span")
    queue.error("Exception while exporting Span.")
    time.now_s = 60.1
    queue.warning("Queue full, dropping %s.", "Span")

    first, failure, second = (record.getMessage() for record in caplog.records)
    assert "dropped the spans of 1 requests" in first
    assert failure == "telemetry: Exception while exporting Span."
    assert "dropped the spans of 5 requests" in second


def test_records_below_a_warning_are_not_logged(
    sdk: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    sdk.info("all is well")

    assert not caplog.records
