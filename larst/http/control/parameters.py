"""The parameters of the control API: handlers enforce their bounds, and its document has them."""

from __future__ import annotations

from typing import get_args

from larst.domain import METHODS, TENANT_NAME
from larst.http.client_identity import SESSION_ID
from larst.http.webhooks.definitions import WEBHOOK_NAME
from larst.openapi import ControlParameter, whole_number
from larst.planning.book import PlanState
from larst.session.contracts import CONTRACT_MODES
from larst.session.settings import CHOICES
from larst.store.session_snapshots import SNAPSHOT_NAME

MIN_KEY_CHARACTERS = 6
MAX_REASON_CHARACTERS = 1000

PLAN_LIMIT = whole_number("limit", "The maximum number of plans.", maximum=1000, default=100)
SESSION_LIMIT = whole_number("limit", "The maximum number of sessions.", maximum=500, default=100)
OFFSET = whole_number("offset", "The number of entries to skip.", maximum=10**9, default=0)

PLAN_STATE = ControlParameter(
    "state", "List only the plans in this state.", {"enum": list(get_args(PlanState))}
)
PLAN_KEY = ControlParameter(
    "key",
    f"The key of the plan, or at least its first {MIN_KEY_CHARACTERS} digits.",
    {"type": "string", "pattern": f"^[0-9a-fA-F]{{{MIN_KEY_CHARACTERS},64}}$"},
    "path",
)

OF_TENANT = ControlParameter(
    "tenant",
    "The tenant of the plans; another than your own only for admins of the tenant `default`.",
    {"type": "string", "pattern": f"^{TENANT_NAME.pattern}$"},
)

_SESSION_ID = {"type": "string", "pattern": f"^{SESSION_ID.pattern}$"}
IN_SESSION = ControlParameter("id", "The session.", _SESSION_ID, "path")
AFTER = ControlParameter("after", "List only the sessions behind this one.", _SESSION_ID)
OF_SESSION = ControlParameter("session", "The session, instead of `X-Session-ID`.", _SESSION_ID)

RESOURCE = ControlParameter(
    "name",
    "The resource.",
    {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
    "path",
)

WEBHOOK = ControlParameter(
    "name",
    "The webhook.",
    {"type": "string", "pattern": f"^{WEBHOOK_NAME.pattern}$"},
    "path",
)

_SNAPSHOT_NAME = {"type": "string", "pattern": f"^{SNAPSHOT_NAME.pattern}$"}
SNAPSHOT = ControlParameter("name", "The snapshot.", _SNAPSHOT_NAME, "path")
TO_SNAPSHOT = ControlParameter(
    "to",
    "Go back to this snapshot (default: `start`, if there is one, or no data).",
    _SNAPSHOT_NAME,
)

REQUEST_LIMIT = whole_number("limit", "The maximum number of requests.", maximum=500, default=100)
REQUEST_METHOD = ControlParameter(
    "method", "List only the requests with this method.", {"enum": sorted(METHODS)}
)
REQUEST_STATUS = ControlParameter(
    "status",
    "List only the requests whose reply has such a status.",
    {"enum": [f"{digit}xx" for digit in range(2, 6)]},
)
OF_PATH = ControlParameter(
    "path", "List only the requests whose path contains this text.", {"type": "string"}
)
IN_REQUESTS = ControlParameter("session", "List only the requests of this session.", _SESSION_ID)
REQUEST_ID = ControlParameter(
    "id", "The number of the request, or its `X-Request-ID`.", {"type": "string"}, "path"
)

FORCE = ControlParameter(
    "force", "Drop the cases that the program fails.", {"type": "boolean", "default": False}
)
CONTRACT_MODE = ControlParameter(
    "mode",
    "A reply that deviates is served with a header that says so (`warn`), or refused (`enforce`).",
    {"enum": list(CONTRACT_MODES), "default": "warn"},
)
RECORDED_LIMIT = whole_number("limit", "The maximum number of requests.", maximum=1000, default=100)
RECORDED_OFFSET = whole_number(
    "offset", "The number of requests to skip.", maximum=10**9, default=0
)
RECORDED_COUNT = whole_number(
    "count", "With `wait`: how many requests to wait for.", maximum=1000, default=1
)
RECORDED_STATUS = ControlParameter(
    "status",
    "List only the requests whose reply has this status, or one of this class, such as `4xx`.",
    {"type": "string", "pattern": "^[1-5](xx|[0-9][0-9])$"},
)
AT_PATH = ControlParameter(
    "path",
    "List only the requests of this path; `*` stands for any text in a segment, `/**` at the end"
    " for any segments.",
    {"type": "string", "pattern": "^/"},
)
WAIT = ControlParameter(
    "wait",
    "Wait so long for the requests, such as `500ms` or `2s`; at most 60s.",
    {"type": "string"},
)

LENIENT = ControlParameter(
    "lenient",
    "Change what cannot be stored, such as an id that is there twice, and say so.",
    {"type": "boolean", "default": False},
)
REPLACE = ControlParameter(
    "replace", "Replace the records that the session has.", {"type": "boolean", "default": False}
)
SET_DIALECT = ControlParameter(
    "dialect",
    "Set the dialect of the session's replies, as its settings do.",
    {"enum": list(CHOICES["dialect"])},
)
SEED = whole_number(
    "seed", "The same seed makes the same data; by default, a random one.", maximum=2**32 - 1
)
