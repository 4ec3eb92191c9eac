"""Requests as users describe them in JSON: method, path and body, for a session of theirs.

Must never reach the service's own paths.
"""

from __future__ import annotations

import orjson

from larst.domain import METHODS, NO_BODY, Json, RequestContext, Tenant
from larst.errors import BadRequestError
from larst.http.access import PREFIX
from larst.http.client_identity import new_ids
from larst.http.parsing import parse_body, parse_target

_FORM = '{"method": "POST", "path": "/orders/1/cancel?notify=true", "body": {…}}'
_JSON = "application/json"


def request_of(value: Json, session_id: str, tenant: Tenant) -> RequestContext:
    """Return the request that a JSON object describes; `body` is JSON, and may be missing.

    Raises:
        BadRequestError: it describes no request to a planned path.
    """
    is_request = isinstance(value, dict) and value.keys() <= {"method", "path", "body"}
    method, path = (value.get("method"), value.get("path")) if is_request else (None, None)
    if method not in METHODS or not isinstance(path, str) or not path.startswith("/"):
        raise BadRequestError(f"send the request as {_FORM}, with a method of {', '.join(METHODS)}")
    target = parse_target(path)
    if target.segments[:1] == (PREFIX,) or path.startswith("/@"):
        raise BadRequestError(
            f"{path[:100]} is not a planned path; name the session beside the request"
        )
    has_body = "body" in value
    body = parse_body(_JSON, orjson.dumps(value["body"])) if has_body else NO_BODY
    request_id, _ = new_ids()
    return RequestContext(
        method=method,
        path=target.path,
        segments=target.segments,
        query=target.query,
        headers={"accept": _JSON, **({"content-type": _JSON} if has_body else {})},
        body=body,
        client_ip="127.0.0.1",
        session_id=session_id,
        request_id=request_id,
        tenant=tenant,
    )
