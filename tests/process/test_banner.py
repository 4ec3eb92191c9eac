"""The start-up notice is for a person: short, plain, and what it names can be pasted."""

from __future__ import annotations

from pathlib import Path

import pytest

from larst.process.banner import banner


def notice(url: str = "http://127.0.0.1:8000", planner: str = "rules") -> str:
    return banner(url=url, data_root=Path("/srv/larst"), planner=planner, version="1.2.3")


def test_it_says_where_what_and_how_to_begin() -> None:
    text = notice()

    assert text.splitlines()[0] == "LARST 1.2.3 is ready at http://127.0.0.1:8000"
    assert "/srv/larst" in text
    assert "rules" in text
    assert 'curl http://127.0.0.1:8000/members/ -d \'{"name":"Alice"}\'' in text


def test_it_is_short_plain_text() -> None:
    """It goes to files and pipes as well: no colours, and the prompt begins a new line."""
    text = notice()

    assert 6 <= len(text.splitlines()) <= 8
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "\x1b" not in text
    assert text.endswith("\n")


@pytest.mark.parametrize("url", ["http://0.0.0.0:8000", "http://[::]:8000"])
def test_what_to_paste_works_when_every_address_is_listened_on(url: str) -> None:
    text = notice(url)

    assert url in text.splitlines()[0]
    assert "curl http://localhost:8000/members/" in text


def test_another_planner_is_named_as_it_is() -> None:
    assert "scripted" in notice(planner="scripted")
