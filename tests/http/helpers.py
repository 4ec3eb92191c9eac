"""Programs, headers and types that the tests of HTTP share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp.test_utils import TestClient

Client = TestClient[Any, Any]
MakeClient = Callable[..., Awaitable[Client]]

CREATE = 'REPLY = make_response(201, store.insert(plan["payload"]))'
LIST = "items, total = store.list()\nREPLY = make_response(200, items)"
S1, S2 = {"X-Session-ID": "one"}, {"X-Session-ID": "two"}
