"""What a model sees of the request of an example, made as the service makes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson

from larst.domain import RequestContext
from larst.planning.attempts import planning_context
from larst.planning.models.conversation import shown_context
from larst.planning.shapes import ShapedRequest, sketches_of_schemas
from larst.store.session_data import SessionData
from tests.fakes import request
from tests.planning.sessions import session_of, shaped_of


def context_of(step: Mapping[str, Any]) -> RequestContext:
    """Return a request of an example."""
    method, target = step["request"].split(" ", 1)
    body = orjson.dumps(step["body"]) if "body" in step else b""
    return request(method, target, body)


def detached_of(context: RequestContext, session: SessionData) -> ShapedRequest:
    """Return the request with the schemas of its session, as planners get it."""
    schemas = {name: session.schema(name) for name in session.names()}
    learned = {name: schema["json_schema"] for name, schema in schemas.items() if schema}
    in_path = [name for name in context.segments if name in learned]
    ordered = {name: learned[name] for name in dict.fromkeys([*in_path, *learned])}
    return shaped_of(context, session).detached(session.schema, sketches_of_schemas(ordered))


def seen_of(step: Mapping[str, Any], records: Mapping[str, Any]) -> dict[str, Any]:
    """Return schemas, links and context as a model sees them."""
    shaped = detached_of(context_of(step), session_of(records))
    context = shown_context(planning_context(shaped, has_values=False))
    return {
        "schemas": dict(shaped.schemas),
        "links": dict(shaped.facts.get("links") or {}),
        "context": context,
    }


def seen_text(step: Mapping[str, Any], records: Mapping[str, Any]) -> str:
    """Return the same as the text of an example file."""
    parts = seen_of(step, records)
    lines = [f"  {json.dumps(name)}: {json.dumps(part)}" for name, part in parts.items()]
    return "{\n" + ",\n".join(lines) + "\n}"
