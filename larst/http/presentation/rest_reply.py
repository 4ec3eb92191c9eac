"""A reply of the rules together with the request that it answers. Data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import orjson

from larst.dialects import Dialect
from larst.dialects.jsonapi import MEDIA_TYPE as JSON_API
from larst.domain import Json, Reply, RequestContext
from larst.planning.reading.request import Reading
from larst.planning.shapes import RestPath

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Place:
    """The address of the service, and the raw path and query of one request."""

    address: str
    raw_path: str
    raw_query: str

    @property
    def base_url(self) -> str:
        """The URL of the request without its query."""
        return f"{self.address}{self.raw_path}"


@dataclass(frozen=True, slots=True)
class RestReply:
    """A successful reply of the rules, and the request that it answers.

    `embeds` names the embedded relations and their resources.
    """

    reply: Reply
    action: str
    reading: Reading
    path: RestPath
    request: RequestContext
    place: Place
    offset: int
    embeds: Mapping[str, str]

    @property
    def dialect(self) -> Dialect:
        """The dialect that the reply is written in."""
        return self.reading.dialect

    @property
    def body(self) -> Json:
        """The parsed body."""
        return orjson.loads(self.reply.body or b"null")

    def with_json(self, body: Json, *, status: int | None = None) -> Reply:
        """Return the reply with another body, in the media type of the dialect."""
        is_json_api = self.dialect.record_form == "jsonapi" and isinstance(body, dict)
        return replace(
            self.reply,
            body=orjson.dumps(body),
            media_type=JSON_API if is_json_api else JSON,
            status=self.reply.status if status is None else status,
        )

    def without_body(self, status: int) -> Reply:
        """Return the reply without a body."""
        return replace(self.reply, body=None, status=status)
