"""The form of a program that is provably total: it ends, and what it builds is bounded. Data.

`larst.policy` translates a program into this form, or says why it cannot; `larst.direct` runs it.
A variable is a number: its place in the frame of a run. Stores appear only as receivers of calls,
so no value of a program can be one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from larst.domain.json_values import Json


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal: a string, a number, a boolean, None, or a tuple of them."""

    value: Json | tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class Load:
    """The value of a variable."""

    place: int


@dataclass(frozen=True, slots=True)
class Spread:
    """`*items` in a list or a tuple."""

    items: Iterated


@dataclass(frozen=True, slots=True)
class Sequence:
    """A new list, or a tuple."""

    items: tuple[Expression | Spread, ...]
    is_tuple: bool = False


@dataclass(frozen=True, slots=True)
class Mapped:
    """A new dict; the key None stands for `**value`."""

    entries: tuple[tuple[Expression | None, Expression], ...]


@dataclass(frozen=True, slots=True)
class Text:
    """An f-string."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Unary:
    """`not`, `-` or `+`."""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    """`+`, `-`, `*`, `/`, `//` or `%`."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Comparison:
    """A chain of comparisons: `a < b <= c`."""

    first: Expression
    chain: tuple[tuple[str, Expression], ...]


@dataclass(frozen=True, slots=True)
class Logic:
    """`and` or `or` over several values."""

    is_and: bool
    values: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """`value if test else other`."""

    test: Expression
    value: Expression
    other: Expression


@dataclass(frozen=True, slots=True)
class Item:
    """`container[key]`."""

    container: Expression
    key: Expression


@dataclass(frozen=True, slots=True)
class Part:
    """`sequence[start:stop]`."""

    sequence: Expression
    start: Expression | None
    stop: Expression | None


@dataclass(frozen=True, slots=True)
class Builtin:
    """A call of a built-in function."""

    name: str
    arguments: tuple[Expression, ...]
    options: Mapping[str, Expression] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IsInstance:
    """`isinstance(value, types)`, with the names of the types."""

    value: Expression
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Method:
    """A call of a method of a string, a list or a dict."""

    receiver: Expression
    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class StoreCall:
    """A call of a method of `store`, of the session's store, or of the store of a resource.

    `receiver` is None for `store`, `SESSION` for `session_store`, and otherwise the name of the
    resource: an expression, or the place of the variable that holds the store.
    """

    receiver: Receiver
    method: str
    arguments: tuple[Expression, ...]
    options: Mapping[str, Expression] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SessionStore:
    """The receiver `session_store`."""


@dataclass(frozen=True, slots=True)
class ResourceOf:
    """The receiver `session_store.resource(name)`."""

    name: Expression


@dataclass(frozen=True, slots=True)
class StoreIn:
    """The receiver that a variable holds."""

    place: int


@dataclass(frozen=True, slots=True)
class DefaultStore:
    """The receiver `store`."""


@dataclass(frozen=True, slots=True)
class Loop:
    """`for target in items if tests`, in a comprehension."""

    target: Target
    items: Iterated
    tests: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Comprehension:
    """A list, a dict (with `key`), or the items for `any` and `all`."""

    element: Expression
    loops: tuple[Loop, ...]
    key: Expression | None = None


@dataclass(frozen=True, slots=True)
class Exists:
    """`any(… for …)`, or `all(… for …)`: stops at the first item that decides."""

    is_all: bool
    items: Comprehension


@dataclass(frozen=True, slots=True)
class Iterated:
    """What a loop runs over: a value, or a view of one, such as `enumerate(value)`.

    `view` is `""`, `items`, `keys`, `values`, `enumerate`, `reversed`, `zip` or `range`.
    """

    view: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Assign:
    """`target = value`."""

    target: Target
    value: Expression


@dataclass(frozen=True, slots=True)
class AssignStore:
    """`name = session_store.resource(…)`."""

    place: int
    receiver: Receiver


@dataclass(frozen=True, slots=True)
class SetItem:
    """`container[key] = value`."""

    container: Expression
    key: Expression
    value: Expression


@dataclass(frozen=True, slots=True)
class Evaluate:
    """An expression for its effect."""

    value: Expression


@dataclass(frozen=True, slots=True)
class If:
    """`if test: body else: other`."""

    test: Expression
    body: Block
    other: Block


@dataclass(frozen=True, slots=True)
class For:
    """`for target in items: body`, with the block of `else`."""

    target: Target
    items: Iterated
    body: Block
    other: Block


@dataclass(frozen=True, slots=True)
class Break:
    """`break`."""


@dataclass(frozen=True, slots=True)
class Continue:
    """`continue`."""


Target: TypeAlias = int | tuple["Target", ...]
"""The place of a variable, or the targets that a sequence is unpacked into."""

Receiver: TypeAlias = DefaultStore | SessionStore | ResourceOf | StoreIn
Expression: TypeAlias = (
    Constant
    | Load
    | Sequence
    | Mapped
    | Text
    | Unary
    | Binary
    | Comparison
    | Logic
    | Choice
    | Item
    | Part
    | Builtin
    | IsInstance
    | Method
    | StoreCall
    | Comprehension
    | Exists
)
Statement: TypeAlias = Assign | AssignStore | SetItem | Evaluate | If | For | Break | Continue
Block: TypeAlias = tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class TotalProgram:
    """A program in this form.

    `places` is the size of a frame; `ctx`, `plan` and `reply` are the places of these variables,
    None if the program does not use them.
    """

    body: Block
    places: int
    ctx: int | None
    plan: int | None
    reply: int


@dataclass(frozen=True, slots=True)
class NotTotal:
    """Why a program must run in a sandbox: the line, counted from 1, and the construct."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"
