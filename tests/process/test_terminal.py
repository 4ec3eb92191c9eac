"""The log on a terminal: a readable line a request, with its reason or hint below."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from larst.process.logs import set_up_logging
from larst.telemetry import Telemetry
from tests.http.lane.servers import request, start

CODES = re.compile(r"\x1b\[\d*m")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """The stream of the log while a test runs."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield Terminal()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def request_record(**fields: object) -> logging.LogRecord:
    record = logging.LogRecord("larst.requests", logging.INFO, "", 0, "GET", (), None)
    facts = {"method": "GET", "path": "/members", "status": 200, "ms": 0.31}
    record.fields = {**facts, "plan": "hit", "session_id": "shop", **fields}
    return record


def lines_of(terminal: Terminal) -> list[str]:
    """Return the lines without their colours, and without the columns of the time."""
    return [line[9:] for line in CODES.sub("", terminal.getvalue()).splitlines()]


def log(terminal: Terminal, record: logging.LogRecord) -> list[str]:
    set_up_logging("info", terminal)
    logging.getLogger(record.name).handle(record)
    return lines_of(terminal)


def test_a_request_is_one_line(terminal: Terminal) -> None:
    assert log(terminal, request_record(query="limit=2")) == [
        "GET /members?limit=2 200 0.31 ms  hit  shop"
    ]
    assert re.match(r"\d\d:\d\d:\d\d GET", CODES.sub("", terminal.getvalue()))


def test_hint_and_reason_stand_below(terminal: Terminal) -> None:
    record = request_record(status=400, detail="a list has no name", hint="fields: id, name")

    assert log(terminal, record)[1:] == ["detail: a list has no name", "hint: fields: id, name"]


def test_a_client_cannot_send_control_characters(terminal: Terminal) -> None:
    [line] = log(terminal, request_record(path="/a\x1b[31m\nfake line", query="\x07"))

    assert line == r"GET /a\x1b[31m\nfake line?\x07 200 0.31 ms  hit  shop"


def test_the_status_has_a_colour_unless_no_color_is_set(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    log(terminal, request_record(status=404))
    assert "\x1b[33m404\x1b[0m" in terminal.getvalue()

    monkeypatch.setenv("NO_COLOR", "1")
    plain = Terminal()
    log(plain, request_record(status=404))
    assert "\x1b" not in plain.getvalue()


def test_an_error_has_its_traceback_below(terminal: Terminal) -> None:
    set_up_logging("info", terminal)
    try:
        int("broken")
    except ValueError:
        logging.getLogger("larst.service").exception("a bug")

    lines = lines_of(terminal)
    assert lines[0] == "error a bug"
    assert lines[-1].startswith("ValueError: invalid literal")


def test_json_is_written_where_asked_and_without_a_terminal(terminal: Terminal) -> None:
    set_up_logging("info", terminal, log_format="json")
    logging.getLogger("larst.service").info("started")
    stream = io.StringIO()
    set_up_logging("info", stream)
    logging.getLogger("larst.service").info("started")

    assert terminal.getvalue().startswith('{"ts"')
    assert stream.getvalue().startswith('{"ts"')


@pytest.mark.parametrize("lane", ["on", "off"])
async def test_queries_reasons_and_hints_of_a_service(
    tmp_path: Path, terminal: Terminal, lane: str
) -> None:
    set_up_logging("info", terminal)
    async with AsyncExitStack() as stack:
        telemetry = Telemetry(for_people=True)
        server = await start(stack, tmp_path, lane=lane, telemetry=telemetry)
        targets = ["/members?limit=2"] * 3 + ["/members?colour=red", "/members?limit=x"]
        stored = request("POST", "/members", b'{"name":"Ann"}', session="one")
        reads = [request("GET", target, session="one") for target in targets]
        await server.exchange(stored, *reads)

    lines = lines_of(terminal)
    assert sum(line.startswith("GET /members?limit=2 200") for line in lines) == 3
    hinted = next(i for i, line in enumerate(lines) if "colour=red 200" in line)
    refused = next(i for i, line in enumerate(lines) if "limit=x 400" in line)
    assert lines[hinted + 1].startswith("hint: ")
    assert lines[refused + 1].startswith("detail: ")
