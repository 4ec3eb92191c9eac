"""The picture in the README shows what the service replies."""

from __future__ import annotations

import shutil
from xml.etree import ElementTree as Xml

import pytest

from tools.terminal_picture import PICTURE, Step, lines_of, record, svg


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_picture_is_that_of_a_run_with_this_version() -> None:
    """A stranger decides by it within a minute; a picture of another program would be a lie."""
    is_current = svg(lines_of(record())) == PICTURE.read_text()

    assert is_current, "the picture is out of date; record it: python tools/terminal_picture.py"


def test_markup_in_a_reply_is_text() -> None:
    steps = [Step("curl x", "<script>alert(1)</script> & more")]

    picture = Xml.fromstring(svg(lines_of(steps)))  # noqa: S314 - of our own making

    texts = ["".join(node.itertext()) for node in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["$ curl x", "<script>alert(1)</script> & more"]


def test_a_line_is_in_sight_after_the_command_that_printed_it() -> None:
    command, output = lines_of([Step("curl x", "{}")])

    assert output.start_s > command.start_s + command.typed_s
