"""Parsing of targets and bodies, and the identity of clients."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larst.domain import BodyKind
from larst.errors import BadRequestError, BadSessionIdError, InvalidJsonError, TargetTooLongError
from larst.exact_json import parse_json
from larst.http.client_identity import (
    checked_session_id,
    client_ip_of,
    continue_trace,
    request_id_of,
)
from larst.http.parsing import may_lack_body, parse_body, parse_target
from tests.fakes import request


class TestTargets:
    def test_segments_are_decoded_once_and_keep_their_slashes(self) -> None:
        """`%252F` is the text `%2F`, and `%2F` a slash inside one segment (SPEC section 3)."""
        target = parse_target("//a%2Fb/%252F/c//?x=1&x=2&y=a+b%26")

        assert target.segments == ("a/b", "%2F", "c")
        assert target.query == {"x": ("1", "2"), "y": ("a b&",)}

    @pytest.mark.parametrize("target", ["/%ff", "/x?a=%ff"])
    def test_bytes_that_are_not_utf_8_are_refused(self, target: str) -> None:
        with pytest.raises(BadRequestError, match="UTF-8"):
            parse_target(target)

    @given(st.text(max_size=60))
    def test_the_parser_raises_no_other_errors(self, text: str) -> None:
        try:
            parse_target("/" + text)
        except (BadRequestError, TargetTooLongError):
            return


class TestBodies:
    @pytest.mark.parametrize(
        ("content_type", "raw", "kind"),
        [
            ("application/json", b'{"a":1}', BodyKind.OBJECT),
            ("application/json; charset=utf-8", b"\xef\xbb\xbf[1]", BodyKind.LIST),
            ("application/vnd.api+json", b"5", BodyKind.SCALAR),
            ("application/json-patch+json", b"[]", BodyKind.PATCH),
            ("application/x-www-form-urlencoded", b"a=1", BodyKind.OBJECT),
            ("application/x-www-form-urlencoded", b' {"a":1}', BodyKind.OBJECT),
            ("", b'{"a":1}', BodyKind.OBJECT),
            ("text/plain", b"hello", BodyKind.TEXT),
            ("text/plain", b"{hello", BodyKind.TEXT),
            ("", b"  ", BodyKind.NONE),
        ],
    )
    def test_the_kind_of_a_body_follows_from_its_type_and_its_content(
        self, content_type: str, raw: bytes, kind: BodyKind
    ) -> None:
        assert parse_body(content_type, raw).kind is kind

    def test_a_repeated_form_field_is_a_list(self) -> None:
        body = parse_body("application/x-www-form-urlencoded", b"a=1&a=2&a=3&b=")

        assert body.json == {"a": ["1", "2", "3"], "b": ""}

    def test_other_charsets_are_decoded(self) -> None:
        body = parse_body("application/json; charset=latin-1", '{"n":"é"}'.encode("latin-1"))

        assert body.json == {"n": "é"}

    @pytest.mark.parametrize(
        ("content_type", "raw"),
        [
            ("application/json", b""),
            ("application/json", b"{"),
            ("application/json", b"\xff"),
            ("application/x-www-form-urlencoded", b'{"a":'),
        ],
    )
    def test_a_body_that_should_be_json_and_is_not_is_refused(
        self, content_type: str, raw: bytes
    ) -> None:
        with pytest.raises(InvalidJsonError):
            parse_body(content_type, raw)

    @pytest.mark.parametrize(
        ("method", "path", "is_complete"),
        [
            ("GET", "/orders", True),
            ("DELETE", "/orders/1", True),
            ("POST", "/orders/1/cancel", True),
            ("POST", "/orders/close-all", True),
            ("POST", "/orders", False),
            ("PUT", "/orders/1", False),
            ("PATCH", "/orders/1", False),
        ],
    )
    def test_an_action_may_announce_json_and_send_none(
        self, method: str, path: str, is_complete: bool
    ) -> None:
        """Clients that always send the header must be able to cancel an order."""
        may_be_empty = may_lack_body(method, parse_target(path).segments)

        assert may_be_empty is is_complete
        if may_be_empty:
            kind = parse_body("application/json", b" ", may_be_empty=True).kind
            assert kind is BodyKind.NONE

    @pytest.mark.parametrize("raw", [b"18446744073709551616", b"-9223372036854775809", b"[1e999]"])
    def test_numbers_that_cannot_be_represented_exactly_are_refused(self, raw: bytes) -> None:
        """A refusal is better than an id that is silently rounded."""
        with pytest.raises(InvalidJsonError, match="send it as text"):
            parse_json(raw)

    @pytest.mark.parametrize("number", [b"18446744073709551616", b"1e999", b"1E999"])
    def test_a_number_is_looked_at_wherever_it_stands(self, number: bytes) -> None:
        """Large bodies are searched in slices; a number may lie across two of them."""
        for length in range(64 * 1024 - 30, 64 * 1024 + 2):
            with pytest.raises(InvalidJsonError, match="send it as text"):
                parse_json(b'["%s",%s]' % (b"x" * length, number))

    @given(st.integers(min_value=-(2**63), max_value=2**64 - 1))
    def test_integers_of_64_bits_are_exact(self, number: int) -> None:
        assert parse_json(str(number).encode()) == number


class TestClientIdentity:
    def test_a_session_name_is_taken_as_it_is(self) -> None:
        assert checked_session_id("a-B_9") == "a-B_9"

    @pytest.mark.parametrize(
        "name", ["", "a.b", "a/b", "ä", "x" * 129, "a\n", "@acme", "@acme/shop"]
    )
    def test_invalid_session_names_are_refused(self, name: str) -> None:
        """Also the keys that tell the sessions of tenants apart: no client can send one."""
        with pytest.raises(BadSessionIdError):
            checked_session_id(name)

    def test_only_headers_of_trusted_proxies_are_used(self) -> None:
        """Any client could otherwise select another client's session with X-Forwarded-For."""
        proxies = [ipaddress.ip_network("10.0.0.0/8")]

        assert client_ip_of("8.8.8.8", "1.1.1.1", proxies) == "8.8.8.8"
        assert client_ip_of("10.0.0.1", "6.6.6.6, 1.1.1.1, 10.0.0.2", proxies) == "1.1.1.1"
        assert client_ip_of("10.0.0.1", None, proxies) == "10.0.0.1"
        assert client_ip_of("10.0.0.1", "1.1.1.1", []) == "10.0.0.1"

    def test_a_valid_request_id_is_used_and_an_invalid_one_is_replaced(self) -> None:
        assert request_id_of("abc-1", lambda: "new") == "abc-1"
        assert request_id_of("a b\n", lambda: "new") == "new"
        assert request_id_of(None, lambda: "new") == "new"

    @pytest.mark.parametrize(
        "header",
        [
            None,
            "garbage",
            f"00-{'0' * 32}-{'1' * 16}-01",
            f"00-{'1' * 32}-{'0' * 16}-01",
            f"ff-{'1' * 32}-{'1' * 16}-01",
        ],
    )
    def test_an_invalid_trace_context_starts_a_new_trace(self, header: str | None) -> None:
        trace = continue_trace(header, lambda: "ab" * 16)

        assert trace.header() == f"00-{'ab' * 16}-{'ab' * 8}-01"

    def test_a_valid_trace_context_is_continued_with_a_new_span(self) -> None:
        trace = continue_trace(f"00-{'1' * 32}-{'2' * 16}-00", lambda: "ab" * 16)

        assert (trace.trace_id, trace.span_id, trace.flags) == ("1" * 32, "ab" * 8, "00")


def test_the_context_has_no_token() -> None:
    """`token` is always null, so that a program cannot leak it (SPEC section 3)."""
    context = request("GET", "/members/1?a=b").as_json()

    assert context["session"] == {"id": "session-1", "token": None}
    assert context["segments"] == ["members", "1"]
    assert context["query"] == {"a": ["b"]}
