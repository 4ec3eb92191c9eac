"""The document of a session is valid for any data, stable, and has names that suit code."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it has no types
from openapi_spec_validator import OpenAPIV31SpecValidator

from larst.dialects import DIALECTS, ListPage, list_body, record_body
from larst.domain import INTEGER_MAX, Json
from larst.openapi import LearnedPath, SessionApi, session_document
from larst.store.schema.learning import learn_schema
from tests.effort import examples

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def learned(*records: dict[str, Json]) -> dict[str, Any]:
    schema: dict[str, Any] | None = None
    for record in records:
        schema = learn_schema(schema, record, NOW)
    assert schema is not None
    return schema


def document(
    resources: Mapping[str, dict[str, Any]],
    paths: Sequence[LearnedPath] = (),
    *,
    has_auth: bool = False,
    is_enforced: bool = False,
    dialect: str = "larst",
) -> dict[str, Any]:
    session = SessionApi(
        "shop",
        "http://x",
        resources,
        paths,
        has_auth=has_auth,
        is_enforced=is_enforced,
        dialect=DIALECTS[dialect],
    )
    return session_document(session)


def problems(api: Mapping[str, Any]) -> list[str]:
    return [str(error) for error in OpenAPIV31SpecValidator(api).iter_errors()]


def operations(api: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the operations of a document by `METHOD path`."""
    return {
        f"{method.upper()} {path}": operation
        for path, item in api["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }


MEMBERS = learned(
    {"id": 1, "name": "Ann", "age": 3, "email": "a@b.org", "tags": ["x"], "home": {"city": "Bern"}},
    {"id": 2, "name": None, "age": 1.5, "email": "c@d.org", "tags": [], "home": {"city": "Rome"}},
)


class TestDialect:
    """A client made from the document must be able to read the replies of the session."""

    @pytest.mark.parametrize("limit", [None, 1])
    @pytest.mark.parametrize("name", DIALECTS)
    def test_lists_have_the_form_of_the_dialect(self, name: str, limit: int | None) -> None:
        api = document({"members": MEMBERS}, dialect=name)
        page = ListPage(
            items=[
                {
                    "id": 1,
                    "name": "Ann",
                    "age": 3,
                    "email": "a@b.org",
                    "tags": [],
                    "home": {"city": "Bern"},
                }
            ],
            total=2,
            limit=limit,
            offset=0,
            resource="members",
            base_url="http://x/members",
            has_count=True,
        )

        body = list_body(DIALECTS[name].list_form, page)

        validator = Draft202012Validator(
            {"$ref": "#/components/schemas/MemberPage", "components": api["components"]}
        )
        assert list(validator.iter_errors(body)) == []
        assert list(validator.iter_errors("no list")) != []
        assert problems(api) == []

    def test_a_deletion_has_the_status_of_the_dialect(self) -> None:
        for name, status in (("larst", "204"), ("json-server", "200")):
            api = document({"members": MEMBERS}, dialect=name)
            replies = operations(api)["DELETE /members/{id}"]["responses"]
            assert {"200", "204"} & replies.keys() == {status}

    @pytest.mark.parametrize("name", DIALECTS)
    def test_records_have_the_form_of_the_dialect(self, name: str) -> None:
        api = document({"notes": learned({"id": 1, "text": "x"})}, dialect=name)
        reply = operations(api)["GET /notes/{id}"]["responses"]["200"]
        schema = reply["content"]["application/json"]["schema"]

        body = record_body(DIALECTS[name].record_form, {"id": 1, "text": "x"}, "notes", {})

        validator = Draft202012Validator({**schema, "components": api["components"]})
        assert list(validator.iter_errors(body)) == []
        assert list(validator.iter_errors({})) != []

    @pytest.mark.parametrize("name", DIALECTS)
    def test_only_the_own_dialect_counts_changed_records(self, name: str) -> None:
        """Others reply with the records, or with a count of another name."""
        api = document({"members": MEMBERS}, dialect=name)
        reply = operations(api)["PATCH /members"]["responses"]["200"]
        assert bool(reply["content"]["application/json"]["schema"]) is (name == "larst")


class TestSingleton:
    SETTINGS = learned({"id": "@singleton", "theme": "dark", "@singleton.id": 7, "user_id": 1})

    def test_it_is_an_object_at_a_single_path(self) -> None:
        """It has no list, no search and no ids."""
        api = document({"settings": self.SETTINGS, "users": MEMBERS})

        names = [name for name in operations(api) if "settings" in name]
        assert names == ["GET /settings", "PUT /settings", "PATCH /settings", "DELETE /settings"]
        assert not problems(api)

    def test_its_schema_hides_the_id_that_the_service_gives_it(self) -> None:
        schema = document({"settings": self.SETTINGS})["components"]["schemas"]["Settings"]

        assert set(schema["properties"]) == {"theme", "id", "user_id"}
        assert schema["examples"] == [{"theme": "dark", "id": 7, "user_id": 1}]


class TestResource:
    def test_its_paths_cover_all_of_rest(self) -> None:
        names = operations(document({"members": MEMBERS}))

        assert [name for name in names if "members" in name] == [
            "GET /members",
            "POST /members",
            "PUT /members",
            "PATCH /members",
            "DELETE /members",
            "GET /members/count",
            "GET /members/search",
            "POST /members/search",
            "GET /members/{id}",
            "PUT /members/{id}",
            "PATCH /members/{id}",
            "DELETE /members/{id}",
        ]

    def test_its_schema_is_the_learned_one(self) -> None:
        member = document({"members": MEMBERS})["components"]["schemas"]["Member"]

        assert member["required"] == ["age", "email", "home", "id", "name", "tags"]
        assert member["properties"]["name"]["type"] == ["null", "string"]
        assert member["properties"]["age"]["type"] == "number"
        assert member["properties"]["email"]["format"] == "email"
        assert member["properties"]["tags"] == {"type": "array", "items": {"type": "string"}}
        assert member["properties"]["home"]["properties"] == {"city": {"type": "string"}}
        assert member["examples"][0]["name"] == "Ann"

    def test_one_parameter_holds_the_filters_of_a_resource(self) -> None:
        """A parameter for each filter would be 29 in each list of a resource of six fields."""
        api = document({"members": MEMBERS}, is_enforced=True)

        listing = operations(api)["GET /members"]["parameters"]
        filters = api["components"]["schemas"]["MemberFilter"]
        validator = Draft202012Validator(filters)

        assert len(listing) == 5
        assert resolved(api, listing[-1])["schema"] == {"$ref": "#/components/schemas/MemberFilter"}
        assert list(filters["properties"]) == ["age", "email", "id", "name"]
        assert validator.is_valid({"age_gte": 3, "name_ne": "x"})
        assert not validator.is_valid({"age_gte": "x"})
        assert not validator.is_valid({"home": "x"})

    def test_integers_have_a_size_instead_of_figures_of_nineteen_digits(self) -> None:
        """An enforced document has the exact bounds: tests are made from it."""
        lax = orjson.dumps(document({"members": MEMBERS}))
        strict = orjson.dumps(document({"members": MEMBERS}, is_enforced=True))

        assert str(INTEGER_MAX).encode() not in lax
        assert b'"int64"' in lax
        assert str(INTEGER_MAX).encode() in strict

    def test_lists_document_their_parameters_and_headers(self) -> None:
        described = operations(document({"members": MEMBERS}))

        for name in ("GET /members", "GET /members/search"):
            parameters = {ref["$ref"].rpartition("/")[2] for ref in described[name]["parameters"]}
            headers = described[name]["responses"]["200"]["headers"]
            assert {"Limit", "Offset", "Sort", "Text"} <= parameters
            assert {"X-Total-Count", "Content-Range", "Link", "X-LARST-Reading"} <= headers.keys()

    def test_the_link_to_a_parent_may_have_any_spelling(self) -> None:
        """A front end decides between postId, post_id and PostID; the document follows the data."""
        for field in ("postId", "post_id", "PostID", "post-id"):
            comments = learned({"id": 1, field: 1})

            api = document({"posts": MEMBERS, "comments": comments})

            assert "/posts/{post_id}/comments" in api["paths"], field

    def test_operation_ids_are_unique_and_suit_code(self) -> None:
        many = dict.fromkeys(("members", "member", "Members", "order-lines", "9lives"), MEMBERS)

        described = operations(document(many))
        ids = [operation["operationId"] for operation in described.values()]

        assert len(set(ids)) == len(ids)
        assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) for name in ids)
        assert {"getOrderLine", "listOrderLines", "getN9life", "createOrderLine"} <= set(ids)

    def test_records_of_a_parent_have_their_own_path(self) -> None:
        comments = learned({"id": 1, "post_id": 1, "text": "x"})
        replies = learned({"id": 1, "commentId": 1})

        api = document({"posts": MEMBERS, "comments": comments, "replies": replies})

        assert "/posts/{post_id}/comments" in api["paths"]
        assert "/comments/{comment_id}/replies" in api["paths"]
        assert not problems(api)

    def test_an_enforced_schema_describes_exactly_the_accepted_bodies(self) -> None:
        strict = document({"members": MEMBERS}, is_enforced=True)["components"]["schemas"]
        lax = document({"members": MEMBERS})["components"]["schemas"]

        assert strict["NewMember"]["required"] == ["age", "email", "home", "name", "tags"]
        assert strict["NewMember"]["additionalProperties"] is False
        assert "pattern" in strict["NewMember"]["properties"]["email"]
        assert lax["NewMember"]["required"] == strict["NewMember"]["required"]
        assert "additionalProperties" not in lax["NewMember"]
        assert "id" not in strict["NewMember"]["properties"]

    @settings(max_examples=examples(6), deadline=None, suppress_health_check=[HealthCheck.too_slow])
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
    def test_the_document_is_valid_for_any_data(
        self, sessions: dict[str, dict[str, Json]], is_enforced: bool
    ) -> None:
        """Clients choose the names of resources and fields freely."""
        resources = {name: learned({"id": 1, **record}) for name, record in sessions.items()}

        assert not problems(document(resources, is_enforced=is_enforced, has_auth=True))


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

    def test_a_learned_path_has_its_parameters_and_body(self) -> None:
        api = document({"orders": MEMBERS}, [self.CANCEL])

        item = api["paths"]["/orders/{order_id}/cancel"]
        assert {entry["name"]: entry["schema"]["type"] for entry in item["post"]["parameters"]} == {
            "order_id": "integer",
            "at": "string",
            "why": "string",
        }
        assert "application/json" in item["post"]["requestBody"]["content"]
        assert item["post"]["tags"] == ["orders"]
        assert not problems(api)

    def test_shapes_of_one_path_become_one_operation_that_accepts_any_of_them(self) -> None:
        shape = {"method": "POST", "path": "/orders/<email>/cancel", "query": {}, "body": "list"}
        forced = {**shape, "path": "/orders/<int>/cancel", "query": {"force": ["<bool>"]}}
        paths = [
            self.CANCEL,
            *(LearnedPath(entry, "custom", "orders") for entry in (shape, forced)),
        ]

        api = document({}, paths)

        assert api == document({}, paths[::-1])
        (cancel,) = [entry for name, entry in operations(api).items() if "cancel" in name]
        schemas = {entry["name"]: entry["schema"] for entry in cancel["parameters"]}
        assert set(schemas) == {"order_id", "at", "why", "force"}
        assert {schema.get("format") for schema in schemas["order_id"]["anyOf"]} == {
            "int64",
            "email",
        }
        body = cancel["requestBody"]["content"]["application/json"]["schema"]
        assert {schema["type"] for schema in body["anyOf"]} == {"object", "array"}
        ids = [entry["operationId"] for entry in operations(api).values()]
        assert len(set(ids)) == len(ids)
        assert not problems(api)

    def test_identifiers_of_the_same_name_are_numbered(self) -> None:
        shape = {"method": "GET", "path": "/a/<int>/a/<uuid>/<hex>", "query": {}, "body": "none"}

        api = document({}, [LearnedPath(shape, "custom", None)])

        assert "/a/{a_id}/a/{a_id2}/{record_id}" in api["paths"]
        assert not problems(api)

    def test_operations_of_resources_take_precedence(self) -> None:
        """OpenAPI forbids two templates that differ only in the names of their parameters."""
        paths = [
            LearnedPath(
                {"method": method, "path": path, "query": {}, "body": "none"}, "custom", None
            )
            for method in ("GET", "POST")
            for path in ("/orders", "/orders/<int>", "/<int>")
        ]

        api = document({"orders": MEMBERS}, paths)

        assert set(api["paths"]) == {
            "/orders",
            "/orders/count",
            "/orders/search",
            "/orders/{id}",
            "/{resource}",
        }
        assert api["paths"]["/orders"]["get"]["operationId"] == "listOrders"
        added = api["paths"]["/orders/{id}"]["post"]
        assert [parameter["name"] for parameter in added["parameters"]] == ["id"]
        assert not problems(api)

    def test_a_single_word_can_be_a_custom_path(self) -> None:
        shape = {"method": "POST", "path": "/login", "query": {}, "body": "object"}

        api = document({}, [LearnedPath(shape, "custom", None)])

        assert "2XX" in api["paths"]["/login"]["post"]["responses"]
        assert not problems(api)

    def test_braces_in_a_path_are_escaped(self) -> None:
        shape = {"method": "GET", "path": "/{order_id}/<int>/x", "query": {}, "body": "none"}

        api = document({}, [LearnedPath(shape, "custom", None)])

        assert any(path.startswith("/%7Border_id%7D/{") for path in api["paths"])
        assert not problems(api)


class TestSummaries:
    @pytest.mark.parametrize(
        ("resource", "summary"),
        [
            ("members", "Create a member"),
            ("orders", "Create an order"),
            ("order-lines", "Create an order line"),
            ("blogPosts", "Create a blog post"),
            ("users", "Create a user"),
            ("uploads", "Create an upload"),
            ("hours", "Create an hour"),
            ("people", "Create a person"),
            ("statuses", "Create a status"),
            ("news", "Create a news record"),
            ("user-data", "Create a user data record"),
            ("URLs", "Create a url"),
        ],
    )
    def test_they_are_plain_sentences(self, resource: str, summary: str) -> None:
        path = document({resource: MEMBERS})["paths"][f"/{resource}"]

        assert path["post"]["summary"] == summary
        words = {"order-lines": "order lines", "blogPosts": "blog posts", "user-data": "user data"}
        assert path["get"]["summary"] == f"List {words.get(resource, resource.lower())}"

    def test_they_name_the_parent(self) -> None:
        api = document({"posts": MEMBERS, "comments": learned({"id": 1, "post_id": 1})})

        path = api["paths"]["/posts/{post_id}/comments"]
        assert path["get"]["summary"] == "List comments of a post"
        assert path["post"]["summary"] == "Create a comment for a post"


class TestNames:
    @pytest.mark.parametrize(
        "names",
        [
            ("users", "pages"),
            ("problems", "users", "json_patches", "json_patch"),
            ("users", "new_users", "user_pages", "user_changes", "userchanges"),
        ],
    )
    def test_no_schema_replaces_another(self, names: tuple[str, ...]) -> None:
        """Each resource has a field that the others lack, and keeps it in every schema."""
        api = document({name: learned({"id": 1, f"of_{name}": "x"}) for name in names})

        schemas = api["components"]["schemas"]
        assert "total" in schemas["Page"]["properties"]
        assert "detail" in schemas["Problem"]["properties"]
        assert schemas["JsonPatch"]["type"] == "array"
        assert len(schemas) == 4 + 5 * len(names)
        for name in names:
            listing = api["paths"][f"/{name}"]["get"]["responses"]["200"]
            page = resolved(api, listing["content"]["application/json"]["schema"])
            record = resolved(api, page["properties"]["items"]["items"])
            assert f"of_{name}" in record["properties"]
            assert page["properties"]["page"] == {"$ref": "#/components/schemas/Page"}
        assert not problems(api)

    def test_a_field_named_like_a_filter_is_that_field(self) -> None:
        fields = {"age": 1, "age_gte": 2, "tag": "x", "tag_in": "y", "tag_ne": "z"}
        api = document({"things": learned({"id": 1, **fields, "filters": "x", "filter": "y"})})

        filters = api["components"]["schemas"]["ThingFilter"]
        (comparison,) = filters["patternProperties"]
        assert {"age_gte", "tag_in", "filters"} <= filters["properties"].keys()
        assert re.search(comparison, "age_lt")
        assert re.search(comparison, "age_gte_lt")
        assert not re.search(comparison, "age_gte")
        assert not problems(api)


def resolved(api: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    """Return the component that a reference names."""
    _, _, kind, name = schema["$ref"].split("/")
    return api["components"][kind][name]


class TestDocument:
    def test_equal_sessions_have_equal_documents(self) -> None:
        """Documents can be compared: the order of requests does not matter."""
        first = document({"a": MEMBERS, "b": MEMBERS}, [TestCustomPaths.CANCEL])
        second = document({"b": MEMBERS, "a": MEMBERS}, [TestCustomPaths.CANCEL])

        assert orjson.dumps(first) == orjson.dumps(second)
        assert list(first["paths"]) == sorted(first["paths"])

    def test_its_title_names_the_service_and_the_session(self) -> None:
        assert document({})["info"]["title"] == "LARST session shop"

    def test_a_service_with_a_token_requires_it(self) -> None:
        guarded, free = document({}, has_auth=True), document({})

        assert guarded["components"]["securitySchemes"]["token"] == {
            "type": "http",
            "scheme": "bearer",
        }
        assert guarded["security"] == [{"token": []}]
        assert free["security"] == []
        assert "securitySchemes" not in free["components"], "no button and no locks"
        assert "401" in operations(guarded)["GET /{resource}"]["responses"]
        assert "401" not in operations(free)["GET /{resource}"]["responses"]

    def test_resources_that_do_not_exist_yet_are_described_too(self) -> None:
        api = document({})

        assert set(api["paths"]) == {"/{resource}"}
        name = re.compile(api["paths"]["/{resource}"]["parameters"][0]["schema"]["pattern"])
        assert all(map(name.search, ("members", "order-lines", "a1", "docs2")))
        assert not any(
            map(name.search, ("docs", "12", "2026-01-01", "", "a b", "deadbeef12345678"))
        )
        assert not problems(api)
