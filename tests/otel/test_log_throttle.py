"""A collector that is away is told of once a minute, however often it is missed."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import pytest

from larst.otel.log_throttle import Drops, OneAMinute


@dataclass
class Time:
    """Stands still until it is moved."""

    now_s: float = 0.0

    def now(self) -> float:
        return self.now_s


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def sdk(time: Time) -> logging.Logger:
    """A logger as the SDK has them."""
    logger = logging.Logger("opentelemetry.exporter")
    logger.addHandler(OneAMinute(time.now))
    return logger


def test_one_a_minute_gets_through_and_says_how_many_did_not(
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


def test_addresses_are_told_without_what_is_secret_in_them(
    sdk: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    sdk.warning("cannot reach http://user:s3cret@collector:4318/v1/traces?key=s3cret today")

    (record,) = caplog.records
    assert record.getMessage() == (
        "telemetry: cannot reach http://…@collector:4318/v1/traces?… today"
    )


def test_what_a_full_queue_drops_is_counted_and_told_once_a_minute(
    time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    queue = logging.Logger("opentelemetry.sdk._shared_internal")
    queue.addFilter(Drops(time.now))
    queue.addHandler(OneAMinute(time.now))
    for _ in range(5):
        queue.warning("Queue full, dropping %s.", "Span")
    queue.error("Exception while exporting Span.")
    time.now_s = 60.1
    queue.warning("Queue full, dropping %s.", "Span")

    first, other, second = (record.getMessage() for record in caplog.records)
    assert "the spans of 1 requests are lost" in first
    assert other == "telemetry: Exception while exporting Span."
    assert "the spans of 5 requests are lost" in second


def test_what_is_no_warning_is_not_told(
    sdk: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    sdk.info("all is well")

    assert not caplog.records
