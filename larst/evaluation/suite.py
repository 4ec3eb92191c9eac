"""The suite: cases, each with its requests and the expected responses. Data, strictly validated.

`reading.py` reads it from files.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

Status = Annotated[int, Field(ge=200, le=599)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Request(_Strict):
    """A request; `body` is sent as JSON, `raw` unchanged. `"GET /a"` is short for one without."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
    path: str = Field(pattern=r"^/")
    body: Any = None
    raw: str | None = None
    headers: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        method, _, path = value.partition(" ")
        return {"method": method, "path": path}

    @property
    def has_body(self) -> bool:
        """Whether the request has a JSON body, which may be null."""
        return "body" in self.model_fields_set


class Expectation(_Strict):
    """The expected response.

    `body` is the complete body. `has` is a part of it: an object may have more fields, but a list
    must have as many items, in the same order unless `unordered`. `headers` are patterns to search
    in the headers. `present` and `absent` are texts that the body must and must not contain.

    The others say what the body means, however it is wrapped (`answers.py`): a `number`, a `truth`,
    a `text`, a `record` with these marks, the records or values that it `lists` (any order) or
    `ranks` (this order), the `first` of them, or a table of `groups`.
    """

    status: Status | list[Status]
    body: Any = None
    has: Any = None
    unordered: bool = False
    headers: dict[str, str] = Field(default_factory=dict)
    present: list[str] = Field(default_factory=list)
    absent: list[str] = Field(default_factory=list)
    number: Any = None
    truth: bool | None = None
    text: str | None = None
    record: dict[str, Any] | None = None
    first: dict[str, Any] | None = None
    lists: list[Any] | None = None
    ranks: list[Any] | None = None
    groups: dict[str, Any] | list[dict[str, Any]] | None = None

    @property
    def statuses(self) -> list[int]:
        """The accepted statuses."""
        return [self.status] if isinstance(self.status, int) else self.status


class Check(_Strict):
    """A later request that checks the effect of the request under test."""

    request: Request
    expected: Expectation = Field(alias="then")


class DataAfter(_Strict):
    """The records after a case, where they differ from those before.

    By resource: `changed` fields by the id of the record, the ids `removed`, and fields of the
    records `added`.
    """

    changed: dict[str, dict[str, dict[str, Any]]] = Field(default_factory=dict)
    removed: dict[str, list[int | str]] = Field(default_factory=dict)
    added: dict[str, list[dict[str, Any]]] = Field(default_factory=dict)


class Case(_Strict):
    """A case: its data, the request under test, its response, and the data afterwards.

    The data are `records`, imported at once, or requests that set them up. If a case has records,
    then all that `after` does not name must be unchanged.
    """

    group: Literal["contract", "custom", "adversarial"]
    name: str = Field(min_length=1, max_length=100)
    records: dict[str, list[dict[str, Any]]] = Field(default_factory=dict)
    setup: list[Request] = Field(default_factory=list, alias="given")
    request: Request = Field(alias="when")
    expected: Expectation = Field(alias="then")
    after: DataAfter = Field(default_factory=DataAfter)
    checks: list[Check] = Field(default_factory=list, alias="and")


SUITE = TypeAdapter(list[Case])
