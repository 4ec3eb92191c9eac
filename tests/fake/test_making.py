"""Fake records fit their schemas, and link to records that exist."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_schema_validator import OAS31Validator

from larst.domain import Json, Record
from larst.errors import BadRequestError
from larst.fake import Made, make_records, parse_order
from larst.store import Transaction
from larst.store.collection import Collection
from larst.store.schema.learning import widen_schema


def make(body: Json, records: dict[str, list[Record]] | None = None, seed: int = 7) -> Any:
    """Return the result of an order, and the transaction with the records."""
    collections = {}
    for name, stored in (records or {}).items():
        collection = collections[name] = Collection(next_id=len(stored) + 1)
        collection.apply_records(stored, ())
        schema = None
        for row in stored:
            schema = widen_schema(schema, row)
        assert schema is not None
        fields = sorted(schema["properties"])
        collection.set_schema({"fields": fields, "example": stored[0], "json_schema": schema})
    transaction = Transaction(collections)
    return make_records(parse_order(body, seed), transaction), transaction


def rows(transaction: Transaction, name: str) -> list[Record]:
    return [*transaction.resource(name).list()[0]]


class TestLinks:
    def test_a_link_holds_the_id_of_a_record_that_exists(self) -> None:
        """Also where the child comes first in the request."""
        outcome, transaction = make({"comments": 40, "posts": 10, "users": 5})

        assert outcome == Made({"comments": 40, "posts": 10, "users": 5}, [])
        ids = {name: {row["id"] for row in rows(transaction, name)} for name in outcome.counts}
        assert {row["userId"] for row in rows(transaction, "posts")} <= ids["users"]
        assert {row["postId"] for row in rows(transaction, "comments")} <= ids["posts"]

    def test_a_link_also_leads_to_records_that_were_there(self) -> None:
        users = [{"id": "ann", "name": "Ann"}, {"id": "ben", "name": "Ben"}]

        _, transaction = make({"posts": 20}, {"users": users})

        assert {row["userId"] for row in rows(transaction, "posts")} == {"ann", "ben"}

    def test_people_are_meant_by_their_roles(self) -> None:
        tickets = [{"id": 1, "title": "Broken", "assigneeId": 1, "watcherIds": [1]}]

        _, transaction = make({"users": 3, "tickets": 9}, {"tickets": tickets})

        assert {row["assigneeId"] for row in rows(transaction, "tickets")} <= {1, 2, 3}

    def test_a_drafted_record_links_once_to_a_person(self) -> None:
        """`customerId` would mean a user, too, as `userId` does already."""
        _, transaction = make({"users": 3, "orders": 2})

        assert all("customerId" not in row for row in rows(transaction, "orders"))
        assert {row["userId"] for row in rows(transaction, "orders")} <= {1, 2, 3}

    def test_a_list_of_links_holds_different_records(self) -> None:
        posts = [{"id": 1, "title": "A", "tagIds": [1, 2]}]

        _, transaction = make({"tags": 6, "posts": 20}, {"posts": posts})

        for row in rows(transaction, "posts")[1:]:
            assert len(set(row["tagIds"])) == len(row["tagIds"]) > 0
            assert set(row["tagIds"]) <= {1, 2, 3, 4, 5, 6}

    def test_resources_that_link_to_each_other_are_filled(self) -> None:
        books = {"count": 3, "fields": ["title", "pageId"]}
        pages = {"count": 3, "fields": ["text", "bookId"]}

        outcome, transaction = make({"books": books, "pages": pages})

        assert outcome.warnings == ["books.pageId: pages has no records yet, so it is empty"]
        assert {row["bookId"] for row in rows(transaction, "pages")} <= {1, 2, 3}

    def test_a_link_without_its_resource_is_reported(self) -> None:
        jobs = [{"id": 1, "title": "Clerk", "companyId": 3}]

        outcome, transaction = make({"jobs": 5}, {"jobs": jobs})

        assert outcome.warnings == [
            "jobs.companyId: no resource of this name exists; numbers from 1 to 10"
        ]
        assert all(1 <= row["companyId"] <= 10 for row in rows(transaction, "jobs"))


class TestFields:
    def test_records_look_like_those_of_the_session(self) -> None:
        tasks: list[Record] = [
            {"id": number, "label": "x y", "state": state, "points": points, "due": "2026-02-03"}
            for number, (state, points) in enumerate(
                [("open", 3), ("open", 8), ("done", 5), ("done", 5)], 1
            )
        ]

        _, transaction = make({"tasks": 30}, {"tasks": tasks})

        for row in rows(transaction, "tasks")[4:]:
            assert row.keys() == tasks[0].keys()
            assert row["state"] in ("open", "done")
            assert 3 <= row["points"] <= 8
            assert re.fullmatch(r"\d{4}-\d\d-\d\d", row["due"])

    def test_names_address_and_person_belong_together(self) -> None:
        _, transaction = make({"users": 200})

        people = rows(transaction, "users")
        assert len({row["email"] for row in people}) == 200
        assert all(row["email"].endswith("@example.com") for row in people)
        first = people[0]
        assert first["email"].startswith(f"{first['firstName']}.{first['lastName']}".lower())

    def test_new_fields_follow_the_style_of_the_session(self) -> None:
        notes = [{"id": 1, "note_text": "a"}]

        _, transaction = make({"users": 1}, {"notes": notes})

        assert {"first_name", "created_at"} <= rows(transaction, "users")[0].keys()

    def test_ids_keep_their_kind(self) -> None:
        uuid = "6f1b1a52-1c1f-4b43-9f6a-0a2a4f7a3c11"

        _, transaction = make({"keys": 20}, {"keys": [{"id": uuid, "name": "a"}]})

        ids = [row["id"] for row in rows(transaction, "keys")]
        assert len(set(ids)) == 21
        assert all(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", id) for id in ids)

    def test_an_optional_field_is_missing_sometimes(self) -> None:
        stored = [{"id": 1, "name": "a", "note": "b"}, {"id": 2, "name": "c"}]

        _, transaction = make({"parts": 60}, {"parts": stored})

        count = sum("note" in row for row in rows(transaction, "parts")[2:])
        assert 20 < count < 60

    @pytest.mark.parametrize(
        ("resource", "pattern"),
        [
            ("users", r"[A-Z]\S+ .+"),
            ("products", r"[A-Z]\w+ [A-Z]\w+ [A-Z]\w+"),
            ("priorities", r"\w+ \w+ \w+"),
            ("departments", r"Sales|Support|Engineering|Finance|Design"),
        ],
    )
    def test_a_name_is_that_of_the_resource(self, resource: str, pattern: str) -> None:
        _, transaction = make({resource: {"count": 3, "fields": ["name"]}})

        assert all(re.fullmatch(pattern, row["name"]) for row in rows(transaction, resource))


class TestSeed:
    def test_a_seed_repeats_the_data(self) -> None:
        first = make({"users": 5, "posts": 9}, seed=7)[1]
        again = make({"users": 5, "posts": 9}, seed=7)[1]
        other = make({"users": 5, "posts": 9}, seed=8)[1]

        assert rows(first, "posts") == rows(again, "posts")
        assert rows(first, "posts") != rows(other, "posts")


_SCALARS = st.one_of(
    st.fixed_dictionaries({"type": st.just("string")}, optional={"maxLength": st.integers(3, 40)}),
    st.fixed_dictionaries({"type": st.just("string"), "minLength": st.integers(1, 60)}),
    st.sampled_from(["date", "date-time", "uuid", "email", "uri", "ipv4"]).map(
        lambda name: {"type": "string", "format": name}
    ),
    st.tuples(st.integers(-50, 50), st.integers(0, 90), st.sampled_from(["integer", "number"])).map(
        lambda pair: {"type": pair[2], "minimum": pair[0], "maximum": pair[0] + pair[1]}
    ),
    st.integers(2, 9).map(lambda step: {"type": "integer", "multipleOf": step}),
    st.just({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}),
    st.just({"type": "boolean"}),
    st.just({"type": ["string", "null"]}),
    st.lists(st.sampled_from(["a", "b", 3, None]), min_size=1).map(lambda items: {"enum": items}),
)
_NAMES = st.sampled_from(
    "name email price createdAt updated_at count title isDone lat tags status city url x".split()
)


def _object(schemas: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.dictionaries(_NAMES, schemas, min_size=1, max_size=6).map(
        lambda properties: {"type": "object", "properties": properties}
    )


_SCHEMAS = st.recursive(
    _SCALARS,
    lambda inner: _object(inner) | inner.map(lambda items: {"type": "array", "items": items}),
    max_leaves=6,
)


@given(_object(_SCHEMAS), st.integers(0, 1000))
def test_records_fit_the_schema_that_was_given(schema: dict[str, Any], seed: int) -> None:
    """Whatever the names of the fields suggest."""
    _, transaction = make({"things": {"count": 3, "schema": schema}}, seed=seed)

    validator = OAS31Validator(schema)
    for row in rows(transaction, "things"):
        assert not [error.message for error in validator.iter_errors(row)]


class TestRefusals:
    @pytest.mark.parametrize(
        ("body", "text"),
        [
            ([], "name the resources"),
            ({}, "name the resources"),
            ({"users": -1}, "whole number from 0 to 10000"),
            ({"users": True}, "whole number"),
            ({"users": 10_001}, "whole number"),
            ({"users": 6_000, "posts": 6_000}, "12000 records; one request makes at most 10000"),
            ({"a b": 1}, "not a name of a resource"),
            ({"users": {"count": 1, "shema": {}}}, "'shema' is unknown"),
            ({"x": {"count": 1, "schema": {"type": "array"}}}, "that of an object"),
            ({"x": {"count": 1, "fields": "a"}}, "list of at most 200 names"),
            ({f"r{number}": 1 for number in range(51)}, "51 resources"),
        ],
    )
    def test_an_order_that_is_not_understood(self, body: Json, text: str) -> None:
        with pytest.raises(BadRequestError, match=text):
            parse_order(body, 1)

    @pytest.mark.parametrize(
        ("field", "text"),
        [
            ({"pattern": "a+"}, "x.f: the keyword 'pattern' is not supported"),
            ({"$ref": "#/a"}, "'\\$ref' is not supported"),
            ({"type": "text"}, "type is among"),
            ({"enum": []}, "at least one value"),
            ({"minItems": 10**9}, "minItems is at most 20"),
            ({"minimum": "0"}, "minimum is a number"),
            (7, "a schema is an object"),
        ],
    )
    def test_a_schema_that_could_not_be_kept(self, field: Json, text: str) -> None:
        schema = {"type": "object", "properties": {"f": field}}

        with pytest.raises(BadRequestError, match=text):
            parse_order({"x": {"count": 1, "schema": schema}}, 1)

    def test_a_schema_that_nests_too_deep(self) -> None:
        schema: dict[str, Any] = {"type": "object", "properties": {}}
        for _ in range(20):
            schema = {"type": "object", "properties": {"f": schema}}

        with pytest.raises(BadRequestError, match="at most 8 levels"):
            parse_order({"x": {"count": 1, "schema": schema}}, 1)

    def test_a_resource_whose_name_says_nothing(self) -> None:
        with pytest.raises(BadRequestError, match=r'"widgets": \{"count": 3, "fields"'):
            make({"widgets": 3})

    def test_more_values_than_one_request_makes(self) -> None:
        fields = [f"f{number}" for number in range(100)]

        with pytest.raises(BadRequestError, match="at most 400000: send several"):
            make({"x": {"count": 10_000, "fields": fields}})
