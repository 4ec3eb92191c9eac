"""The suite: what is asked, and what must come of it. Data, read once and strictly.

`suite.json` ships with the package: each row of SPEC section 2 (`contract`), requests that no rule
can read (`custom`), and such as try to talk a planner over (`adversarial`).
"""

from __future__ import annotations

import json
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from larst.domain import Json
from larst.errors import ConfigError

Status = Annotated[int, Field(ge=200, le=599)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Request(_Strict):
    """A request: `body` is sent as JSON, `raw` as it is."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
    path: str = Field(pattern=r"^/")
    body: Any = None
    raw: str | None = None
    headers: dict[str, str] = Field(default_factory=dict)

    @property
    def has_body(self) -> bool:
        """Tell whether a JSON body is sent; null is one."""
        return "body" in self.model_fields_set


class Expectation(_Strict):
    """What a reply must be like.

    `body` is the whole of it, `has` a part: an object with these fields among others, a list of
    as many such items, in this order unless `unordered`. `headers` are patterns to be found in
    them, `present` and `absent` texts that must, and must not, be in the body.
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
        """Return the statuses that will do."""
        return [self.status] if isinstance(self.status, int) else self.status


class Check(_Strict):
    """A request that follows, to see what came of the one in question."""

    request: Request
    then: Expectation


class Case(_Strict):
    """One case: what is stored before, the request in question, and what must follow."""

    group: Literal["contract", "custom", "adversarial"]
    name: str = Field(min_length=1, max_length=100)
    given: list[Request] = Field(default_factory=list)
    when: Request
    then: Expectation
    checks: list[Check] = Field(default_factory=list, alias="and")


_SUITE = TypeAdapter(list[Case])


def load_suite(path: Path | None = None, *, today: date | None = None) -> list[Case]:
    """Return the cases of a file, or those that ship with the package.

    `{{month}}` in it is the present month, `{{other month}}` another one, in two digits.

    Raises:
        ConfigError: the file cannot be read, or is no suite.
    """
    try:
        text = (path or files(__package__) / "suite.json").read_text("utf-8")
        cases = _SUITE.validate_python(json.loads(_dated(text, today or date.today())))
    except OSError as error:
        raise ConfigError(f"the suite {path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, wrong["loc"]))
        raise ConfigError(f"the suite {path}: {place}: {wrong['msg']}") from error
    except ValueError as error:
        raise ConfigError(f"the suite {path} is no JSON: {error}") from error
    names = [case.name for case in cases]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError(f"the suite {path} has several cases {doubled[0]!r}")
    return cases


def _dated(text: str, today: date) -> str:
    other = today.month % 12 + 1
    return text.replace("{{month}}", f"{today.month:02}").replace("{{other month}}", f"{other:02}")


def part_of(wanted: Json, found: Json, *, unordered: bool) -> bool:
    """Tell whether `found` has all that is wanted of it."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(
            name in found and part_of(value, found[name], unordered=unordered)
            for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        if not isinstance(found, list) or len(found) != len(wanted):
            return False
        if unordered:
            return _is_matched(wanted, found)
        pairs = zip(wanted, found, strict=True)
        return all(part_of(one, other, unordered=unordered) for one, other in pairs)
    return type(wanted) is type(found) and bool(wanted == found)


def _is_matched(wanted: list[Json], found: list[Json]) -> bool:
    left = list(found)
    for item in wanted:
        match = next((one for one in left if part_of(item, one, unordered=True)), None)
        if match is None:
            return False
        left.remove(match)
    return True
