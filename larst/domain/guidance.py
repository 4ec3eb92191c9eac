"""What a person says about a request beside the request itself, for its planner. Data."""

from __future__ import annotations

from dataclasses import dataclass

from larst.domain.json_values import Json


@dataclass(frozen=True, slots=True)
class WantedReply:
    """The reply that a request should get: a status, a body, or both.

    A class such as `<int>` in `body` stands for any value of that kind. Without `has_body`, any
    body will do.
    """

    status: int | None
    body: Json = None
    has_body: bool = True

    def as_json(self) -> dict[str, Json]:
        """Return the form in which users write it."""
        status = {} if self.status is None else {"status": self.status}
        return {**status, "body": self.body} if self.has_body else status


@dataclass(frozen=True, slots=True)
class Guidance:
    """The meaning of a request in words (`intent`), and the reply that it should get (`reply`)."""

    intent: str | None = None
    reply: WantedReply | None = None


NO_GUIDANCE = Guidance()
"""The guidance of most requests."""
