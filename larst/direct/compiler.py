"""The compiler of one program: it makes a closure of each form, by a table.

Nothing here is Python source: no program text is ever compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from larst.direct.frames import FIRST_PLACE, Evaluate, Fill, Frame
from larst.direct.limits import SandboxNeededError
from larst.domain import total

Table: TypeAlias = Mapping[type, Callable[[Any, "Compiler"], Evaluate]]
"""How to make the closure of each form of expression."""


class Compiler:
    """Makes the closures of one program; `owns` if the program changes containers."""

    def __init__(self, table: Table, *, owns: bool) -> None:
        self._table = table
        self._owns = owns

    def expression(self, form: total.Expression) -> Evaluate:
        """Return the closure that evaluates an expression."""
        return self._table[type(form)](form, self)

    def expressions(self, forms: tuple[total.Expression, ...]) -> list[Evaluate]:
        """Return the closures of several expressions."""
        return [self.expression(form) for form in forms]

    def options(self, forms: Mapping[str, total.Expression]) -> dict[str, Evaluate]:
        """Return the closures of the keyword arguments of a call."""
        return {name: self.expression(form) for name, form in forms.items()}

    def made(self, evaluate: Evaluate) -> Evaluate:
        """Return a closure that also notes the container that it makes, where that matters."""
        if not self._owns:
            return evaluate
        return lambda frame: frame[0].own(evaluate(frame))

    def target(self, target: total.Target) -> Fill:
        """Return the closure that assigns a value to a target."""
        if isinstance(target, int):
            place = target + FIRST_PLACE

            def assign(frame: Frame, value: Any) -> None:
                frame[place] = value

            return assign
        parts = [self.target(part) for part in target]

        def unpack(frame: Frame, value: Any) -> None:
            if type(value) not in (list, tuple) or len(value) != len(parts):
                raise SandboxNeededError("this unpacking")
            for part, item in zip(parts, value, strict=True):
                part(frame, item)

        return unpack
