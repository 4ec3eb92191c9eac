"""The prefix of a path that names a session: `/@shop/members` is `/members` of the session `shop`.

For whatever can set no header: browsers, base URLs, links. Pure. Must never see a query.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote

from larst.errors import BadSessionIdError
from larst.http.client_identity import checked_session_id

_MARKS = ("/@", "/%40")
"""How a path begins that has a prefix; a client may encode the sign."""

_LINK_TARGET = re.compile(r"<(?=/(?!/))")


class SplitTarget(NamedTuple):
    """A request target without its prefix, and the session that the prefix names, or None."""

    session_id: str | None
    target: str

    @property
    def prefix(self) -> str:
        """The prefix in its usual spelling; empty without one."""
        return "" if self.session_id is None else f"/@{self.session_id}"


NO_PREFIX = SplitTarget(None, "/")
"""A target whose path names no session."""


def split_target(target: str) -> SplitTarget:
    """Return the session that a raw (still percent-encoded) target names, and the rest.

    >>> split_target("/@shop/members?limit=2")
    SplitTarget(session_id='shop', target='/members?limit=2')

    Raises:
        BadSessionIdError: the name is not a valid session id.
    """
    if not target.startswith(_MARKS):
        return SplitTarget(None, target)
    path, mark, query = target.partition("?")
    first, _, rest = path[1:].partition("/")
    name = unquote(first, errors="replace")[1:]
    return SplitTarget(checked_session_id(name), f"/{rest}{mark}{query}")


def named_session(split: SplitTarget, header: str | None) -> str | None:
    """Return the session that a request names, in its path or in X-Session-ID; None if neither.

    Raises:
        BadSessionIdError: the header is not a valid session id, or names another session.
    """
    if header is None:
        return split.session_id
    if split.session_id not in (None, checked_session_id(header)):
        raise BadSessionIdError(
            f"the path names the session {split.session_id} and X-Session-ID another one; send"
            " one of them"
        )
    return header


def with_prefix(headers: Mapping[str, str], prefix: str) -> dict[str, str]:
    """Return the headers of a reply whose paths lead to the same session."""
    prefixed = dict(headers)
    for name, value in headers.items():
        lower = name.lower()
        if lower in ("location", "content-location") and _is_path(value, prefix):
            prefixed[name] = prefix + value
        elif lower == "link":
            prefixed[name] = _LINK_TARGET.sub(f"<{prefix}", value)
    return prefixed


def _is_path(value: str, prefix: str) -> bool:
    """Return whether a value is a path on this service that lacks the prefix."""
    return value.startswith("/") and not value.startswith(("//", f"{prefix}/"))
