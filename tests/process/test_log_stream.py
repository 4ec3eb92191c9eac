"""The log never waits for its reader: a full pipe held all sessions."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from typing import TextIO, TypeAlias

import pytest

from larst.process import log_stream
from larst.process.log_stream import LogStream

Pipe: TypeAlias = tuple[int, TextIO]

LINE = f'{{"msg":"{"x" * 1000}"}}\n'


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream:
        yield reader, stream
    os.close(reader)


def read_all(reader: int) -> bytes:
    os.set_blocking(reader, False)
    data = b""
    try:
        while part := os.read(reader, 65_536):
            data += part
    except BlockingIOError:
        pass
    return data


async def test_lines_wait_for_a_reader_that_stands_still(pipe: Pipe) -> None:
    """A pipe holds 64 KiB: one write more would block, for good."""
    reader, writer = pipe
    stream = LogStream(writer)

    for _ in range(300):
        stream.write(LINE)
    data = b""
    async with asyncio.timeout(20):
        while data.count(b"\n") < 300:
            data += read_all(reader)
            await asyncio.sleep(0.01)

    assert data.decode() == LINE * 300


def test_dropped_lines_are_counted(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = pipe
    monkeypatch.setattr(log_stream, "MAX_WAITING_BYTES", 100_000)
    stream = LogStream(writer)

    for _ in range(300):
        stream.write(LINE)
    data = b""
    for _ in range(20):
        data += read_all(reader)
        stream.flush()

    lines = data.decode().splitlines()
    kept = [line for line in lines if "dropped_lines" not in line]
    (dropped,) = [line for line in lines if "dropped_lines" in line]
    assert kept == [LINE.rstrip()] * len(kept)
    assert f'"dropped_lines":{300 - len(kept)}}}' in dropped


def test_the_end_of_the_process_waits_only_shortly(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, writer = pipe
    monkeypatch.setattr(log_stream, "LAST_WAIT_S", 0.05)
    stream = LogStream(writer)
    for _ in range(300):
        stream.write(LINE)

    stream.close()


def test_a_reader_may_go_away() -> None:
    reader, writer = os.pipe()
    os.close(reader)

    with os.fdopen(writer, "w") as stream:
        LogStream(stream).write(LINE)
