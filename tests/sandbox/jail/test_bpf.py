"""The assembler: labels become jumps, and a program that would not do so is refused."""

from __future__ import annotations

import doctest
import struct

import pytest

from larst.sandbox.jail import bpf
from larst.sandbox.jail.bpf import ALLOW, KILL, JumpIf, Label, Load, Mask, Return, assemble, encode
from tests.sandbox.jail.bpf_machine import verdict


def test_the_example_runs() -> None:
    assert doctest.testmod(bpf).failed == 0


def test_labels_become_distances_to_the_next_instruction() -> None:
    program = assemble(
        [
            Load(0),
            JumpIf("==", 7, then="seven", otherwise="other"),
            Label("other"),
            Return(KILL),
            Label("seven"),
            Return(ALLOW),
        ]
    )

    assert [(step.jump_true, step.jump_false) for step in program] == [
        (0, 0),
        (1, 0),
        (0, 0),
        (0, 0),
    ]
    assert verdict(program, 7, audit=0) == ALLOW
    assert verdict(program, 8, audit=0) == KILL


def test_a_mask_keeps_its_bits_of_an_argument() -> None:
    program = assemble(
        [
            Load(bpf.argument(2)),
            Mask(0b100),
            JumpIf("==", 0, otherwise="set"),
            Return(ALLOW),
            Label("set"),
            Return(KILL),
        ]
    )

    assert verdict(program, 0, [0, 0, 0b011], audit=0) == ALLOW
    assert verdict(program, 0, [0, 0, 0b110], audit=0) == KILL


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([JumpIf("==", 1, then="nowhere"), Return(KILL)], id="missing label"),
        pytest.param([Label("back"), Load(0), JumpIf("==", 1, then="back")], id="backwards"),
        pytest.param(
            [JumpIf("==", 1, then="far"), *[Load(0)] * 256, Label("far"), Return(KILL)],
            id="too far",
        ),
        pytest.param([Load(0)] * 4097, id="too long"),
    ],
)
def test_a_program_that_the_kernel_would_misread_is_refused(steps: list[bpf.Step]) -> None:
    with pytest.raises(ValueError, match=r"label|instructions"):
        assemble(steps)


def test_the_code_is_an_array_of_sock_filter() -> None:
    assert encode(assemble([Return(ALLOW)])) == struct.pack("<HBBI", 0x06, 0, 0, 0x7FFF0000)
