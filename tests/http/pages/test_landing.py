"""The landing page: the first requests to try, as JSON and as HTML."""

from __future__ import annotations

import shlex
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from larst.http.pages.landing import Sample, Visitor, prefers_html, welcome, welcome_page

VISITOR = Visitor(
    address="http://localhost:8000",
    prefix="",
    session_id="abc",
    session_from="default",
    has_token=False,
    planner="rules",
    model=None,
    plan_mode="learn",
    has_model_server=False,
)


class _Tags(HTMLParser):
    """Collects the tags and the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def _parse(visitor: Visitor) -> _Tags:
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

    def test_they_name_the_session_if_the_visitor_did(self) -> None:
        """Otherwise curl would write to one session, and the page would link to another."""
        for command in welcome(replace(VISITOR, session_from="header"))["try"]:
            assert " -H 'X-Session-ID: abc'" in command

    def test_they_send_a_token_if_the_visitor_did_without_showing_it(self) -> None:
        visitor = replace(VISITOR, session_from="token", has_token=True)

        for command in welcome(visitor)["try"]:
            assert ' -H "Authorization: Bearer $TOKEN"' in command

    @pytest.mark.parametrize("host", ["a$(touch x)", "a;touch x", "a'b", "a`b`", "a b", "a&b"])
    def test_a_forged_host_runs_nothing_in_a_shell(self, host: str) -> None:
        """Clients choose the Host header, and users paste commands without reading them."""
        visitor = replace(VISITOR, address=f"http://{host}")

        words = [shlex.split(command) for command in welcome(visitor)["try"]]

        assert words[1] == ["curl", f"http://{host}/members/1"]
        assert words[0][:2] == ["curl", f"http://{host}/members/"]


class TestResources:
    OWN = replace(
        VISITOR,
        address="http://localhost:8000/@shop",
        prefix="/@shop",
        session_from="path",
        resources={"posts": 1200, "users": 1},
        sample=Sample("posts", "a b", '{"title":"it\'s"}'),
    )

    def test_the_commands_are_about_them(self) -> None:
        """A visitor of a seeded session has no members."""
        address = "http://localhost:8000/@shop/posts"

        assert [shlex.split(command) for command in welcome(self.OWN)["try"]] == [
            ["curl", f"{address}?limit=2"],
            ["curl", f"{address}/a%20b"],
            ["curl", address, "-d", '{"title":"it\'s"}'],
        ]

    def test_they_are_listed_with_counts_and_links(self) -> None:
        page = _parse(self.OWN)
        links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]

        assert {"/@shop/posts", "/@shop/users"} <= set(links)
        assert "1,200 records" in page.text
        assert "members" not in page.text
        assert welcome(self.OWN)["resources"]["posts"] == {"records": 1200, "path": "/@shop/posts"}

    def test_many_are_cut(self) -> None:
        many = {f"r{number}": 1 for number in range(1_000)}
        page = _parse(replace(self.OWN, resources=many))

        assert "970 more are in the docs" in page.text
        assert len(page.tags) < 300

    def test_no_resource_leaves_no_empty_list(self) -> None:
        assert "Your session's data" not in _parse(VISITOR).text


class TestPage:
    @pytest.mark.parametrize("field", ["address", "session_id", "planner", "model"])
    def test_texts_of_visitors_and_settings_are_escaped(self, field: str) -> None:
        bad = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&{{style}}"
        visitor = replace(VISITOR, session_from="header", planner="openai", model="m")
        changed: dict[str, Any] = {field: bad}
        page = _parse(replace(visitor, **changed))

        assert page.tags == _parse(visitor).tags
        assert "<img src=x" in page.text

    def test_its_policy_allows_everything_on_it(self) -> None:
        """It has no inline handlers, no style attributes and no addresses of other hosts."""
        page = _parse(VISITOR)

        for tag, attributes in page.tags:
            assert not [name for name in attributes if name.startswith("on") or name == "style"]
            for name in ("src", "href"):
                address = attributes.get(name) or "/"
                assert address.startswith(("/", "data:")), (tag, address)
                assert not address.startswith("//")

    def test_its_policy_allows_nothing_else(self) -> None:
        policy = welcome_page(VISITOR).policy

        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy
        assert "http" not in policy

    def test_the_built_in_rules_come_with_how_to_set_a_key(self) -> None:
        text = _parse(VISITOR).text

        assert "The built-in rules" in text
        assert "OPENAI_API_KEY=… larst serve" in text
        assert "{{" not in text

    def test_a_model_is_shown_with_its_provider(self) -> None:
        text = _parse(replace(VISITOR, planner="anthropic", model="claude-haiku-5-5")).text

        assert "Anthropic, with the model claude-haiku-5-5" in text
        assert "LARS_DEFAULT_PROVIDER=rules" in text
        assert "called once for each new shape" in text

    def test_a_configured_model_server_is_not_shown_as_a_provider(self) -> None:
        """Users of a local model must not get the impression that data goes to OpenAI."""
        own = replace(VISITOR, planner="openai", model="qwen3", has_model_server=True)

        text = _parse(own).text

        assert "Your own model server, with the model qwen3" in text
        assert "OpenAI" not in text

    def test_it_shows_a_locked_or_unused_plan_book(self) -> None:
        locked = _parse(replace(VISITOR, plan_mode="locked")).text
        fresh = _parse(replace(VISITOR, planner="openai", model="m", plan_mode="fresh")).text

        assert "The plan book is locked" in locked
        assert "called for every request" in fresh


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
def test_only_clients_that_ask_for_html_get_the_page(accept: str, is_preferred: bool) -> None:
    """A program that also accepts HTML gets JSON; a browser asks for HTML first."""
    assert prefers_html(accept) is is_preferred
