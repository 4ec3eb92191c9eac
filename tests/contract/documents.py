"""API documents as people have them, in each version."""

from __future__ import annotations

from typing import Any

ORDER: dict[str, Any] = {
    "type": "object",
    "required": ["id", "item", "price", "secret"],
    "properties": {
        "id": {"type": "integer"},
        "item": {"type": "string", "maxLength": 20},
        "price": {"type": "number", "minimum": 0},
        "note": {"type": "string", "nullable": True},
        "secret": {"type": "string", "writeOnly": True},
        "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Order"}},
    },
}
TOTAL: dict[str, Any] = {
    "type": "object",
    "required": ["total"],
    "properties": {"total": {"type": "number"}},
    "additionalProperties": False,
}


def json_reply(schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": "…", "content": {"application/json": {"schema": schema}}}


def ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


OPENAPI_3: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Shop", "version": "1"},
    "servers": [{"url": "https://example.org/api/v1"}],
    "paths": {
        "/orders": {
            "get": {
                "responses": {"200": json_reply({"type": "array", "items": ref("Order")})},
            },
            "post": {
                "requestBody": {"content": {"application/json": {"schema": ref("Order")}}},
                "responses": {"201": json_reply(ref("Order"))},
            },
        },
        "/orders/{id}": {"get": {"responses": {"200": json_reply(ref("Order"))}}},
        "/orders/summary": {
            "get": {
                "summary": "The turnover",
                "description": "The sum of all prices.",
                "responses": {"200": {"$ref": "#/components/responses/Total"}},
            }
        },
    },
    "components": {
        "schemas": {"Order": ORDER, "Total": TOTAL},
        "responses": {"Total": json_reply(ref("Total"))},
    },
}
SWAGGER_2: dict[str, Any] = {
    "swagger": "2.0",
    "info": {"title": "Shop", "version": "1"},
    "basePath": "/api/v1",
    "paths": {
        "/orders": {
            "post": {
                "parameters": [
                    {"in": "body", "name": "order", "schema": {"$ref": "#/definitions/Order"}}
                ],
                "responses": {201: {"description": "…", "schema": {"$ref": "#/definitions/Order"}}},
            }
        },
    },
    "definitions": {
        "Order": {
            "type": "object",
            "required": ["item"],
            "properties": {
                "item": {"type": "string"},
                "price": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
                "note": {"type": "string", "x-nullable": True},
            },
        }
    },
}
