"""Printing: plain lines, tables and JSON. Must never send a control character to a terminal."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO


def write_line(stream: TextIO, text: str) -> None:
    """Write a line; a closed pipe is not an error, and an odd character is escaped."""
    encoding = stream.encoding or "utf-8"
    with contextlib.suppress(BrokenPipeError):
        stream.write(f"{text}\n".encode(encoding, "backslashreplace").decode(encoding))
    flush_or_discard(stream)


def flush_or_discard(stream: TextIO) -> None:
    """Write out what the stream buffers; if that fails, discard it.

    Otherwise the interpreter flushes the stream when it exits, and reports the error again.
    """
    try:
        stream.flush()
    except OSError:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


def printable(text: str) -> str:
    """Return the text with control characters escaped: clients choose these names."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def print_json(value: object) -> None:
    """Print a value as indented JSON."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def print_table(
    columns: Sequence[str], number_columns: Sequence[str], rows: Iterable[Sequence[str]]
) -> None:
    """Print a table; the columns of numbers follow the others and are aligned to the right."""
    # Imported here: rich takes longer than all of `--help`.
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in columns:
        table.add_column(title, overflow="fold")
    for title in number_columns:
        table.add_column(title, justify="right")
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)
