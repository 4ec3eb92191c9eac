"""Runs a seccomp filter as the kernel does, so that its verdicts can be tested on any machine."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from larst.sandbox.jail.bpf import Instruction

LOAD, AND, JEQ, JGE, RETURN = 0x20, 0x54, 0x15, 0x35, 0x06


def verdict(
    program: Sequence[Instruction], number: int, arguments: Sequence[int] = (), *, audit: int
) -> int:
    padded = [*arguments, *[0] * (6 - len(arguments))]
    call = struct.pack("<iIQ6Q", number, audit, 0, *(word % 2**64 for word in padded))
    word, position = 0, 0
    while True:
        step = program[position]
        position += 1
        if step.code == LOAD:
            (word,) = struct.unpack_from("<I", call, step.value)
        elif step.code == AND:
            word &= step.value
        elif step.code in (JEQ, JGE):
            holds = word == step.value if step.code == JEQ else word >= step.value
            position += step.jump_true if holds else step.jump_false
        elif step.code == RETURN:
            return step.value
        else:
            raise AssertionError(f"unknown instruction {step}")
