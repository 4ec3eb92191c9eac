"""OpenAPI documents as people have them: 3.0, 3.1 and Swagger 2. Pure.

Reads what a contract needs and ignores the rest, so that a document that is wrong elsewhere still
serves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from larst.contract.contracts import Contract, Operation, ReplySchema
from larst.contract.knowledge import knowledge_of
from larst.contract.schemas import closed_schema, resolve
from larst.domain import METHODS, Json
from larst.errors import BadRequestError

MAX_OPERATIONS = 1_000
_JSON = "json"


def read_contract(document: Json) -> Contract:
    """Return the contract in an OpenAPI document.

    Raises:
        BadRequestError: it is not such a document, refers to other files, has a schema that is not
            valid, or more than `MAX_OPERATIONS` operations.
    """
    if not isinstance(document, Mapping) or not _is_openapi(document):
        raise BadRequestError(
            'send an OpenAPI document: JSON with "openapi": "3.…" or "swagger": "2.0", and paths'
        )
    operations = list(_operations(document))
    if not 0 < len(operations) <= MAX_OPERATIONS:
        raise BadRequestError(
            f"the document has {len(operations)} operations; a contract has 1 to {MAX_OPERATIONS}"
        )
    info = document.get("info")
    title = info.get("title") if isinstance(info, Mapping) else None
    return Contract(str(title or "untitled")[:200], operations, _prefixes(document))


def _is_openapi(document: Mapping[str, Json]) -> bool:
    version = document.get("openapi", document.get("swagger"))
    is_known = isinstance(version, str) and version.startswith(("3.", "2."))
    return is_known and isinstance(document.get("paths"), Mapping)


def _operations(document: Mapping[str, Json]) -> Iterator[Operation]:
    for path, node in document["paths"].items():
        item = resolve(document, node)
        for method in METHODS:
            operation = item.get(method.lower())
            if isinstance(operation, Mapping):
                yield _operation(document, method, path, operation)


def _operation(
    document: Mapping[str, Json], method: str, path: str, node: Mapping[str, Json]
) -> Operation:
    replies: dict[str, ReplySchema | None] = {}
    responses = node.get("responses")
    for status, reply in (responses if isinstance(responses, Mapping) else {}).items():
        schema = _schema_of(document, resolve(document, reply))
        try:
            replies[str(status).replace("xx", "XX")] = schema
            if schema is not None:
                _ = schema.validator
        except ValueError as error:
            raise BadRequestError(
                f"{method} {path}: the schema of the reply {status} is not valid:"
                f" {str(error).splitlines()[0][:200]}"
            ) from error
    segments = tuple(None if part.startswith("{") else part for part in path.split("/") if part)
    return Operation(method, segments, replies, knowledge_of(method, path, node, replies))


def _schema_of(document: Mapping[str, Json], reply: Mapping[str, Json]) -> ReplySchema | None:
    """Return the schema of a JSON body: in `content` (3.x), or beside the description (2)."""
    node = content_schema(reply)
    return None if node is None else ReplySchema(closed_schema(document, node))


def content_schema(part: Mapping[str, Json]) -> Json:
    """Return the schema of the JSON body of a reply or of a request; None if it has none."""
    content = part.get("content")
    if not isinstance(content, Mapping):
        return part.get("schema")
    for media_type, body in content.items():
        if _JSON in str(media_type) and isinstance(body, Mapping):
            return body.get("schema")
    return None


def _prefixes(document: Mapping[str, Json]) -> list[tuple[str, ...]]:
    """Return the paths of the servers, such as `/api/v1`, without duplicates."""
    servers = document.get("servers")
    urls = (
        [server.get("url") for server in servers or () if isinstance(server, Mapping)]
        if isinstance(servers, list)
        else []
    )
    urls.append(document.get("basePath"))
    prefixes = (_path(url) for url in urls if isinstance(url, str))
    return list(dict.fromkeys(prefix for prefix in prefixes if prefix))


def _path(url: str) -> tuple[str, ...]:
    """Return the segments of a URL; of one that cannot be read, none."""
    try:
        path = urlsplit(url).path
    except ValueError:  # brackets that are not those of an IPv6 address
        return ()
    return tuple(part for part in path.split("/") if part)
