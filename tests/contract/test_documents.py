"""OpenAPI 3.0, 3.1 and Swagger 2 documents as contracts."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from larst.contract import MAX_OPERATIONS, Contract, read_contract, seeds_of
from larst.errors import BadRequestError
from larst.store.schema.learning import is_schema
from tests.contract.documents import OPENAPI_3, SWAGGER_2, TOTAL, json_reply

ORDER = {"id": 1, "item": "tea", "price": 3, "note": None}


def deviations(contract: Contract, method: str, path: str, status: int, body: Any) -> list[str]:
    operation = contract.find(method, [part for part in path.split("/") if part])
    assert operation is not None
    _, schema = operation.reply_to(status)
    assert schema is not None
    return schema.deviations(body)


@pytest.mark.parametrize(
    ("body", "deviation"),
    [
        (ORDER, None),
        ({**ORDER, "parts": [{**ORDER, "parts": [ORDER]}]}, None),
        ({**ORDER, "price": "CANARY"}, 'price: type must be "number"'),
        ({**ORDER, "price": -1}, "price: minimum must be 0"),
        ({"id": 1, "item": "tea"}, 'body: required must be ["id", "item", "price"]'),
        (
            {**ORDER, "parts": [{**ORDER, "item": "CANARY " * 10}]},
            "parts[].item: maxLength must be 20",
        ),
    ],
)
def test_a_deviation_names_the_schema_and_no_value(body: Any, deviation: str | None) -> None:
    """It goes into a header, into the log, and to models."""
    contract = read_contract(OPENAPI_3)
    expected = [] if deviation is None else [deviation]
    assert deviations(contract, "GET", "/orders/1", 200, body) == expected


def test_a_deviation_has_no_name_of_the_reply() -> None:
    """A name can be a value: {"CANARY": 1}."""
    contract = read_contract(OPENAPI_3)
    texts = deviations(contract, "GET", "/orders/summary", 200, {"total": 1, "CANARY": 2})
    assert texts == ["body: additionalProperties must be false"]


def test_a_path_of_words_comes_before_one_with_parameters() -> None:
    contract = read_contract(OPENAPI_3)
    for path in (["orders", "summary"], ["api", "v1", "orders", "summary"]):
        operation = contract.find("HEAD", path)
        assert operation is not None
        assert operation.route == "/orders/summary"
    assert contract.find("DELETE", ["orders", "1"]) is None
    assert contract.find("GET", ["orders", "1", "items"]) is None


def test_the_words_and_forms_of_an_operation_are_for_its_planner() -> None:
    operation = read_contract(OPENAPI_3).find("GET", ["orders", "summary"])
    assert operation is not None
    assert operation.knowledge == {
        "operation": "GET /orders/summary",
        "summary": "The turnover",
        "description": "The sum of all prices.",
        "replies": {"200": {"total": "<number>"}},
    }


def test_swagger_2_is_read_too() -> None:
    contract = read_contract(SWAGGER_2)
    order = {"item": "tea", "price": 1, "note": None}
    assert deviations(contract, "POST", "/api/v1/orders", 201, order) == []
    assert deviations(contract, "POST", "/orders", 201, {**order, "price": 0}) == [
        "price: exclusiveMinimum must be 0"
    ]


def test_collections_get_the_schemas_of_their_records() -> None:
    for document in (OPENAPI_3, SWAGGER_2):
        seeds = seeds_of(document)
        assert list(seeds) == ["orders"]
        assert is_schema(seeds["orders"])
        assert seeds["orders"]["properties"]["item"] == {"type": "string"}
        assert "id" in seeds["orders"]["properties"]


def with_reply(schema: Any) -> dict[str, Any]:
    document = deepcopy(OPENAPI_3)
    document["paths"]["/orders/summary"]["get"]["responses"] = {"2XX": json_reply(schema)}
    return document


BAD: list[tuple[Any, str]] = [
    ([], "OpenAPI"),
    ({"openapi": "3.1.0"}, "OpenAPI"),
    ({"openapi": "1.2", "paths": {}}, "OpenAPI"),
    ({"openapi": "3.1.0", "paths": {}}, "0 operations"),
    (with_reply({"$ref": "other.yaml#/Order"}), "leads out of the document"),
    (with_reply({"$ref": "file:///etc/passwd"}), "leads out of the document"),
    (with_reply({"$ref": "http://127.0.0.1:1/x"}), "leads out of the document"),
    (with_reply({"$ref": "#/components/schemas/Missing"}), "leads nowhere"),
    (with_reply({"type": "nonsense"}), "GET /orders/summary"),
    (
        {
            "openapi": "3.1.0",
            "paths": {f"/p{i}": {"get": {}} for i in range(MAX_OPERATIONS + 1)},
        },
        f"{MAX_OPERATIONS}",
    ),
]


@pytest.mark.parametrize(("document", "detail"), BAD)
def test_a_document_that_cannot_be_used_is_refused(document: Any, detail: str) -> None:
    with pytest.raises(BadRequestError) as error:
        read_contract(document)
    assert detail in error.value.detail


def test_references_in_a_circle_are_safe() -> None:
    document = with_reply({"$ref": "#/components/schemas/A"})
    document["components"]["schemas"] |= {
        "A": {"allOf": [{"$ref": "#/components/schemas/B"}, TOTAL]},
        "B": {"oneOf": [{"$ref": "#/components/schemas/B"}, {"$ref": "#/components/schemas/A"}]},
    }
    contract = read_contract(document)
    assert contract.find("GET", ["orders", "summary"]) is not None
    responses = document["paths"]["/orders/summary"]["get"]["responses"]
    document["components"]["responses"] = {"X": {"$ref": "#/components/responses/X"}}
    responses["200"] = {"$ref": "#/components/responses/X"}
    with pytest.raises(BadRequestError, match="circle"):
        read_contract(document)


def test_a_pattern_takes_linear_time() -> None:
    """An expression of a document must not hold the service."""
    contract = read_contract(with_reply({"type": "string", "pattern": "^(a+)+$"}))
    assert deviations(contract, "GET", "/orders/summary", 200, "a" * 5_000 + "!") == [
        'body: pattern must be "^(a+)+$"'
    ]


@pytest.mark.parametrize("url", ["http://[", "//[::1", "http://[x]/a"])
def test_a_server_whose_address_cannot_be_read_has_no_prefix(url: str) -> None:
    contract = read_contract({**OPENAPI_3, "servers": [{"url": url}, {"url": "/api"}]})

    assert contract.prefixes == [("api",)]
