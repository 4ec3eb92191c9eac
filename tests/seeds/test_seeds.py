"""Recordings, collections and examples of documents become records; the rest is listed."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from larst.cli.contracts import as_json
from larst.domain import Json
from larst.errors import BadRequestError, InvalidJsonError
from larst.seeds import as_db_json, kind_of, refuse_yaml
from larst.store.transfer.db_json import ImportReport


def entry(
    method: str, url: str, body: Json, status: int = 200, mime: str = "application/json"
) -> dict[str, Any]:
    """Return an entry of a recording, as Chrome writes it."""
    text = body if isinstance(body, str) else json.dumps(body)
    return {
        "startedDateTime": "2026-03-01T10:00:00.000Z",
        "time": 12.300000000000001,
        "request": {"method": method, "url": url, "headers": [{"name": "Authorization"}]},
        "response": {"status": status, "content": {"mimeType": mime, "text": text}},
    }


def test_yaml_is_known_and_refused_with_the_way_to_convert_it() -> None:
    yaml = b"# The shop\nopenapi: 3.1.0\npaths: {}\n"
    for other in (b'{"posts": []}', b'{"a":\n"x\\\nopenapi: 3"}', b"posts:\n  openapi: 3.1\n", b""):
        refuse_yaml(other)
    with pytest.raises(BadRequestError, match=r"larst import FILE.*yq -o json"):
        refuse_yaml(yaml)
    assert kind_of(as_json(yaml)) == "OpenAPI document"


def har(*entries: object) -> bytes:
    creator = {"name": "WebInspector", "version": "537.36"}
    return json.dumps({"log": {"version": "1.2", "creator": creator, "entries": entries}}).encode()


def postman(*items: object) -> bytes:
    schema = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
    return json.dumps({"info": {"name": "Shop", "schema": schema}, "item": items}).encode()


def openapi(paths: object, **parts: object) -> bytes:
    info = {"title": "Shop", "version": "1"}
    return json.dumps({"openapi": "3.0.3", "info": info, "paths": paths, **parts}).encode()


def records(raw: bytes) -> tuple[Any, list[str]]:
    """Return the data of a file, and the lines about unused parts."""
    kind, report = kind_of(raw), ImportReport()
    assert kind is not None
    return json.loads(as_db_json(raw, kind, report)), report.warnings


class TestKinds:
    @pytest.mark.parametrize(
        "raw",
        [
            b'{"posts":[{"id":1}]}',
            b'{"log":[{"id":1,"entries":[]}]}',
            b'{"larst":"session","version":2}\n{"end":true}',
            b'{"info":{"name":"x"},"item":[{"id":1}]}',
            b'{"specs":[{"openapi":"3.1.0","paths":{}}]}',
            b'{"openapi":{"openapi":"3.1.0"}}',
            b"[1]",
            b"",
            b"\xff\xfe",
            b'{"openapi":"3.',
        ],
    )
    def test_other_files_have_no_kind(self, raw: bytes) -> None:
        """They are imported, or refused, as before."""
        assert kind_of(raw) is None

    def test_a_version_behind_other_values_is_seen(self) -> None:
        document = {"info": {"title": "x"}, "paths": {}, "openapi": "3.1.0"}

        assert kind_of(b"\xef\xbb\xbf" + json.dumps(document).encode()) == "OpenAPI document"
        assert kind_of(b'{ "swagger" : "2.0" }') == "OpenAPI document"


class TestHar:
    def test_replies_of_one_path_become_records_by_id(self) -> None:
        """A later reply adds what an earlier one did not have."""
        data, unused = records(
            har(
                entry("GET", "https://x.test/api/v1/users?page=1", [{"id": 1, "name": "Ann"}]),
                entry("GET", "https://x.test/api/v1/users/1", {"id": 1, "email": "a@x.test"}),
                entry("POST", "https://x.test/api/v1/users", {"id": 2, "name": "Ben"}, 201),
                entry("PATCH", "https://x.test/api/v1/users/2", {"id": 2, "name": "Benno"}),
            )
        )

        assert data == {
            "users": [{"id": 1, "name": "Ann", "email": "a@x.test"}, {"id": 2, "name": "Benno"}]
        }
        assert unused == []

    @pytest.mark.parametrize(
        "body",
        [
            [{"id": 1}],
            {"items": [{"id": 1}], "page": {"total": 1}},
            {"data": [{"id": 1}], "meta": {}},
            {"count": 1, "next": None, "results": [{"id": 1}]},
            {"users": [{"id": 1}], "total": 1},
        ],
    )
    def test_a_list_is_found_in_the_forms_of_servers(self, body: Json) -> None:
        assert records(har(entry("GET", "http://x/users", body)))[0] == {"users": [{"id": 1}]}

    def test_json_api_records_are_flat(self) -> None:
        row = {"type": "users", "id": "7", "attributes": {"name": "Ann"}}

        data, _ = records(har(entry("GET", "http://x/users/7", {"data": row}, mime="x/y+json")))

        assert data == {"users": [{"id": "7", "name": "Ann"}]}

    def test_the_path_gives_what_the_record_lacks(self) -> None:
        data, _ = records(
            har(
                entry("GET", "http://x/posts/7/comments", [{"id": 1, "text": "a"}]),
                entry("GET", "http://x/posts/7", {"title": "b"}),
                entry("GET", "http://x/products/red-shoe", {"price": 1}),
            )
        )

        assert data == {
            "comments": [{"id": 1, "text": "a", "postId": 7}],
            "posts": [{"id": 7, "title": "b"}],
            "products": [{"id": "red-shoe", "price": 1}],
        }

    def test_records_without_an_id_are_taken_once(self) -> None:
        """A page polls the same list."""
        poll = entry("GET", "http://x/events", [{"kind": "a"}, {"kind": "b"}])

        assert records(har(poll, poll))[0] == {"events": [{"kind": "a"}, {"kind": "b"}]}

    def test_one_object_is_a_singleton(self) -> None:
        data, _ = records(har(entry("GET", "http://x/profile", {"id": 3, "name": "Ann"})))

        assert data == {"profile": {"id": 3, "name": "Ann"}}

    def test_a_body_may_be_in_base64(self) -> None:
        recorded = entry("GET", "http://x/users", base64.b64encode(b'[{"id":1}]').decode())
        recorded["response"]["content"]["encoding"] = "base64"

        assert records(har(recorded))[0] == {"users": [{"id": 1}]}

    def test_the_rest_is_listed_with_reasons(self) -> None:
        long = "9" * 30
        _, unused = records(
            har(
                entry("GET", "http://x/users", [{"id": 1}]),
                entry("GET", "http://x/logo.png", "PNG", mime="image/png"),
                entry("GET", "http://x/style.css", "a {}", mime="text/css"),
                entry("POST", "http://x/login", {"token": "t"}),
                entry("GET", "http://x/users/2", {"error": "not found"}, 404),
                entry("GET", "http://x/orders", [1, 2]),
                entry("GET", "http://x/parts", f'[{{"id":{long}}}]'),
                entry("GET", "http://x/notes", ""),
                {"request": {}},
                7,
            )
        )

        assert unused == [
            "not used, the body is not JSON: GET /logo.png, GET /style.css, GET /parts (3)",
            "not used, without a method, a URL or a status: an entry (2)",
            "not used, the path names no resource: POST /login (1)",
            "not used, the status is 404: GET /users/2 (1)",
            "not used, the body is neither a record nor a list of records: GET /orders (1)",
            "not used, the body is empty, or was not recorded: GET /notes (1)",
        ]

    def test_a_recording_without_a_record_is_refused(self) -> None:
        with pytest.raises(BadRequestError, match=r"no record in this HAR recording: .*not JSON"):
            records(har(entry("GET", "http://x/", "<html>", mime="text/html")))

    def test_no_header_is_taken(self) -> None:
        recorded = entry("GET", "http://x/users", [{"id": 1}])
        recorded["request"]["headers"] = [{"name": "Authorization", "value": "Bearer s3cret"}]

        raw = har(recorded)

        assert b"s3cret" not in as_db_json(raw, "HAR recording", ImportReport())


class TestPostman:
    def test_saved_examples_become_records(self) -> None:
        request = {
            "method": "GET",
            "url": {"raw": "{{base}}/users/:id", "path": ["users", ":id"], "variable": []},
        }
        example = {"originalRequest": request, "code": 200, "body": '{"id": 7, "name": "Ann"}'}
        folder = {"name": "Users", "item": [{"request": request, "response": [example]}]}

        assert records(postman(folder)) == ({"users": [{"id": 7, "name": "Ann"}]}, [])

    def test_a_post_without_an_example_gives_its_own_body(self) -> None:
        post = {
            "method": "POST",
            "url": "https://api.test/books?x=1",
            "body": {"mode": "raw", "raw": '{"title": "A"}'},
        }
        get = {"method": "GET", "url": "{{base}}/books/{{id}}"}

        data, unused = records(postman({"request": post}, {"request": get}))

        assert data == {"books": [{"title": "A"}]}
        assert unused == ["not used, without a saved example: GET /books/{id} (1)"]

    def test_the_variables_of_a_path_have_values(self) -> None:
        url = {"path": [":kind", ":id"], "variable": [{"key": "kind", "value": "books"}]}
        example = {"originalRequest": {"method": "GET", "url": url}, "body": '{"id": 1}'}

        data, _ = records(postman({"request": "http://x/", "response": [example]}))

        assert data == {"books": [{"id": 1}]}

    def test_folders_nest_only_so_deep(self) -> None:
        item: object = {"request": "http://x/users"}
        for _ in range(40):
            item = {"item": [item]}

        with pytest.raises(BadRequestError, match="deeper than 20 levels"):
            records(postman(item))


class TestOpenApi:
    def test_examples_of_replies_and_schemas_become_records(self) -> None:
        user = {
            "type": "object",
            "properties": {
                "id": {"type": "integer", "example": 1},
                "name": {"type": "string", "example": "Ann"},
                "boss": {"$ref": "#/components/schemas/User"},
            },
        }
        users = {"type": "array", "items": {"$ref": "#/components/schemas/User"}}
        pets = {"first": {"value": {"id": 1, "name": "Rex"}}, "second": {"$ref": "#/x/rex"}}
        data, unused = records(
            openapi(
                {
                    "/users": {"get": reply({"schema": users}), "delete": {}},
                    "/pets/{petId}": {"get": reply({"examples": pets})},
                    "/orders": {"post": reply({"example": {"id": 5}}, "201"), "get": reply({})},
                },
                components={"schemas": {"User": user}},
                x={"rex": {"value": {"id": 2, "name": "Tim"}}},
            )
        )

        assert data["pets"] == [{"id": 1, "name": "Rex"}, {"id": 2, "name": "Tim"}]
        assert data["orders"] == [{"id": 5}]
        assert (data["users"][0]["id"], data["users"][0]["name"]) == (1, "Ann")
        assert unused == ["not used, without an example of a reply: GET /orders (1)"]

    def test_a_document_of_swagger_2_is_understood(self) -> None:
        get = {"responses": {"200": {"examples": {"application/json": [{"id": 1}]}}}}
        document = {"swagger": "2.0", "paths": {"/users": {"get": get}}}

        assert records(json.dumps(document).encode())[0] == {"users": [{"id": 1}]}

    def test_references_lead_nowhere_else(self) -> None:
        for reference in ("/etc/passwd", "http://x/y", "#/missing", "#/paths/~1users", 7):
            raw = openapi({"/users": {"get": {"$ref": reference}, "$ref": reference}})
            with pytest.raises(BadRequestError, match="no record in this OpenAPI document"):
                records(raw)

    def test_schemas_that_multiply_end(self) -> None:
        """Each schema refers to the next one many times: 10 to the power of 12 in all."""
        schemas: dict[str, Any] = {
            f"S{number}": {
                "properties": {
                    f"p{place}": {"$ref": f"#/components/schemas/S{number + 1}"}
                    for place in range(10)
                }
            }
            for number in range(12)
        }
        paths = {"/users": {"get": reply({"schema": {"$ref": "#/components/schemas/S0"}})}}

        with pytest.raises(BadRequestError, match="over 200000 steps"):
            records(openapi(paths, components={"schemas": schemas}))

    def test_a_number_that_cannot_be_stored_is_not_used(self) -> None:
        """The document may have such a number elsewhere, as the limit of a field."""
        paths = {
            "/users": {"get": reply({"example": [{"id": 1}], "schema": {"maximum": 10**30}})},
            "/parts": {"get": reply({"example": [{"id": 10**30}]})},
        }

        data, unused = records(openapi(paths))

        assert data == {"users": [{"id": 1}]}
        assert "values that cannot be stored: GET /parts" in unused[0]


def reply(content: object, status: str = "200") -> dict[str, Any]:
    return {"responses": {status: {"content": {"application/json": content}}}}


@pytest.mark.parametrize("raw", [har()[:-3], postman()[:-3], openapi({})[:-1]])
def test_a_file_that_is_cut_short_is_refused(raw: bytes) -> None:
    kind = kind_of(raw)

    if kind is not None:
        with pytest.raises(InvalidJsonError):
            as_db_json(raw, kind, ImportReport())
