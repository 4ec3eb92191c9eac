"""Answers of a model, for the tests."""

from __future__ import annotations

import json
from typing import Any


def column(name: str, type: str = "string", **more: Any) -> dict[str, Any]:
    rules = {"required": True, "unique": False, "links_to": None}
    return {"name": name, "type": type, **rules, **more}


def resource(name: str, fields: list[dict[str, Any]], *rows: list[Any]) -> dict[str, Any]:
    return {"name": name, "fields": fields, "rows": list(rows)}


def answer(*resources: dict[str, Any]) -> str:
    return json.dumps({"resources": resources})


BOOKS = resource(
    "books",
    [column("title"), column("price", "number"), column("soldOn", "date", required=False)],
    ["Dune", 9.5, None],
    ["Emma", 7, "2026-03-29"],
)
REVIEWS = resource(
    "reviews",
    [
        column("bookId", "integer", links_to="books"),
        column("stars", "integer"),
        column("by", "email", unique=True),
    ],
    [2, 5, "ann@example.com"],
    [2, 1, "bob@example.com"],
)
SHOP = answer(BOOKS, REVIEWS)
"""A book shop with reviews."""
