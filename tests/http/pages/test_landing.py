"""The hints at the service's own address, for programs and for people."""

from __future__ import annotations

import shlex
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from larst.http.pages.landing import Visitor, prefers_html, welcome, welcome_page

VISITOR = Visitor(
    address="http://localhost:8000",
    session_id="abc",
    session_from="address",
    has_token=False,
    planner="rules",
    model=None,
    plan_mode="learn",
    has_model_server=False,
)


class _Tags(HTMLParser):
    """Collects the tags of a page with their attributes, and its texts."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def _read(visitor: Visitor) -> _Tags:
    tags = _Tags()
    tags.feed(welcome_page(visitor).html)
    return tags


class TestCommands:
    def test_they_create_read_and_search_at_the_visitors_address(self) -> None:
        assert welcome(VISITOR)["try"] == [
            'curl http://localhost:8000/members/ -d \'{"name":"Alice"}\'',
            "curl http://localhost:8000/members/1",
            "curl 'http://localhost:8000/members/search?name=A*'",
        ]

    def test_they_stay_in_a_session_that_was_named(self) -> None:
        """Else curl would create in one session, and the page's links show another."""
        for command in welcome(replace(VISITOR, session_from="header"))["try"]:
            assert " -H 'X-Session-ID: abc'" in command

    def test_they_send_a_token_where_the_visitor_did_and_never_show_it(self) -> None:
        visitor = replace(VISITOR, session_from="token", has_token=True)

        for command in welcome(visitor)["try"]:
            assert ' -H "Authorization: Bearer $TOKEN"' in command

    @pytest.mark.parametrize("host", ["a$(touch x)", "a;touch x", "a'b", "a`b`", "a b", "a&b"])
    def test_a_made_up_host_runs_nothing_in_a_shell(self, host: str) -> None:
        """The Host header is whatever a client writes; a command is pasted unread."""
        visitor = replace(VISITOR, address=f"http://{host}")

        words = [shlex.split(command) for command in welcome(visitor)["try"]]

        assert words[1] == ["curl", f"http://{host}/members/1"]
        assert words[0][:2] == ["curl", f"http://{host}/members/"]


class TestPage:
    @pytest.mark.parametrize("field", ["address", "session_id", "planner", "model"])
    def test_what_a_visitor_or_a_setting_says_is_no_markup(self, field: str) -> None:
        bad = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&{{style}}"
        visitor = replace(VISITOR, session_from="header", planner="openai", model="m")
        changed: dict[str, Any] = {field: bad}
        read = _read(replace(visitor, **changed))

        plain = _read(visitor)
        assert read.tags == plain.tags
        assert "<img src=x" in read.text

    def test_nothing_in_it_is_refused_by_its_own_policy(self) -> None:
        """Inline handlers and style attributes would be; no other host is named either."""
        read = _read(VISITOR)

        for tag, attributes in read.tags:
            assert not [name for name in attributes if name.startswith("on") or name == "style"]
            for name in ("src", "href"):
                address = attributes.get(name) or "/"
                assert address.startswith(("/", "data:")), (tag, address)
                assert not address.startswith("//")

    def test_its_policy_admits_nothing_but_what_is_in_it(self) -> None:
        policy = welcome_page(VISITOR).policy

        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy
        assert "http" not in policy

    def test_the_rules_are_named_with_how_to_give_a_key(self) -> None:
        text = _read(VISITOR).text

        assert "The built-in rules" in text
        assert "OPENAI_API_KEY=… larst serve" in text
        assert "{{" not in text

    def test_a_model_is_named_with_its_provider(self) -> None:
        text = _read(replace(VISITOR, planner="anthropic", model="claude-haiku-5-5")).text

        assert "Anthropic, with the model claude-haiku-5-5" in text
        assert "LARS_DEFAULT_PROVIDER=rules" in text
        assert "asked once for each shape" in text

    def test_a_server_of_ones_own_is_not_taken_for_a_provider(self) -> None:
        """Whoever runs a local model must not read that data go to OpenAI."""
        own = replace(VISITOR, planner="openai", model="qwen3", has_model_server=True)

        text = _read(own).text

        assert "A model server of your own, with the model qwen3" in text
        assert "OpenAI" not in text

    def test_a_book_that_is_locked_or_not_used_is_told_of(self) -> None:
        locked = _read(replace(VISITOR, plan_mode="locked")).text
        fresh = _read(replace(VISITOR, planner="openai", model="m", plan_mode="fresh")).text

        assert "the plan book is locked" in locked
        assert "anew for every request" in fresh


@pytest.mark.parametrize(
    ("accept", "is_preferred"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("text/html", True),
        ("TEXT/HTML;Q=0.5", True),
        ("*/*", False),
        ("", False),
        ("application/json, text/plain, */*", False),
        ("application/json, text/html;q=0.9", False),
        ("application/json, text/html", True),
        ("text/html;q=0", False),
        ("text/html;q=x", True),
        (";;,,", False),
    ],
)
def test_a_page_is_for_those_who_ask_for_one(accept: str, is_preferred: bool) -> None:
    """A program that also takes HTML still gets JSON; a browser asks for HTML first."""
    assert prefers_html(accept) is is_preferred
