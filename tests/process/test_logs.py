"""Every line on stderr is one JSON object, whatever is logged."""

from __future__ import annotations

import asyncio
import io
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from larst.domain import TraceParent
from larst.http.access_log import finish_planned
from larst.process.logs import set_up_logging
from larst.telemetry import RequestTrace, Telemetry


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """The log; the fixture restores the logging of pytest afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()  # otherwise the set-up closes those of pytest
    output = io.StringIO()
    set_up_logging("info", output)
    yield output
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_has_time_level_logger_message_and_fields(stream: io.StringIO) -> None:
    logging.getLogger("larst.requests").info("%s done", 1, extra={"fields": {"ms": 1.5}})

    (line,) = lines(stream)

    assert list(line) == ["ts", "level", "logger", "msg", "ms"]
    assert line["ts"].endswith("+00:00")
    assert (line["level"], line["logger"], line["msg"]) == ("info", "larst.requests", "1 done")
    assert line["ms"] == 1.5


def test_a_traceback_is_one_field(stream: io.StringIO) -> None:
    """Tools that read lines would treat a bare traceback as forty invalid records."""
    try:
        int("bad\nthing")
    except ValueError:
        logging.getLogger("larst").exception("failed")

    (line,) = lines(stream)

    assert line["level"] == "error"
    assert line["traceback"].startswith("Traceback")
    assert line["traceback"].endswith("builtins.ValueError")


MESSAGE = "a stored s3cret"


def fail(message: str) -> None:
    """Raise an error with a cause, like a bug in the handling of another error."""
    try:
        int(message)
    except ValueError as error:
        raise TypeError(message) from error


async def fail_in_a_task(message: str) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(asyncio.to_thread(fail, message))


def test_a_traceback_contains_values_only_at_level_debug(stream: io.StringIO) -> None:
    """The message of an error often quotes a stored value."""
    for level in ("info", "debug"):
        set_up_logging(level, stream)
        try:
            fail(MESSAGE)
        except TypeError as error:
            error.add_note("while serving request 7")
            logging.getLogger("larst").exception("failed")

    quiet, loud = (line["traceback"] for line in lines(stream))
    assert "s3cret" not in quiet
    assert "builtins.ValueError" in quiet
    assert quiet.endswith("builtins.TypeError\nwhile serving request 7")
    assert "in fail" in quiet
    assert f"TypeError: {MESSAGE}" in loud


async def test_an_error_in_a_group_is_logged(stream: io.StringIO) -> None:
    try:
        await fail_in_a_task(MESSAGE)
    except ExceptionGroup:
        logging.getLogger("larst").exception("failed")

    (line,) = lines(stream)
    assert "builtins.TypeError" in line["traceback"]
    assert "s3cret" not in line["traceback"]


@pytest.mark.parametrize("name", ["openai", "anthropic", "httpcore"])
def test_packages_that_log_prompts_log_only_warnings(stream: io.StringIO, name: str) -> None:
    set_up_logging("debug", stream)

    logging.getLogger(f"{name}._base_client").debug("Request options: s3cret")
    logging.getLogger(name).warning("careful")

    assert [line["msg"] for line in lines(stream)] == ["careful"]


def test_a_record_below_the_level_is_not_written(stream: io.StringIO) -> None:
    logging.getLogger("larst").debug("detail")
    set_up_logging("debug", stream)
    logging.getLogger("larst").debug("more detail")

    assert [line["msg"] for line in lines(stream)] == ["more detail"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2**70, 2**70),
        ("\ud800", "\\ud800"),
        (object, "<class 'object'>"),
        ({1: "one"}, {"1": "one"}),
        ("a\nb\u2028", "a\nb\u2028"),
    ],
)
def test_a_value_that_json_cannot_represent_is_still_one_line(
    stream: io.StringIO, value: object, expected: object
) -> None:
    """Logging must not make a request fail."""
    logging.getLogger("larst").info("odd", extra={"fields": {"value": value}})

    (text,) = stream.getvalue().rstrip("\n").split("\n")

    if expected == "\\ud800":
        assert expected in text
    elif expected == 2**70:
        assert str(expected) in text
    else:
        assert orjson.loads(text)["value"] == expected


def test_a_field_does_not_replace_message_or_level(stream: io.StringIO) -> None:
    """A client may choose fields, but not the level and the logger."""
    logging.getLogger("larst").info("true", extra={"fields": {"msg": "false", "level": "debug"}})

    (line,) = lines(stream)

    assert (line["msg"], line["level"]) == ("true", "info")


def test_python_warnings_are_lines_too(stream: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)

    (line,) = lines(stream)

    assert line["logger"] == "py.warnings"
    assert "old" in line["msg"]


async def test_finished_lines_are_written_at_the_end_of_the_turn(stream: io.StringIO) -> None:
    """Many requests share one write."""
    handler = set_up_logging("info", stream)

    handler.add_line(b'{"msg":"one"}')
    handler.add_line(b'{"msg":"two"}')
    assert lines(stream) == []
    await asyncio.sleep(0)

    assert lines(stream) == [{"msg": "one"}, {"msg": "two"}]


async def test_lines_and_records_keep_their_order(stream: io.StringIO) -> None:
    """An error is read with the lines before it."""
    handler = set_up_logging("info", stream)

    handler.add_line(b'{"msg":"one"}')
    logging.getLogger("larst").error("two")
    handler.add_line(b'{"msg":"three"}')
    handler.flush()

    assert [line["msg"] for line in lines(stream)] == ["one", "two", "three"]


async def test_the_line_of_a_request_has_the_form_of_its_record(stream: io.StringIO) -> None:
    """Tools that read the log need not know how a line was written."""
    handler = set_up_logging("info", stream)
    for telemetry in (Telemetry(), Telemetry(add_line=handler.add_line)):
        trace = RequestTrace(telemetry, "id-1", TraceParent("a" * 32, "b" * 16, "01"))
        trace.record_wait(0.001)
        trace.session_id = "s"
        finish_planned(trace, "GET", "/a/\U0001f98a", 200, "/a")
    handler.flush()

    record, line = lines(stream)
    assert list(record) == list(line)
    for name in record.keys() - {"ts", "ms", "msg"}:
        assert record[name] == line[name]
    assert len(record["ts"]) == len(line["ts"])
    assert line["msg"] == f"GET 200 {line['ms']}"


async def test_the_line_of_a_path_that_is_not_text_is_a_record(stream: io.StringIO) -> None:
    """A path may contain any bytes; its line has them as JSON escapes."""
    handler = set_up_logging("info", stream)
    trace = RequestTrace(
        Telemetry(add_line=handler.add_line), "id-1", TraceParent("a" * 32, "b" * 16, "01")
    )

    finish_planned(trace, "GET", "/a/\udcff", None, "/a")

    assert '"path": "/a/\\udcff"' in stream.getvalue()
