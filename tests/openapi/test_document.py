"""The document of a session: valid whatever was learned, in a stable order, with names for code."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator

from larst.domain import Json
from larst.openapi import LearnedPath, SessionApi, session_document
from larst.store.collection import learn_schema

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def learned(*records: dict[str, Json]) -> dict[str, Any]:
    known: dict[str, Any] | None = None
    for record in records:
        known = learn_schema(known, record, NOW)
    assert known is not None
    return known


def described(
    resources: Mapping[str, dict[str, Any]],
    paths: Sequence[LearnedPath] = (),
    *,
    has_auth: bool = False,
    is_enforced: bool = False,
) -> dict[str, Any]:
    api = SessionApi(
        "shop", "http://x", resources, paths, has_auth=has_auth, is_enforced=is_enforced
    )
    return session_document(api)


def problems(made: Mapping[str, Any]) -> list[str]:
    return [str(error) for error in OpenAPIV31SpecValidator(made).iter_errors()]


def operations(made: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the operations by `METHOD path`."""
    return {
        f"{method.upper()} {path}": operation
        for path, item in made["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }


MEMBERS = learned(
    {"id": 1, "name": "Ann", "age": 3, "email": "a@b.org", "tags": ["x"], "home": {"city": "Bern"}},
    {"id": 2, "name": None, "age": 1.5, "email": "c@d.org", "tags": [], "home": {"city": "Rome"}},
)


class TestResource:
    def test_its_paths_are_all_that_rest_has(self) -> None:
        made = operations(described({"members": MEMBERS}))

        assert [name for name in made if "members" in name] == [
            "GET /members",
            "POST /members",
            "PATCH /members",
            "DELETE /members",
            "GET /members/search",
            "GET /members/{id}",
            "PUT /members/{id}",
            "PATCH /members/{id}",
            "DELETE /members/{id}",
        ]

    def test_its_schema_is_what_was_learned(self) -> None:
        made = described({"members": MEMBERS})["components"]["schemas"]["Member"]

        assert made["required"] == ["age", "email", "home", "id", "name", "tags"]
        assert made["properties"]["name"]["type"] == ["null", "string"]
        assert made["properties"]["age"]["type"] == "number"
        assert made["properties"]["email"]["format"] == "email"
        assert made["properties"]["tags"] == {"type": "array", "items": {"type": "string"}}
        assert made["properties"]["home"]["properties"] == {"city": {"type": "string"}}
        assert made["examples"][0]["name"] == "Ann"

    def test_fields_have_filters_by_their_type(self) -> None:
        made = described({"members": MEMBERS})["components"]["parameters"]
        names = {one["name"] for key, one in made.items() if key.startswith("Member.")}

        assert {"age", "age_gte", "age_lt", "age_in", "name", "name_ne", "email_in"} <= names
        assert not {name for name in names if name.startswith(("tags", "home", "name_g"))}

    def test_names_are_fit_for_code_and_none_is_there_twice(self) -> None:
        many = dict.fromkeys(("members", "member", "Members", "order-lines", "9lives"), MEMBERS)

        made = operations(described(many))
        ids = [operation["operationId"] for operation in made.values()]

        assert len(set(ids)) == len(ids)
        assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", one) for one in ids)
        assert {"get_order_line", "list_order_lines", "get_n9life"} <= set(ids)

    def test_records_below_another_have_a_path_of_their_own(self) -> None:
        comments = learned({"id": 1, "post_id": 1, "text": "x"})
        replies = learned({"id": 1, "commentId": 1})

        made = described({"posts": MEMBERS, "comments": comments, "replies": replies})

        assert "/posts/{post_id}/comments" in made["paths"]
        assert "/comments/{comment_id}/replies" in made["paths"]
        assert not problems(made)

    def test_where_it_is_enforced_the_body_is_just_what_is_taken(self) -> None:
        strict = described({"members": MEMBERS}, is_enforced=True)["components"]["schemas"]
        lax = described({"members": MEMBERS})["components"]["schemas"]

        assert strict["NewMember"]["required"] == ["age", "email", "home", "name", "tags"]
        assert strict["NewMember"]["additionalProperties"] is False
        assert "pattern" in strict["NewMember"]["properties"]["email"]
        assert lax["NewMember"]["required"] == strict["NewMember"]["required"]
        assert "additionalProperties" not in lax["NewMember"]
        assert "id" not in strict["NewMember"]["properties"]

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        st.dictionaries(
            st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True),
            st.dictionaries(
                st.text(max_size=12),
                st.recursive(
                    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
                    lambda inner: (
                        st.lists(inner, max_size=2)
                        | st.dictionaries(st.text(max_size=5), inner, max_size=2)
                    ),
                    max_leaves=6,
                ),
                max_size=5,
            ),
            max_size=3,
        ),
        st.booleans(),
    )
    def test_odd_data_gives_a_valid_document(
        self, sessions: dict[str, dict[str, Json]], is_enforced: bool
    ) -> None:
        """Names and fields are the clients' own, and clients are inventive."""
        resources = {name: learned({"id": 1, **record}) for name, record in sessions.items()}

        assert not problems(described(resources, is_enforced=is_enforced, has_auth=True))


class TestCustomPaths:
    CANCEL = LearnedPath(
        {
            "method": "POST",
            "path": "/orders/<int>/cancel",
            "query": {"why": ["<text>"], "at": ["<date>"]},
            "body": "object",
        },
        "custom",
        "orders",
    )

    def test_a_learned_path_has_its_parameters_and_its_body(self) -> None:
        made = described({"orders": MEMBERS}, [self.CANCEL])

        item = made["paths"]["/orders/{order_id}/cancel"]
        assert {one["name"]: one["schema"]["type"] for one in item["post"]["parameters"]} == {
            "order_id": "integer",
            "at": "string",
            "why": "string",
        }
        assert "application/json" in item["post"]["requestBody"]["content"]
        assert item["post"]["tags"] == ["orders"]
        assert not problems(made)

    def test_shapes_of_one_path_are_one_operation_that_takes_what_any_took(self) -> None:
        shape = {"method": "POST", "path": "/orders/<email>/cancel", "query": {}, "body": "list"}
        forced = {**shape, "path": "/orders/<int>/cancel", "query": {"force": ["<bool>"]}}
        paths = [self.CANCEL, *(LearnedPath(one, "custom", "orders") for one in (shape, forced))]

        made = described({}, paths)

        assert made == described({}, paths[::-1])
        (cancel,) = [one for name, one in operations(made).items() if "cancel" in name]
        given = {one["name"]: one["schema"] for one in cancel["parameters"]}
        assert set(given) == {"order_id", "at", "why", "force"}
        assert {one.get("format") for one in given["order_id"]["anyOf"]} == {None, "email"}
        body = cancel["requestBody"]["content"]["application/json"]["schema"]
        assert {one["type"] for one in body["anyOf"]} == {"object", "array"}
        ids = [one["operationId"] for one in operations(made).values()]
        assert len(set(ids)) == len(ids)
        assert not problems(made)

    def test_identifiers_of_one_name_are_told_apart(self) -> None:
        shape = {"method": "GET", "path": "/a/<int>/a/<uuid>/<hex>", "query": {}, "body": "none"}

        made = described({}, [LearnedPath(shape, "custom", None)])

        assert "/a/{a_id}/a/{a_id2}/{record_id}" in made["paths"]
        assert not problems(made)

    def test_a_resource_s_own_operations_stay(self) -> None:
        """No two templates may differ only by the names in them."""
        paths = [
            LearnedPath(
                {"method": method, "path": path, "query": {}, "body": "none"}, "custom", None
            )
            for method in ("GET", "POST")
            for path in ("/orders", "/orders/<int>", "/<int>")
        ]

        made = described({"orders": MEMBERS}, paths)

        assert set(made["paths"]) == {"/orders", "/orders/search", "/orders/{id}", "/{resource}"}
        assert made["paths"]["/orders"]["get"]["operationId"] == "list_orders"
        added = made["paths"]["/orders/{id}"]["post"]
        assert [one["name"] for one in added["parameters"]] == ["id"]
        assert not problems(made)

    def test_a_word_alone_can_be_a_custom_path(self) -> None:
        shape = {"method": "POST", "path": "/login", "query": {}, "body": "object"}

        made = described({}, [LearnedPath(shape, "custom", None)])

        assert "2XX" in made["paths"]["/login"]["post"]["responses"]
        assert not problems(made)

    def test_braces_of_a_path_are_no_parameters(self) -> None:
        shape = {"method": "GET", "path": "/{order_id}/<int>/x", "query": {}, "body": "none"}

        made = described({}, [LearnedPath(shape, "custom", None)])

        assert any(path.startswith("/%7Border_id%7D/{") for path in made["paths"])
        assert not problems(made)


class TestNames:
    @pytest.mark.parametrize(
        "names",
        [
            ("users", "pages"),
            ("problems", "users", "json_patches", "json_patch"),
            ("users", "new_users", "user_pages", "user_changes", "userchanges"),
        ],
    )
    def test_no_resource_takes_the_place_of_another_schema(self, names: tuple[str, ...]) -> None:
        """Each has a field of its own, and is described with it wherever it is described."""
        made = described({name: learned({"id": 1, f"of_{name}": "x"}) for name in names})

        schemas = made["components"]["schemas"]
        assert "total" in schemas["Page"]["properties"]
        assert "detail" in schemas["Problem"]["properties"]
        assert schemas["JsonPatch"]["type"] == "array"
        assert len(schemas) == 4 + 4 * len(names)
        for name in names:
            listing = made["paths"][f"/{name}"]["get"]["responses"]["200"]
            page = resolved(made, listing["content"]["application/json"]["schema"])
            record = resolved(made, page["properties"]["items"]["items"])
            assert f"of_{name}" in record["properties"]
            assert page["properties"]["page"] == {"$ref": "#/components/schemas/Page"}
        assert not problems(made)

    def test_a_field_that_is_called_like_a_filter_is_that_field(self) -> None:
        fields = {"age": 1, "age_gte": 2, "tag": "x", "tag_in": "y", "tag_ne": "z"}
        made = described({"things": learned({"id": 1, **fields, "filters": "x", "filter": "y"})})

        given = [
            resolved(made, one)["name"] for one in made["paths"]["/things"]["get"]["parameters"]
        ]
        assert len(set(given)) == len(given)
        assert {"age_gte", "age_lt", "tag_in", "filters"} <= set(given)
        assert not problems(made)


def resolved(made: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    """Return what a reference leads to."""
    _, _, kind, name = schema["$ref"].split("/")
    return made["components"][kind][name]


class TestDocument:
    def test_equal_sessions_have_equal_documents(self) -> None:
        """Two documents can be compared: nothing in them hangs on the order of requests."""
        one = described({"a": MEMBERS, "b": MEMBERS}, [TestCustomPaths.CANCEL])
        other = described({"b": MEMBERS, "a": MEMBERS}, [TestCustomPaths.CANCEL])

        assert orjson.dumps(one) == orjson.dumps(other)
        assert list(one["paths"]) == sorted(one["paths"])

    def test_a_token_is_asked_for_where_there_is_one(self) -> None:
        guarded, free = described({}, has_auth=True), described({})

        assert guarded["components"]["securitySchemes"]["token"] == {
            "type": "http",
            "scheme": "bearer",
        }
        assert all("token" in one for one in guarded["security"])
        assert "token" not in free["components"]["securitySchemes"]
        assert "401" in operations(guarded)["GET /{resource}"]["responses"]
        assert "401" not in operations(free)["GET /{resource}"]["responses"]

    def test_what_is_not_there_yet_is_told_of_too(self) -> None:
        made = described({})

        assert set(made["paths"]) == {"/{resource}"}
        name = re.compile(made["paths"]["/{resource}"]["parameters"][0]["schema"]["pattern"])
        assert all(map(name.search, ("members", "order-lines", "a1", "docs2")))
        assert not any(
            map(name.search, ("docs", "12", "2026-01-01", "", "a b", "deadbeef12345678"))
        )
        assert not problems(made)
