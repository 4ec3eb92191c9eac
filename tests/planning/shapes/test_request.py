"""The reading of whole requests: dialect, method, path and body in LARST's own form."""

from __future__ import annotations

import orjson
import pytest

from larst.domain import Json
from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.request import ReadingSettings
from larst.planning.shapes import shape_request
from tests.fakes import request
from tests.planning.sessions import session_of, shaped_of

POSTS = session_of({"posts": [{"title": "Hi", "views": 1, "tags": ["a"]}]})
STRONG = "/posts?_page=1&_limit=5"
WEAK = "/posts?page=1&per_page=5"
PLAIN = "/posts?views=1"


def _dialect(
    target: str, settings: ReadingSettings | None = None, **headers: str
) -> tuple[str, str]:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    reading = shaped_of(request("GET", target, headers=named), POSTS, settings).reading
    return reading.dialect.name, reading.source


UUID = "0b0f3a3e-6f0e-4f7e-9f43-0d5a5c0f0a11"


class TestDialects:
    def test_without_a_mark_a_request_is_in_larsts_own(self) -> None:
        assert _dialect(PLAIN) == ("larst", "default")

    def test_a_header_decides_before_all_else(self) -> None:
        settings = ReadingSettings(dialect="spring", learned="json-server")

        assert _dialect(STRONG, settings, x_larst_dialect="odata") == ("odata", "header")

    def test_a_setting_decides_before_a_mark(self) -> None:
        settings = ReadingSettings(dialect="spring", learned="drf")

        assert _dialect(STRONG, settings) == ("spring", "setting")

    def test_a_strong_mark_decides_before_a_learned_dialect(self) -> None:
        assert _dialect(STRONG, ReadingSettings(learned="drf")) == ("json-server", "request")

    def test_a_learned_dialect_decides_before_a_weak_mark(self) -> None:
        assert _dialect(WEAK, ReadingSettings(learned="drf")) == ("drf", "learned")

    def test_a_weak_mark_decides_where_nothing_else_does(self) -> None:
        assert _dialect(WEAK) == ("laravel", "request")

    def test_a_strong_mark_teaches_the_session_once(self) -> None:
        def teaches(target: str, learned: str | None) -> bool:
            settings = ReadingSettings(learned=learned)
            return shaped_of(request("GET", target), POSTS, settings).reading.teaches

        assert teaches(STRONG, None)
        assert not teaches(STRONG, "json-server")
        assert not teaches(WEAK, None)

    def test_an_unknown_dialect_in_the_header_is_refused(self) -> None:
        with pytest.raises(QueryNotUnderstoodError, match="json-server"):
            _dialect(PLAIN, x_larst_dialect="jsonserver")

    @pytest.mark.parametrize(
        ("target", "dialect"),
        [
            ("/posts?_sort=views&_order=desc", "json-server"),
            ("/posts?_sort=-views", "json-server-1"),
            ("/posts?views=gt.1", "postgrest"),
            ("/posts?select=*", "postgrest"),
            ("/posts?$top=1", "odata"),
            ("/posts(1)", "odata"),
            ("/api/collections/posts/records", "pocketbase"),
            ("/posts?pagination[page]=1", "strapi"),
            ("/posts?filter[where][views]=1", "loopback"),
            ("/posts?$limit=1", "feathers"),
            ("/posts?range=[0,9]", "simple-rest"),
            ("/items/posts", "directus"),
            ("/posts?limit=1&starting_after=1", "stripe"),
        ],
    )
    def test_clients_show_the_dialect_of_their_server(self, target: str, dialect: str) -> None:
        assert _dialect(target) == (dialect, "request")

    @pytest.mark.parametrize("key", ["3", "-3", "'a b'", "id=3", "a='x',b=2", f"{UUID}"])
    def test_a_key_in_parentheses_is_of_odata(self, key: str) -> None:
        assert _dialect(f"/posts({key})")[0] == "odata"

    @pytest.mark.parametrize("id", ["__(,_,*)", "report(final)", "f(x)", "ω(3)", "3(4)"])
    def test_an_id_with_parentheses_shows_no_dialect(self, id: str) -> None:
        """Such a record would change the form of every later reply of the session."""
        assert _dialect(f"/files/{id}") == ("larst", "default")

    @pytest.mark.parametrize(
        "target", ["/posts?page[number]=1&page[size]=2", "/posts?views=1&title=2"]
    )
    def test_a_key_inside_brackets_does_not_mark_another_dialect(self, target: str) -> None:
        assert _dialect(target) == ("larst", "default")


def _body(body: Json, media_type: str = "application/json") -> Json:
    headers = {"content-type": media_type}
    context = request("POST", "/posts", orjson.dumps(body), media_type, headers=headers)
    return shaped_of(context, POSTS).request.body.json


class TestBodies:
    @pytest.mark.parametrize(
        "body",
        [
            {"title": "Ho"},
            {"post": {"title": "Ho"}},
            {"Post": {"title": "Ho"}},
        ],
    )
    def test_the_wrapping_of_other_servers_is_taken_off(self, body: Json) -> None:
        assert _body(body) == {"title": "Ho"}

    def test_a_document_of_json_api_is_a_record(self) -> None:
        document = {
            "data": {
                "type": "posts",
                "id": "7",
                "attributes": {"title": "Ho"},
                "relationships": {"author": {"data": {"type": "people", "id": "9"}}},
            }
        }

        record = _body(document, media_type="application/vnd.api+json")

        assert record == {"id": 7, "title": "Ho", "author_id": 9}

    @pytest.mark.parametrize(
        "body",
        [
            {"data": {"title": "Ho"}},
            {"data": {"title": "Ho"}, "more": 1},
            {"data": 5},
            {"title": {"de": "Ho"}},
            {"comment": {"title": "Ho"}},
            {"tags": ["b"]},
        ],
    )
    def test_a_body_without_wrapping_stays_unchanged(self, body: Json) -> None:
        assert _body(body) == body

    def test_a_learned_field_does_not_wrap(self) -> None:
        session = session_of({"posts": [{"data": {"a": 1}}]})
        context = request("POST", "/posts", b'{"data": {"a": 2}}')

        assert shaped_of(context, session).request.body.json == {"data": {"a": 2}}

    def test_an_unwrapped_list_has_the_shape_of_a_list(self) -> None:
        shape = shaped_of(request("POST", "/api/posts", b'{"data": [{"a": 1}]}'), POSTS).shape

        assert shape == shaped_of(request("POST", "/api/posts", b'[{"b": 1}]'), POSTS).shape

    def test_a_learned_dialect_does_not_unwrap(self) -> None:
        """Another client of the session taught it."""
        context = request("POST", "/posts", b'{"data": {"a": 2}}')
        learned = ReadingSettings(learned="strapi")

        assert shape_request(context, POSTS, learned).request.body.json == {"data": {"a": 2}}


class TestMethods:
    @pytest.mark.parametrize(
        ("target", "body", "headers"),
        [
            ("/posts/1", b"", {"x-http-method-override": "PATCH"}),
            ("/posts/1", b'{"_method": "patch", "title": "Ho"}', {}),
            ("/posts/1?_method=PATCH", b"", {}),
        ],
    )
    def test_a_post_can_name_its_method(
        self, target: str, body: bytes, headers: dict[str, str]
    ) -> None:
        context = request("POST", target, body, headers=headers)

        shaped = shaped_of(context, POSTS)

        assert shaped.shape.method == "PATCH"
        assert "_method" not in (shaped.request.body.json or {})

    def test_a_get_cannot(self) -> None:
        """Links and images would change data."""
        context = request("GET", "/posts/1", headers={"x-http-method-override": "DELETE"})

        assert shaped_of(context, POSTS).shape.method == "GET"

    def test_head_has_the_shape_of_get(self) -> None:
        assert (
            shaped_of(request("HEAD", "/posts/1")).shape
            == shaped_of(request("GET", "/posts/1")).shape
        )


class TestUpserts:
    @pytest.mark.parametrize(
        ("method", "headers"),
        [
            ("PUT", {"if-none-match": "*"}),
            ("PUT", {"x-larst-dialect": "firebase"}),
            ("POST", {"prefer": "resolution=merge-duplicates"}),
            ("POST", {"prefer": "return=minimal, resolution=merge-duplicates"}),
        ],
    )
    def test_a_client_can_ask_to_create_or_change(
        self, method: str, headers: dict[str, str]
    ) -> None:
        target = "/posts/9" if method == "PUT" else "/posts"
        shaped = shaped_of(request(method, target, b'{"id": 9}', headers=headers), POSTS)

        assert shaped.reading.is_upsert
        assert "upsert" in shaped.shape.asks

    def test_without_that_a_put_changes_only_what_exists(self) -> None:
        assert not shaped_of(request("PUT", "/posts/9", b"{}"), POSTS).reading.is_upsert


class TestSearches:
    @pytest.mark.parametrize("body", [b'{"views": 1}', b'{"views": {"gte": 1}}'])
    def test_the_body_of_a_search_has_its_criteria(self, body: bytes) -> None:
        shaped = shaped_of(request("POST", "/posts/search", body), POSTS)

        assert shaped.shape.asks == ("criteria",)

    @pytest.mark.parametrize("body", [b"[1, 2]", b'{"ids": [1, 2]}', b'{"id": [1, 2]}'])
    def test_a_delete_can_name_the_ids_in_its_body(self, body: bytes) -> None:
        shaped = shaped_of(request("DELETE", "/posts", body), POSTS)

        assert shaped.shape.asks == ("criteria",)
        assert shaped.shape == shaped_of(request("DELETE", "/posts?views=1"), POSTS).shape


class TestWords:
    @pytest.mark.parametrize(
        ("method", "target"),
        [
            ("POST", "/login"),
            ("POST", "/api/v1/auth"),
            ("POST", "/graphql"),
            ("POST", "/createPost"),
            ("GET", "/getPosts"),
            ("POST", "/posts/1/publish"),
        ],
    )
    def test_a_verb_is_not_a_resource(self, method: str, target: str) -> None:
        """A password would be stored, and echoed."""
        assert shaped_of(request(method, target, b"{}"), POSTS).path is None

    def test_a_resource_of_that_name_is(self) -> None:
        session = session_of({"tokens": [{"a": 1}], "login": [{"a": 1}]})

        assert shaped_of(request("POST", "/login", b"{}"), session).path is not None


def test_another_reading_is_noted() -> None:
    """A client sees it in X-LARST-Reading."""
    notes = shaped_of(request("GET", "/Post"), POSTS).reading.notes

    assert notes == ("Post is posts",)
