"""A program on its way: checked, run, replied."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from larst.domain.json_values import Json
from larst.domain.total import NotTotal, TotalProgram
from larst.domain.value_objects import value_object


@dataclass(frozen=True, slots=True)
class CheckedProgram:
    """A program that the policy accepted, parsed once; only `policy.check` creates it.

    `names` are the names that it uses or assigns, `literals` its constants except booleans and
    None. `total` is its form for direct execution, or why it has none. Two programs with the same
    source are equal.
    """

    source: str
    tree: ast.Module = field(compare=False, repr=False)
    names: frozenset[str] = field(compare=False, repr=False)
    literals: tuple[str | int | float, ...] = field(compare=False, repr=False)
    total: TotalProgram | NotTotal = field(
        compare=False, repr=False, default=NotTotal(0, "it was not translated")
    )


@dataclass(frozen=True, slots=True)
class Violation:
    """A reason why the policy refuses a program; `line` counts from 1, 0 means all of it."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}" if self.line else self.reason


@value_object
class ProgramInputs:
    """The input of a run: `ctx` and `plan` as JSON objects, and the name of its resource.

    `resource` is the name of the resource behind `store`; without it, the program has no `store`.
    `now` is the time that the program sees; None is real time.
    """

    ctx: Mapping[str, Json]
    plan: Mapping[str, Json]
    resource: str | None
    now: datetime | None = None


@value_object
class Reply:
    """The reply of a program. `body` is already encoded; None means an empty body."""

    status: int
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"
