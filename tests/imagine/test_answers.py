"""An answer becomes a proposal, or reasons that a model can act on."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from larst.imagine import ANSWER_SCHEMA, BadProposalError, export_of, parse_proposal
from larst.store.schema.learning import accepts, is_schema
from larst.store.transfer.importing import exported_settings, import_resources
from tests.imagine.proposals import BOOKS, REVIEWS, SHOP, answer, column, resource

NAME = [column("name")]
NOW = datetime(2026, 11, 27, tzinfo=UTC)


def test_rows_become_records_with_ids_and_links() -> None:
    books, reviews = parse_proposal(SHOP).resources
    assert books.records[0] == {"id": 1, "title": "Dune", "price": 9.5, "soldOn": None}
    assert reviews.records[1] == {"id": 2, "bookId": 2, "stars": 1, "by": "bob@example.com"}
    assert reviews.fields[0].links_to == "books"


def test_its_schemas_are_of_the_kind_that_is_learned_and_fit_the_records() -> None:
    for item in parse_proposal(SHOP).resources:
        assert is_schema(item.schema)
        assert all(accepts(item.schema, record) for record in item.records)


def test_it_is_imported_with_schemas_and_settings() -> None:
    proposal = parse_proposal(SHOP)
    raw = bytearray(export_of(proposal, NOW))

    imported, declared = import_resources(raw, NOW), exported_settings(raw)

    assert list(imported["reviews"].records.values()) == proposal.resources[1].records
    assert imported["reviews"].next_id == 3
    schema = imported["books"].schema
    assert schema is not None
    assert schema["json_schema"] == proposal.resources[0].schema
    assert declared["books"].required == ("title", "price")
    assert declared["reviews"].unique == ("by",)


@pytest.mark.parametrize("text", [f"```json\n{SHOP}\n```", f"<think>so</think>{SHOP}"])
def test_fences_and_thoughts_around_it_do_not_matter(text: str) -> None:
    assert parse_proposal(text) == parse_proposal(SHOP)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a book shop", "the answer is not a single JSON object"),
        ("{}", "resources: Field required"),
        (answer(), "at least 1 item"),
        (answer(*[resource(f"r{n}", NAME, ["a"]) for n in range(16)]), "at most 15 items"),
        (answer({**BOOKS, "colour": 1}), "colour: Extra inputs"),
        (answer(resource("Books", NAME, ["a"])), "should match pattern"),
        (answer(resource("../etc", NAME, ["a"])), "should match pattern"),
        (answer(resource("a", [], [])), "fields: List should have at least 1"),
        (answer(resource("a", NAME)), "rows: List should have at least 1"),
        (answer(resource("a", NAME, *[["x"]] * 51)), "at most 50 items"),
        (answer(resource("a", [column("n", "money")], [1])), "type: Input should be 'string'"),
        (answer(resource("a", NAME, [{"x": 1}])), "rows.0.0"),
        (answer(resource("a", NAME, ["x" * 5001])), "at most 5000 characters"),
        (answer(resource("a", [column("n", "integer")], [2**70])), "it must be integer"),
        (answer(BOOKS, BOOKS), "the resource books is there twice"),
        (answer(resource("a", NAME * 2, ["x", "y"])), "the field of a name is there twice"),
        (answer(resource("a", [column("id")], ["x"])), "a.id: leave out id"),
        (answer(resource("a", NAME, ["x", "y"])), "a, row 1: it has 2 values for 1 fields"),
        (answer(resource("a", NAME, ["x"], [None])), "a.name, row 2: it must be string"),
        (answer(resource("a", [column("n", "integer")], [1.5])), "it must be integer"),
        (answer(resource("a", [column("n", "date")], ["soon"])), "it must be date"),
        (
            answer(resource("a", [column("n", "email", required=False)], ["x"])),
            "it must be email or null",
        ),
        (
            answer(resource("a", [column("n", unique=True)], ["x"], ["y"], ["x"])),
            "a.n, row 3: the field is unique",
        ),
        (answer(REVIEWS), "links_to names books, which is not among the resources"),
        (
            answer(BOOKS, resource("r", [column("book", "integer", links_to="books")], [1])),
            "r.book: a link must be an integer whose name ends in Id",
        ),
        (
            answer(BOOKS, resource("r", [column("bookId", "integer", links_to="books")], [3])),
            "r.bookId, row 1: books has no row 3",
        ),
        (
            answer(BOOKS, resource("r", [column("bookId", "integer", links_to="books")], [0])),
            "books has no row 0",
        ),
    ],
)
def test_what_cannot_be_used_is_explained(text: str, reason: str) -> None:
    with pytest.raises(BadProposalError) as raised:
        parse_proposal(text)
    assert reason in str(raised.value)
    assert len(raised.value.reasons) <= 8


def test_a_whole_number_that_is_written_with_a_point_is_an_integer() -> None:
    link = column("bookId", "integer", links_to="books")
    (_, reviews) = parse_proposal(answer(BOOKS, resource("r", [link], [2.0]))).resources
    assert type(reviews.records[0]["bookId"]) is int


def test_an_optional_link_may_be_null() -> None:
    link = column("bookId", "integer", required=False, links_to="books")
    assert parse_proposal(answer(BOOKS, resource("r", [link], [None], [1])))


def test_the_schema_for_providers_is_strict() -> None:
    """OpenAI refuses an object that is open, or that has a property that is not required."""

    def check(schema: Any) -> None:
        if isinstance(schema, dict) and schema.get("type") == "object":
            assert schema["additionalProperties"] is False
            assert schema["required"] == list(schema["properties"])
        for part in schema.values() if isinstance(schema, dict) else ():
            check(part)

    check(json.loads(json.dumps(ANSWER_SCHEMA)))
