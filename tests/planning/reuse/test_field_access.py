"""Field access: which fields of the body and of records a program reads."""

from __future__ import annotations

import pytest

from larst.planning.reuse.field_access import field_access_of
from tests.fakes import unchecked

BODY = [
    ('x = ctx["body_json"]["amount"]', {"amount"}),
    ('x = plan["payload"]["amount"]', {"amount"}),
    ('x = plan.get("payload", {}).get("amount", 0)', {"amount"}),
    ('body = plan["payload"] or {}\nx = body.get("amount")', {"amount"}),
    ('body = plan["payload"] if isinstance(plan["payload"], dict) else {}\nx = body["a"]', {"a"}),
    ('if "amount" in plan["payload"]:\n    x = 1', {"amount"}),
    ('if (body := plan["payload"]) and body["a"] > 1:\n    x = 1', {"a"}),
    ('x = plan["payload"].pop("a", None)', {"a"}),
    ('x = plan["payload"]["address"]["city"]', {"address", "address/city"}),
    ('for line in plan["payload"]["items"]:\n    x = line["sku"]', {"items", "items/[]/sku"}),
    ('x = [line["sku"] for line in plan["payload"]]', {"[]/sku"}),
    ('x = sum(line["n"] for line in plan["payload"].get("items", []))', {"items", "items/[]/n"}),
    ('x = sorted(plan["payload"])[0]["n"]', {"[]/n"}),
    ('for name in ("from", "to"):\n    x = plan["payload"][name]', {"from", "to"}),
    ('x = [n for n in ["a", "b"] if n not in plan["payload"]]', {"a", "b"}),
    ('for name, value in plan["payload"].items():\n    x = value["n"]', {"[]/n"}),
    ('x = {**plan["payload"], "status": "new"}\ny = x["amount"]', {"amount"}),
    ('copy = dict(plan["payload"])\nx = copy["amount"]', {"amount"}),
    ('a = plan["payload"]\nb = a\nc = b\nx = c["amount"]', {"amount"}),
    ('x = f\'{plan["payload"]["name"]}!\'', {"name"}),
    ('store.insert({"total": plan["payload"]["n"] * 2})', {"n"}),
    ('x = {name: plan["payload"]["v"] for name in ["k"]}', {"v"}),
    # Later lines of a loop affect earlier lines in its next iteration.
    ('a = None\nfor i in range(2):\n    x = a["n"] if a else 0\n    a = plan["payload"]', {"n"}),
    ('x = {k: v for k, v in plan["payload"].items() if v}\ny = x["a"]', {"a"}),
    ('x = {}\nfor k, v in plan["payload"].items():\n    x[k] = v\ny = x["a"]', {"a"}),
    ('x = []\nfor i in plan["payload"]:\n    x.append(i)\ny = x[0]["a"]', {"[]/a"}),
    ('x = [i for i in plan["payload"] if i]\nfor i in x:\n    y = i["a"]', {"[]/a"}),
    ('x = next(iter([i for i in plan["payload"]]), None)\ny = x["a"]', {"[]/a"}),
    ('for i in [*plan["payload"], {}]:\n    y = i["a"]', {"[]/a"}),
    ('for n, i in enumerate(plan["payload"]):\n    y = i["a"]', {"[]/a"}),
    ('for a, b in zip([1], plan["payload"]):\n    y = b["a"]', {"[]/a"}),
    ('a, b = plan["payload"], 1\nx = a["n"]', {"n"}),
    ('x = {}\nx.update(plan["payload"])\ny = x["a"]', {"a"}),
    (
        'by_id = {i["id"]: i for i in plan["payload"]}\nx = by_id[plan["identifier"]]["n"]',
        {"[]/id", "[]/n"},
    ),
    ('plan["payload"]["seen"] = True', set[str]()),
    ('record = store.insert(plan["payload"])\nx = record["id"]', set[str]()),
    ('x = plan["criteria"]["role"]', set[str]()),
    ('x = ctx["query"]["role"]', set[str]()),
]

FIELDS = [
    ('x = store.get("1")["status"]', {("orders", "status")}),
    ('order = store.get("1")\nx = order.get("status")', {("orders", "status")}),
    ('items, total = store.list()\nx = [item["born"] for item in items]', {("orders", "born")}),
    ('x = store.search({"role": "a", "age__gte": 3})', {("orders", "role"), ("orders", "age")}),
    ('x = store.search({**plan["criteria"], "post_id": "1"})', {("orders", "post_id")}),
    ('x = store.search({"|": {"a": "1", "b": "1"}})', {("orders", "a"), ("orders", "b")}),
    ('x = store.search({}, sort="-price,name")', {("orders", "price"), ("orders", "name")}),
    ('x = store.list(sort="price")', {("orders", "price")}),
    (
        'x = store.search({"&": [{"a": 1}, {"|": [{"b": 1}, {"!": {"c__gt": 1}}]}]})',
        {("orders", "a"), ("orders", "b"), ("orders", "c")},
    ),
    ('x = store.count({"address.city": "Bern"})', {("orders", "address")}),
    ('x = store.aggregate("sum", "n", by="kind")', {("orders", "n"), ("orders", "kind")}),
    ('x = store.aggregate("sum", "n", "kind")', {("orders", "n"), ("orders", "kind")}),
    ('users = session_store.resource("users")\nx = users.get("1")["born"]', {("users", "born")}),
    ('x = session_store.resource("users").search({"a": 1})', {("users", "a")}),
    ('x = store.get("1")["id"]', set[tuple[str, str]]()),
    ('store.update("1", {"status": "x"})', set[tuple[str, str]]()),
]


@pytest.mark.parametrize(("program", "paths"), BODY)
def test_the_fields_of_the_body_that_a_program_reads(program: str, paths: set[str]) -> None:
    access = field_access_of(unchecked(program), "orders")

    assert {"/".join(path) for path in access.body} == paths


@pytest.mark.parametrize(("program", "fields"), FIELDS)
def test_the_fields_of_records_that_a_program_reads(
    program: str, fields: set[tuple[str, str]]
) -> None:
    assert field_access_of(unchecked(program), "orders").fields == fields


def test_a_program_without_a_resource_reads_no_store() -> None:
    assert field_access_of(unchecked('x = store.get("1")["a"]'), None).fields == set()


def test_paths_are_bounded() -> None:
    """A loop that descends into a body must not keep the analysis from terminating."""
    access = field_access_of(
        unchecked('a = plan["payload"]\nfor i in range(9):\n    a = a["next"]'), "orders"
    )

    assert max(map(len, access.body)) <= 9


@pytest.mark.parametrize(
    "program",
    [
        'x = ctx["query"]["role"]',
        'x = ctx.get("query", {})',
        "for name in ctx:\n    x = ctx[name]",
        "x = [value for value in ctx.values()]",
        'key = "query"\nx = ctx[key]',
        "context = ctx\nx = context['query']",
    ],
)
def test_a_program_that_reads_the_query_is_recognized(program: str) -> None:
    """Requests of its shape may have any other query."""
    assert field_access_of(unchecked(program), "orders").has_query


@pytest.mark.parametrize(
    "program", ['x = ctx["segments"][1]', 'x = ctx["body_json"]', 'x = plan["criteria"]', "x = 1"]
)
def test_other_parts_of_the_context_are_not_the_query(program: str) -> None:
    assert not field_access_of(unchecked(program), "orders").has_query


@pytest.mark.parametrize(
    "program",
    [
        'x = plan["criteria"]["role"]',
        'x = plan["criteria"].get("role")',
        'if "role" in plan["criteria"]:\n    x = 1',
        'criteria = plan["criteria"]\nx = criteria["role"]',
        'for name in plan["criteria"]:\n    x = name',
        'x = {k: v for k, v in plan["criteria"].items()}',
        "x = [plan[key] for key in plan]",
    ],
)
def test_a_program_that_looks_into_the_criteria_is_recognized(program: str) -> None:
    """It may leave out criteria of other requests, and change more records than they name."""
    assert field_access_of(unchecked(program), "orders").has_criteria


@pytest.mark.parametrize(
    "program",
    [
        'x = store.search(plan["criteria"], limit=plan["limit"])',
        'criteria = plan["criteria"]\nx = store.count(criteria)',
        'x = store.search({"&": [plan["criteria"], {"a": 1}]})',
        'x = 1 if not plan["criteria"] else 2',
    ],
)
def test_criteria_that_go_to_the_store_as_they_are_are_general(program: str) -> None:
    assert not field_access_of(unchecked(program), "orders").has_criteria
