"""Guidance for planners: what a person means by a request, and the reply that it should get.

`X-LARST-Intent` has the meaning in words, `X-LARST-Example` the reply as JSON. Both can change the
plan of a shape for all of its requests, so they need the same scope as the control API. Must never
interpret the words.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from larst.domain import NO_GUIDANCE, Guidance, Json, WantedReply
from larst.errors import BadRequestError
from larst.http.formats import read_json
from larst.tokens import Access

INTENT, EXAMPLE = "x-larst-intent", "x-larst-example"

MAX_INTENT_CHARACTERS = 1_000
MAX_EXAMPLE_BYTES = 16 * 1024
MAX_EXAMPLE_LEVELS = 20

_MIN_STATUS, _MAX_STATUS = 200, 599


def guidance_in(headers: Mapping[str, str], access: Access) -> Guidance:
    """Return the guidance in the headers of a request, which have lower-case names.

    Raises:
        ForbiddenError: the sender may not change plans.
        BadRequestError: a header is too long, or is not in its form.
    """
    intent, example = headers.get(INTENT), headers.get(EXAMPLE)
    if intent is None and example is None:
        return NO_GUIDANCE
    access.require_admin("X-LARST-Intent and X-LARST-Example change plans, which")
    return Guidance(
        None if intent is None else checked_intent(intent),
        None if example is None else checked_reply(read_json(example.encode())),
    )


def checked_intent(value: Json) -> str:
    """Return an intent on one line.

    Raises:
        BadRequestError: it is not a text, has no words, or is too long.
    """
    intent = " ".join(value.split()) if isinstance(value, str) else ""
    if not 0 < len(intent) <= MAX_INTENT_CHARACTERS or not intent.isprintable():
        raise BadRequestError(
            "the intent must say in words what the request means, in at most"
            f" {MAX_INTENT_CHARACTERS} characters; it has {len(intent)}"
        )
    return intent


def checked_reply(value: Json) -> WantedReply:
    """Return the reply that a user wants.

    Raises:
        BadRequestError: it has neither a status nor a body, or is too large.
    """
    is_reply = isinstance(value, dict) and value and value.keys() <= {"status", "body"}
    status = value.get("status") if is_reply else None
    is_status = type(status) is int and _MIN_STATUS <= status <= _MAX_STATUS
    if not is_reply or not (status is None or is_status):
        raise BadRequestError(
            'an example is the reply that you want: {"status": 200, "body": …}, with a status from'
            f" {_MIN_STATUS} to {_MAX_STATUS}, a body, or both"
        )
    body = value.get("body")
    size_bytes = len(orjson.dumps(body))
    if size_bytes > MAX_EXAMPLE_BYTES or not _is_flat(body, MAX_EXAMPLE_LEVELS):
        raise BadRequestError(
            f"the body of an example may take {MAX_EXAMPLE_BYTES} bytes and nest"
            f" {MAX_EXAMPLE_LEVELS} levels; this one takes {size_bytes} bytes. Send a smaller one,"
            " such as that of a request for few records"
        )
    return WantedReply(status, body, has_body="body" in value)


def _is_flat(value: Json, levels: int) -> bool:
    """Return whether a value nests at most `levels` levels."""
    if not isinstance(value, dict | list):
        return True
    items = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(_is_flat(item, levels - 1) for item in items)
