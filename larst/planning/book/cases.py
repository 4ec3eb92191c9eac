"""Cases of a plan: a request, the records that it finds, and the reply that it must get. Data.

A case is complete in itself, so that it gives the same result whatever a session holds.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from larst.domain import Json

MAX_CASES = 10
"""How many cases a plan has; the oldest leave first."""


class CaseRequest(BaseModel):
    """The request of a case; `body` is JSON, and counts only with `has_body`."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    method: str
    path: str
    query: dict[str, list[str]] = Field(default_factory=dict)
    body: Json = None
    has_body: bool = False

    @property
    def text(self) -> str:
        """The method and the path."""
        return f"{self.method} {self.path}"


class PlanCase(BaseModel):
    """One case. `given` has the records by resource; in `body`, classes stand for any value."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    request: CaseRequest
    given: dict[str, list[dict[str, Json]]]
    status: int
    body: Json = None
    has_body: bool = False


def with_case(cases: tuple[PlanCase, ...], case: PlanCase) -> tuple[PlanCase, ...]:
    """Return the cases with one more, in place of an earlier one of the same request."""
    remaining = [old for old in cases if old.request != case.request]
    return (*remaining, case)[-MAX_CASES:]
