"""Headers that a request may have once, since they decide who asks or what the request means.

Of two values a proxy in front may read the first and this service the last. Values of lists are
joined instead, as RFC 9110 section 5.3 has it. Must never decide what a value means.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from multidict import MultiMapping

from larst.errors import BadRequestError

SINGLE_HEADERS = frozenset(
    "authorization content-type idempotency-key if-modified-since if-range if-unmodified-since"
    " last-event-id origin range sec-fetch-site traceparent x-request-id x-session-id"
    " accept-profile content-profile odata-maxversion odata-version stripe-version"
    " x-http-method x-http-method-override x-method-override".split()
)
"""By lower-case name; so is each `X-LARST-*`."""


def refuse_repeated(headers: Mapping[str, str]) -> None:
    """Refuse a request that repeats a header which it may have once.

    The items of `headers` have a name as often as the request has it; its keys do not.

    Raises:
        BadRequestError: it repeats one.
    """
    names = [name.lower() for name, _ in headers.items()]
    if len(names) == len(set(names)):
        return
    for name, count in Counter(names).items():
        if count > 1 and (name in SINGLE_HEADERS or name.startswith("x-larst-")):
            raise BadRequestError(f"the request has {count} headers {name}; send one")


def joined(values: Mapping[str, str], name: str, value: str) -> str:
    """Return the value of a header, behind those that the request had before."""
    earlier = values.get(name)
    return value if earlier is None else f"{earlier}, {value}"


def joined_lines(headers: MultiMapping[str], name: str) -> str | None:
    """Return the list in a header, however many lines it has; None without one."""
    lines = headers.getall(name, ())
    return ", ".join(lines) if lines else None
