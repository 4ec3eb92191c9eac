"""The suite: cases, each with its requests and the expected responses. Data, strictly validated.

`suite.json` is part of the package. Its group `contract` covers each row of SPEC section 2,
`custom` has requests that no rule covers, and `adversarial` has attempts to manipulate a planner.
"""

from __future__ import annotations

import json
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from larst.errors import ConfigError

Status = Annotated[int, Field(ge=200, le=599)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Request(_Strict):
    """A request; `body` is sent as JSON, `raw` unchanged."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
    path: str = Field(pattern=r"^/")
    body: Any = None
    raw: str | None = None
    headers: dict[str, str] = Field(default_factory=dict)

    @property
    def has_body(self) -> bool:
        """Whether the request has a JSON body, which may be null."""
        return "body" in self.model_fields_set


class Expectation(_Strict):
    """The expected response.

    `body` is the complete body. `has` is a part of it: an object may have more fields, but a list
    must have as many items, in the same order unless `unordered`. `headers` are patterns to search
    in the headers. `present` and `absent` are texts that the body must and must not contain.
    """

    status: Status | list[Status]
    body: Any = None
    has: Any = None
    unordered: bool = False
    headers: dict[str, str] = Field(default_factory=dict)
    present: list[str] = Field(default_factory=list)
    absent: list[str] = Field(default_factory=list)

    @property
    def statuses(self) -> list[int]:
        """The accepted statuses."""
        return [self.status] if isinstance(self.status, int) else self.status


class Check(_Strict):
    """A later request that checks the effect of the request under test."""

    request: Request
    expected: Expectation = Field(alias="then")


class Case(_Strict):
    """A case: requests that set it up, the request under test, its response, and later checks."""

    group: Literal["contract", "custom", "adversarial"]
    name: str = Field(min_length=1, max_length=100)
    setup: list[Request] = Field(default_factory=list, alias="given")
    request: Request = Field(alias="when")
    expected: Expectation = Field(alias="then")
    checks: list[Check] = Field(default_factory=list, alias="and")


_SUITE = TypeAdapter(list[Case])


def load_suite(path: Path | None = None, *, today: date | None = None) -> list[Case]:
    """Return the cases of a file, or of the suite in the package.

    In the file, `{{month}}` is replaced by the current month and `{{other month}}` by the next,
    both with two digits.

    Raises:
        ConfigError: the file cannot be read, or is not a valid suite.
    """
    try:
        text = (path or files(__package__) / "suite.json").read_text("utf-8")
        cases = _SUITE.validate_python(json.loads(_dated(text, today or date.today())))
    except OSError as error:
        raise ConfigError(f"the suite {path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ConfigError(f"the suite {path}: {place}: {first['msg']}") from error
    except ValueError as error:
        raise ConfigError(f"the suite {path} is not JSON: {error}") from error
    names = [case.name for case in cases]
    if duplicates := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError(f"the suite {path} has more than one case named {duplicates[0]!r}")
    return cases


def _dated(text: str, today: date) -> str:
    next_month = today.month % 12 + 1
    text = text.replace("{{month}}", f"{today.month:02}")
    return text.replace("{{other month}}", f"{next_month:02}")
