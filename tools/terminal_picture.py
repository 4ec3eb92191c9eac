"""Record docs/images/terminal.svg from a real run: `python tools/terminal_picture.py`.

Starts `larst serve --memory`, types the commands below as a user would, and draws what they print.
A test runs them again and fails when the picture shows something else.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from pathlib import Path

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "terminal.svg"
ADDRESS = "localhost:8000"
"""The address in the picture; the run takes a free port."""

COMMANDS = (
    """curl localhost:8000/books -d '{"title":"Emma","price":12}'""",
    """curl localhost:8000/books -d '{"title":"Dune","price":9,"tags":["desert"]}'""",
    """curl 'localhost:8000/books/search?price_lt=10'""",
    """curl -X PATCH localhost:8000/books/1 -d '{"price":8}'""",
    """curl localhost:8000/books/2/reviews -d '{"stars":5}'""",
    """curl localhost:8000/books/2/reviews""",
    """curl 'localhost:8000/books?_sort=price&_order=desc&_limit=1'   # json-server""",
    """curl 'localhost:8000/books?select=title&price=gte.9'   # Supabase""",
)
"""The clients of other servers come last: their marks teach the session how to reply."""

COLUMNS = 86
_CELL_WIDTH, _LINE_HEIGHT, _MARGIN, _BAR = 8.4, 20, 18, 34
_TYPED_PER_S, _PAUSE_S, _READ_S, _END_S = 28.0, 0.5, 1.3, 5.0
_PORT = re.compile(r"http://127\.0\.0\.1:(\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Step:
    """A command, and what it printed."""

    command: str
    output: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the picture, in sight from `start_s` on; one that is typed ends `typed_s` later."""

    text: str
    start_s: float
    typed_s: float = 0.0


def record() -> list[Step]:
    """Run the commands against a service, and return what they printed."""
    with _service() as (notice, port):
        start = Step("larst serve", notice)
        return [start, *(Step(command, _run(command, port)) for command in COMMANDS)]


@contextmanager
def _service() -> Iterator[tuple[str, str]]:
    """Yield the first line of the start-up notice, and the port."""
    with subprocess.Popen(
        [sys.executable, "-m", "larst", "serve", "--memory", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "LARS_LOG_LEVEL": "error"},
    ) as process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        try:
            notice = process.stdout.readline().strip()
            port = _PORT.search(notice)
            if port is None:
                raise SystemExit(f"the service did not start: {notice!r}")
            yield notice.replace(f"127.0.0.1:{port[1]}", ADDRESS), port[1]
        finally:
            process.send_signal(signal.SIGTERM)


def _run(command: str, port: str) -> str:
    """Return what a command printed; its replies name the address of the picture."""
    typed = command.replace(ADDRESS, f"localhost:{port}").replace("curl ", "curl --silent ", 1)
    finished = subprocess.run(
        ["bash", "-c", typed], capture_output=True, text=True, timeout=60, check=True
    )
    return finished.stdout.replace(f"localhost:{port}", ADDRESS).strip()


def lines_of(steps: Sequence[Step]) -> list[Line]:
    """Return the lines with their times."""
    lines, now_s = [], 0.6
    for step in steps:
        typed_s = len(step.command) / _TYPED_PER_S
        lines.append(Line(f"$ {step.command}", now_s, typed_s))
        now_s += typed_s + _PAUSE_S
        lines += [Line(text, now_s) for text in _wrapped(step.output)]
        now_s += _READ_S
    return lines


def _wrapped(text: str) -> list[str]:
    """Return the text in lines of the width of the terminal."""
    return [
        row[start : start + COLUMNS]
        for row in text.splitlines()
        for start in range(0, max(len(row), 1), COLUMNS)
    ]


def svg(lines: Sequence[Line]) -> str:
    """Return the picture; it is complete at once for people who prefer less motion."""
    total_s = max(line.start_s + line.typed_s for line in lines) + _END_S
    width = round(COLUMNS * _CELL_WIDTH + 2 * _MARGIN)
    height = _BAR + len(lines) * _LINE_HEIGHT + _MARGIN
    rows = "\n".join(_row(number, line) for number, line in enumerate(lines))
    styles = "\n".join(_style(number, line, total_s) for number, line in enumerate(lines))
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<title>A terminal: larst serve, then requests with curl and their replies</title>
<style>
text {{ font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; \
fill: #d6deeb; white-space: pre }}
.typed {{ fill: #ffffff }}
.prompt {{ fill: #7ee787 }}
@media (prefers-reduced-motion: no-preference) {{
{styles}
}}
</style>
<rect width="{width}" height="{height}" rx="10" fill="#0d1526"/>
<circle cx="20" cy="17" r="5.5" fill="#ff6159"/>
<circle cx="39" cy="17" r="5.5" fill="#ffbd2e"/>
<circle cx="58" cy="17" r="5.5" fill="#28c941"/>
{rows}
</svg>
"""


def _row(number: int, line: Line) -> str:
    y = _BAR + number * _LINE_HEIGHT + 14
    place = f'id="l{number}" x="{_MARGIN}" y="{y}" textLength="{len(line.text) * _CELL_WIDTH:.1f}"'
    if not line.typed_s:
        return f'<text {place} xml:space="preserve">{escape(line.text, quote=False)}</text>'
    command = escape(line.text[2:], quote=False)
    return (
        f'<text class="typed" {place} xml:space="preserve">'
        f'<tspan class="prompt">$ </tspan>{command}</text>'
    )


def _style(number: int, line: Line, total_s: float) -> str:
    """Return the animation of a line: it appears, and a command is uncovered key by key."""
    begin, end = (f"{at_s / total_s:.4%}" for at_s in (line.start_s, line.start_s + line.typed_s))
    if not line.typed_s:
        frames = f"0%,{begin} {{ opacity: 0 }} {begin},100% {{ opacity: 1 }}"
        return (
            f"@keyframes k{number} {{ {frames} }}\n"
            f"#l{number} {{ animation: k{number} {total_s:.1f}s step-end infinite }}"
        )
    frames = (
        f"0%,{begin} {{ clip-path: inset(-4px 100% -4px 0) }} "
        f"{end},100% {{ clip-path: inset(-4px 0 -4px 0) }}"
    )
    return (
        f"@keyframes k{number} {{ {frames} }}\n"
        f"#l{number} {{ animation: k{number} {total_s:.1f}s steps({len(line.text)}) infinite }}"
    )


if __name__ == "__main__":
    PICTURE.write_text(svg(lines_of(record())))
    sys.stdout.write(f"written: {PICTURE}\n")
