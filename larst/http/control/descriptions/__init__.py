"""What the document of the control API says about each route, one module a noun. Data.

Must never import a handler's module for more than its bounds.
"""

from larst.http.control.descriptions import (
    clocks,
    contracts,
    faults,
    plans,
    recordings,
    requests,
    resources,
    service,
    sessions,
    snapshots,
    teaching,
    webhooks,
)
from larst.openapi.schemas import Schema

SCHEMAS: dict[str, Schema] = {
    **clocks.SCHEMAS,
    **contracts.SCHEMAS,
    **faults.SCHEMAS,
    **plans.SCHEMAS,
    **recordings.SCHEMAS,
    **requests.SCHEMAS,
    **resources.SCHEMAS,
    **service.SCHEMAS,
    **sessions.SCHEMAS,
    **snapshots.SCHEMAS,
    **teaching.SCHEMAS,
    **webhooks.SCHEMAS,
}
"""The schemas that the operations refer to, by name."""
