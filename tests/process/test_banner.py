"""The start-up banner is short plain text, and its commands can be pasted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from larst.process.banner import Notice, banner

PATHS = frozenset({"/", "/docs"})


def banner_of(url: str = "http://127.0.0.1:8000", planner: str = "rules") -> str:
    return banner(
        Notice(url=url, data_root=Path("/srv/larst"), planner=planner, version="1.2.3", paths=PATHS)
    )


def test_it_shows_address_data_root_planner_and_first_request() -> None:
    text = banner_of()

    assert text.splitlines()[0] == "LARST 1.2.3 is ready at http://127.0.0.1:8000"
    assert "/srv/larst" in text
    assert "rules" in text
    assert 'curl http://127.0.0.1:8000/members/ -d \'{"name":"Alice"}\'' in text


def test_it_is_short_plain_text() -> None:
    """It also goes to files and pipes: no colours, and the prompt starts on a new line."""
    text = banner_of()

    assert 6 <= len(text.splitlines()) <= 8
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "\x1b" not in text
    assert text.endswith("\n")


@pytest.mark.parametrize("url", ["http://0.0.0.0:8000", "http://[::]:8000"])
def test_its_commands_use_localhost_when_the_service_listens_on_all_addresses(url: str) -> None:
    text = banner_of(url)

    assert url in text.splitlines()[0]
    assert "curl http://localhost:8000/members/" in text


def test_its_commands_read_the_file_that_was_imported() -> None:
    """A command for /members fails at once in a session that has posts and users."""
    root = Path("/srv/larst")
    text = banner(
        Notice(
            url="http://h:1",
            data_root=root,
            planner="rules",
            version="1",
            file="x",
            resource="posts",
        )
    )

    assert "  try      curl http://h:1/posts\n" in text
    assert "curl 'http://h:1/posts?_sort=id&_order=desc&_limit=3'" in text
    assert "members" not in text


def test_another_planner_is_shown_by_its_name() -> None:
    assert "scripted" in banner_of(planner="scripted")


def test_it_says_in_a_line_what_became_of_the_file() -> None:
    root = Path("/srv/larst")
    text = banner(
        Notice(url="http://h:1", data_root=root, planner="rules", version="1", file="db.json: x")
    )

    assert "  file     db.json: x" in text.splitlines()


def test_it_says_what_a_stop_does_to_the_data() -> None:
    """In a terminal that runs `larst serve --memory`, "the data stays" would be wrong."""
    notice = Notice("http://h:1", Path("/d"), "rules", "1")

    assert "Ctrl-C; the data stays" in banner(notice)
    assert "Ctrl-C; the data is gone then" in banner(replace(notice, keeps_data=False))


def test_it_names_the_pages_that_the_service_has() -> None:
    """The console is there once its route is."""
    notice = Notice("http://h:1", Path("/d"), "rules", "1", paths=PATHS | {"/_larst/"})

    assert "  docs     http://h:1/docs" in banner_of("http://h:1").splitlines()
    assert "console" not in banner_of()
    assert "  console  http://h:1/_larst/" in banner(notice).splitlines()
    assert notice.first_page == "http://h:1/_larst/"


def test_its_commands_carry_the_token_and_files_do_not_get_it() -> None:
    notice = Notice("http://h:1", Path("/d"), "rules", "1", has_tokens=True, token="it's")
    of_file = Notice("http://h:1", Path("/d"), "rules", "1", has_tokens=True)

    shown = banner(notice, shows_token=True)
    assert shown.count("-H 'Authorization: Bearer it'\"'\"'s'") == 2
    assert banner(notice).count('-H "Authorization: Bearer $LARS_AUTH_TOKEN"') == 2
    assert "it's" not in banner(notice)
    assert banner(of_file, shows_token=True).count('"Authorization: Bearer $TOKEN"') == 2
