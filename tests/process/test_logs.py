"""Every line on stderr is one JSON object, whatever was logged."""

from __future__ import annotations

import asyncio
import io
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from larst.process.logs import set_up_logging


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What is logged; logging is put back afterwards as pytest had it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()  # else the set-up would close pytest's own
    written = io.StringIO()
    set_up_logging("info", written)
    yield written
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in stream.getvalue().splitlines()]


def test_a_record_says_when_how_bad_who_and_what(stream: io.StringIO) -> None:
    logging.getLogger("larst.requests").info("%s done", 1, extra={"fields": {"ms": 1.5}})

    (line,) = lines(stream)

    assert list(line) == ["ts", "level", "logger", "msg", "ms"]
    assert line["ts"].endswith("+00:00")
    assert (line["level"], line["logger"], line["msg"]) == ("info", "larst.requests", "1 done")
    assert line["ms"] == 1.5


def test_a_traceback_is_one_field(stream: io.StringIO) -> None:
    """Tools that read lines would take a bare traceback for forty broken records."""
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
    """Raise with a cause, as a bug does in the middle of mending another."""
    try:
        int(message)
    except ValueError as error:
        raise TypeError(message) from error


async def fail_in_a_task(message: str) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(asyncio.to_thread(fail, message))


def test_a_traceback_quotes_no_value_unless_the_level_is_debug(stream: io.StringIO) -> None:
    """A bug's message often quotes what it stumbled over: a stored value."""
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


async def test_an_error_in_a_group_is_told(stream: io.StringIO) -> None:
    try:
        await fail_in_a_task(MESSAGE)
    except ExceptionGroup:
        logging.getLogger("larst").exception("failed")

    (line,) = lines(stream)
    assert "builtins.TypeError" in line["traceback"]
    assert "s3cret" not in line["traceback"]


@pytest.mark.parametrize("name", ["openai", "anthropic", "httpcore"])
def test_packages_that_log_prompts_are_kept_quiet(stream: io.StringIO, name: str) -> None:
    set_up_logging("debug", stream)

    logging.getLogger(f"{name}._base_client").debug("Request options: s3cret")
    logging.getLogger(name).warning("told")

    assert [line["msg"] for line in lines(stream)] == ["told"]


def test_what_is_below_the_level_is_not_written(stream: io.StringIO) -> None:
    logging.getLogger("larst").debug("detail")
    set_up_logging("debug", stream)
    logging.getLogger("larst").debug("wanted")

    assert [line["msg"] for line in lines(stream)] == ["wanted"]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (2**70, 2**70),
        ("\ud800", "\\ud800"),
        (object, "<class 'object'>"),
        ({1: "one"}, {"1": "one"}),
        ("a\nb\u2028", "a\nb\u2028"),
    ],
)
def test_a_value_that_is_hard_to_write_still_makes_one_line(
    stream: io.StringIO, value: object, written: object
) -> None:
    """A log must not be where a request fails."""
    logging.getLogger("larst").info("odd", extra={"fields": {"value": value}})

    (text,) = stream.getvalue().rstrip("\n").split("\n")

    if written == "\\ud800":
        assert written in text
    elif written == 2**70:
        assert str(written) in text
    else:
        assert orjson.loads(text)["value"] == written


def test_a_field_cannot_pass_itself_off_as_the_message(stream: io.StringIO) -> None:
    """Fields may come from a client; the level and the logger must not."""
    logging.getLogger("larst").info("true", extra={"fields": {"msg": "false", "level": "debug"}})

    (line,) = lines(stream)

    assert (line["msg"], line["level"]) == ("true", "info")


def test_warnings_of_python_are_lines_too(stream: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)

    (line,) = lines(stream)

    assert line["logger"] == "py.warnings"
    assert "old" in line["msg"]
