"""The filter's verdict on each system call, on both architectures, without a kernel."""

from __future__ import annotations

import errno
import re
from pathlib import Path

import pytest

from larst.sandbox.jail.bpf import ALLOW, KILL, MAX_INSTRUCTIONS
from larst.sandbox.jail.filters import ALLOWED, KILLED, REFUSED, UNKNOWN, program, rules
from larst.sandbox.jail.syscalls import ARM64, X86_64, Architecture
from tests.sandbox.jail.bpf_machine import verdict

PATH = 0x12_3456_789A
BOTH = pytest.mark.parametrize("machine", [X86_64, ARM64], ids=lambda machine: machine.name)

READ, WRITE, EXEC = 1, 2, 4
PRIVATE, ANONYMOUS = 0x2, 0x20
THREAD = 0x3D0F00
CALLS = [
    # name, arguments, verdict
    ("mmap", (0, 4096, READ | WRITE, PRIVATE | ANONYMOUS), ALLOW),
    ("mmap", (0, 4096, READ | EXEC, PRIVATE), ALLOW),
    ("mmap", (0, 4096, READ | WRITE | EXEC, PRIVATE), REFUSED),
    ("mmap", (0, 4096, READ | WRITE | EXEC, PRIVATE | ANONYMOUS), REFUSED),
    ("mmap", (0, 4096, EXEC, PRIVATE | ANONYMOUS), REFUSED),
    ("mprotect", (0, 4096, READ | WRITE), ALLOW),
    ("mprotect", (0, 4096, READ | EXEC), REFUSED),
    ("mprotect", (0, 4096, EXEC), REFUSED),
    ("openat", (-100, 0, 0o2000000), ALLOW),  # O_CLOEXEC
    ("openat", (-100, 0, 0o1), REFUSED),
    ("openat", (-100, 0, 0o2), REFUSED),
    ("openat", (-100, 0, 0o100), REFUSED),  # O_CREAT
    ("openat", (-100, 0, 0o1000), REFUSED),  # O_TRUNC
    ("openat", (-100, 0, 0o20200000), REFUSED),  # O_TMPFILE
    ("open", (0, 0), ALLOW),
    ("open", (0, 0o101), REFUSED),
    ("clone", (THREAD,), ALLOW),
    ("clone", (17,), KILL),  # SIGCHLD: fork
    ("clone", (0x4111,), KILL),  # vfork
    ("clone", (THREAD | 0x10000000,), KILL),  # CLONE_NEWUSER
    ("clone", (THREAD | 1 << 32,), KILL),
    ("execve", (PATH, 0, 0), ALLOW),
    ("execve", (PATH + 1, 0, 0), KILL),
    ("execve", (PATH + (1 << 32), 0, 0), KILL),
    ("prctl", (15,), ALLOW),  # PR_SET_NAME
    ("prctl", (1, 0), REFUSED),  # PR_SET_PDEATHSIG
    ("prctl", (4, 1), REFUSED),  # PR_SET_DUMPABLE
    ("prlimit64", (0, 3, 0, 1), ALLOW),
    ("prlimit64", (0, 3, 1 << 40, 0), REFUSED),
    ("prlimit64", (1, 3, 0, 1), REFUSED),
]


def _verdict(machine: Architecture, name: str, arguments: tuple[int, ...] = ()) -> int:
    return verdict(
        program(machine, path_address=PATH), machine.numbers[name], arguments, audit=machine.audit
    )


@BOTH
def test_every_call_has_the_verdict_of_its_list(machine: Architecture) -> None:
    """A call on no list fails as on a kernel that lacks it; the lists have no call in common."""
    expected = dict.fromkeys(range(600), UNKNOWN)
    conditional = [rule.name for rule in rules(PATH)]
    names = [*ALLOWED, *KILLED, *conditional]
    assert len(names) == len(set(names))
    for names, action in ((ALLOWED, ALLOW), (KILLED, KILL)):
        expected |= {machine.numbers[name]: action for name in names if name in machine.numbers}
    for name in conditional:
        expected.pop(machine.numbers.get(name, -1), None)

    code = program(machine, path_address=PATH)

    assert {number: verdict(code, number, audit=machine.audit) for number in expected} == expected
    assert len(code) < MAX_INSTRUCTIONS
    assert UNKNOWN & 0xFFFF == errno.ENOSYS


@BOTH
@pytest.mark.parametrize(("name", "arguments", "expected"), CALLS)
def test_arguments_decide_where_a_call_may_do_harm(
    machine: Architecture, name: str, arguments: tuple[int, ...], expected: int
) -> None:
    if name in machine.numbers:
        assert _verdict(machine, name, arguments) == expected


@BOTH
def test_calls_of_another_architecture_end_the_process(machine: Architecture) -> None:
    """i386 has other numbers for the same calls; x32 has the same numbers with a bit set."""
    code = program(machine, path_address=PATH)

    assert verdict(code, machine.numbers["read"], audit=0x40000003) == KILL
    assert verdict(code, machine.numbers["read"] | 0x40000000, audit=machine.audit) == KILL


@BOTH
def test_every_number_is_of_one_call(machine: Architecture) -> None:
    named = {*ALLOWED, *KILLED, *(rule.name for rule in rules(PATH))}

    assert len(set(machine.numbers.values())) == len(machine.numbers)
    assert named == set(X86_64.numbers)
    assert set(ARM64.numbers) < set(X86_64.numbers)


@pytest.mark.parametrize(
    ("machine", "header", "pattern"),
    [
        (X86_64, "/usr/include/x86_64-linux-gnu/asm/unistd_64.h", r"#define __NR_(\w+) (\d+)\n"),
        (ARM64, "/usr/include/asm-generic/unistd.h", r"#define __NR(?:3264)?_(\w+) (\d+)\n"),
    ],
    ids=["x86_64", "aarch64"],
)
def test_the_numbers_are_those_of_the_kernel_headers(
    machine: Architecture, header: str, pattern: str
) -> None:
    if not Path(header).exists():
        pytest.skip(f"{header} is not installed")
    listed = {name: int(number) for name, number in re.findall(pattern, Path(header).read_text())}
    listed.setdefault("newfstatat", listed.get("fstatat", -1))

    known = {name: number for name, number in machine.numbers.items() if name in listed}

    assert known == {name: listed[name] for name in known}
    assert len(known) > len(machine.numbers) - 5  # headers of an older kernel lack a few
