"""The `curl` command that repeats a request. Pure.

Must never pass on a client's text unquoted to the shell that the command is pasted into.
"""

from __future__ import annotations

import shlex

from larst.telemetry import RequestRecord

_REPEATED = frozenset({"accept", "content-type", "if-match", "if-none-match", "prefer"})


def curl_of(record: RequestRecord) -> str | None:
    """Return the command; None if the request's values are not kept, or not all of its body."""
    details = record.details
    if not details.has_values or (
        details.body is not None and len(details.body) < details.body_bytes
    ):
        return None
    words = ["curl", "-i"]
    if record.method == "HEAD":
        words += ["--head"]
    elif record.method != "GET":
        words += ["-X", record.method]
    words.append(details.address + details.target)
    words += ["-H", f"X-Session-ID: {record.session_id}"]
    for name, value in details.headers.items():
        is_repeated = name in _REPEATED or name.startswith("x-larst-")
        if is_repeated and (name, value) != ("accept", "*/*"):
            words += ["-H", f"{name}: {value}"]
    if details.body:
        words += ["--data-binary", details.body.decode("utf-8", "replace")]
    return " ".join(map(shlex.quote, words))
