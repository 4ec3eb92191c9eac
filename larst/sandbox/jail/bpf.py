"""An assembler for classic BPF, the language of seccomp filters.

A program is a list of steps with labels; `assemble` turns the labels into relative jumps. Only
what a filter of system calls needs: load a word of the call, test it, mask it, return.

    >>> steps = [Load(NUMBER), JumpIf("==", 39, "allow"), Return(ERRNO | 1), Label("allow"),
    ...          Return(ALLOW)]
    >>> [instruction.jump_true for instruction in assemble(steps)]
    [0, 1, 0, 0]
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

NUMBER = 0
"""Where `struct seccomp_data` has the number of the call."""

ARCHITECTURE = 4
"""Where it has the architecture."""

KILL = 0x80000000
"""SECCOMP_RET_KILL_PROCESS"""

ERRNO = 0x00050000
"""SECCOMP_RET_ERRNO; the low 16 bits are the error number."""

ALLOW = 0x7FFF0000
"""SECCOMP_RET_ALLOW"""

MAX_INSTRUCTIONS = 4096
"""BPF_MAXINSNS: the kernel refuses a longer program."""

_LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_MASK = 0x54  # BPF_ALU | BPF_AND | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K
_JUMPS = {"==": 0x15, ">=": 0x35}  # BPF_JMP | BPF_JEQ | BPF_K, BPF_JMP | BPF_JGE | BPF_K
_MAX_JUMP = 255


@dataclass(frozen=True, slots=True)
class Load:
    """Load the 32-bit word at this offset of `struct seccomp_data`."""

    offset: int


@dataclass(frozen=True, slots=True)
class Mask:
    """Keep these bits of the loaded word."""

    bits: int


@dataclass(frozen=True, slots=True)
class JumpIf:
    """Go to a label if the word compares so with `value`; otherwise to `otherwise`, or go on."""

    test: Literal["==", ">="]
    value: int
    then: str | None = None
    otherwise: str | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """A place to jump to."""

    name: str


@dataclass(frozen=True, slots=True)
class Return:
    """End with this verdict."""

    verdict: int


Step: TypeAlias = Load | Mask | JumpIf | Label | Return


@dataclass(frozen=True, slots=True)
class Instruction:
    """A `struct sock_filter`."""

    code: int
    jump_true: int
    jump_false: int
    value: int


def argument(index: int, *, high: bool = False) -> int:
    """Return the offset of one half of an argument; both architectures are little-endian."""
    return 16 + 8 * index + (4 if high else 0)


def assemble(steps: Sequence[Step]) -> list[Instruction]:
    """Return the instructions of the steps.

    Raises:
        ValueError: a label is missing, behind the jump or too far away, or there are too many.
    """
    places: dict[str, int] = {}
    position = 0
    for step in steps:
        if isinstance(step, Label):
            places[step.name] = position
        else:
            position += 1
    if position > MAX_INSTRUCTIONS:
        raise ValueError(f"{position} instructions, of {MAX_INSTRUCTIONS} at most")
    program: list[Instruction] = []
    for step in steps:
        if not isinstance(step, Label):
            program.append(_instruction(step, len(program), places))
    return program


def encode(program: Sequence[Instruction]) -> bytes:
    """Return the program as an array of `struct sock_filter`."""
    return b"".join(
        struct.pack("<HBBI", step.code, step.jump_true, step.jump_false, step.value)
        for step in program
    )


def _instruction(
    step: Load | Mask | JumpIf | Return, position: int, places: dict[str, int]
) -> Instruction:
    if isinstance(step, Load):
        return Instruction(_LOAD, 0, 0, step.offset)
    if isinstance(step, Mask):
        return Instruction(_MASK, 0, 0, step.bits)
    if isinstance(step, Return):
        return Instruction(_RETURN, 0, 0, step.verdict)
    then, otherwise = (_distance(label, position, places) for label in (step.then, step.otherwise))
    return Instruction(_JUMPS[step.test], then, otherwise, step.value)


def _distance(label: str | None, position: int, places: dict[str, int]) -> int:
    if label is None:
        return 0
    if label not in places:
        raise ValueError(f"no label {label}")
    distance = places[label] - position - 1
    if not 0 <= distance <= _MAX_JUMP:
        raise ValueError(f"label {label} is {distance} instructions away")
    return distance
