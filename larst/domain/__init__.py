"""The values that several rooms share: request, plan, program, reply, and the store's protocols.

All of them are frozen, some for the type checker only (`value_object`). Must never do I/O or import
another room.
"""

from __future__ import annotations

from larst.domain.criteria import (
    AND,
    BY_CODE_POINTS,
    CRITERIA_OPERATORS,
    LINKED,
    NOT,
    OR,
    Criteria,
)
from larst.domain.guidance import NO_GUIDANCE, Guidance, WantedReply
from larst.domain.json_values import (
    INTEGER_MAX,
    INTEGER_MIN,
    SINGLETON_ID,
    SINGLETON_OWN_ID,
    Json,
    Record,
    RecordId,
)
from larst.domain.plan import Action, Code, Plan, Usage
from larst.domain.program import CheckedProgram, ProgramInputs, Reply, Violation
from larst.domain.rate_limit import RateLimit
from larst.domain.request import (
    MERGE,
    METHODS,
    NO_BODY,
    Body,
    BodyKind,
    NewIds,
    Notation,
    RequestContext,
    TraceParent,
)
from larst.domain.state import DataState, Standing
from larst.domain.stores import (
    SESSION_STORE_METHODS,
    STORE_METHODS,
    ResourceStore,
    SessionView,
)
from larst.domain.tenants import (
    DEFAULT_SESSION,
    DEFAULT_TENANT,
    DEFAULT_TENANT_NAME,
    TENANT_MARK,
    TENANT_NAME,
    SessionKey,
    Tenant,
    session_name,
    tenant_of,
)
from larst.domain.value_objects import value_object
from larst.domain.work import LeaveLoopError

__all__ = [
    "AND",
    "BY_CODE_POINTS",
    "CRITERIA_OPERATORS",
    "DEFAULT_SESSION",
    "DEFAULT_TENANT",
    "DEFAULT_TENANT_NAME",
    "INTEGER_MAX",
    "INTEGER_MIN",
    "LINKED",
    "MERGE",
    "METHODS",
    "NOT",
    "NO_BODY",
    "NO_GUIDANCE",
    "OR",
    "SESSION_STORE_METHODS",
    "SINGLETON_ID",
    "SINGLETON_OWN_ID",
    "STORE_METHODS",
    "TENANT_MARK",
    "TENANT_NAME",
    "Action",
    "Body",
    "BodyKind",
    "CheckedProgram",
    "Code",
    "Criteria",
    "DataState",
    "Guidance",
    "Json",
    "LeaveLoopError",
    "NewIds",
    "Notation",
    "Plan",
    "ProgramInputs",
    "RateLimit",
    "Record",
    "RecordId",
    "Reply",
    "RequestContext",
    "ResourceStore",
    "SessionKey",
    "SessionView",
    "Standing",
    "Tenant",
    "TraceParent",
    "Usage",
    "Violation",
    "WantedReply",
    "session_name",
    "tenant_of",
    "value_object",
]
