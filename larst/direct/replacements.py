"""Chains of `.replace("a", "b")` with short constants, as programs escape an id with."""

from __future__ import annotations

from typing import Any

from larst.direct.compiler import Compiler
from larst.direct.frames import Evaluate, Frame
from larst.direct.limits import CHARACTERS_PER_STEP, Run, SandboxNeededError
from larst.direct.methods import METHODS
from larst.domain import total

_SHORT = CHARACTERS_PER_STEP
"""A replacement in a text of so many characters is a step; in a longer one, its size counts."""


def replacements(form: total.Expression, compiler: Compiler) -> Evaluate | None:
    """Return the closure of a chain of replacements in one text; None if a form is another one."""
    pairs: list[tuple[str, str]] = []
    while (pair := _pair_of(form)) is not None and isinstance(form, total.Method):
        pairs.insert(0, pair)
        form = form.receiver
    if not pairs:
        return None
    text, replace_long = compiler.expression(form), METHODS[str]["replace"]

    def apply(frame: Frame) -> Any:
        run: Run = frame[0]
        value = text(frame)
        if type(value) is not str:
            raise SandboxNeededError(".replace() of this value")
        run.charge(len(pairs))
        for old, new in pairs:
            if len(value) <= _SHORT:
                value = value.replace(old, new)
            else:
                value = replace_long(run, value, old, new)
        return value

    return apply


def _pair_of(form: total.Expression) -> tuple[str, str] | None:
    match form:
        case total.Method(
            name="replace",
            arguments=(total.Constant(value=str(old)), total.Constant(value=str(new))),
        ) if 0 < len(old) <= _SHORT and len(new) <= _SHORT:
            return old, new
    return None
