"""Puts its own process into the jail, and becomes the worker.

This file does not run as a module: `jail.py` writes it, with a call of `main` behind it, into a
script that the pool starts as its worker. The script runs without site-packages, so it may import
the standard library only, and little of it: each start of a worker waits for it.

It applies every part of its orders or ends; it decides nothing. Must never start the worker with
a part missing.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing would take a third of a start
    from typing import Any, NoReturn

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 1, 38, 22
_SECCOMP_MODE_FILTER = 2
_SIGKILL = 9
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_RULE_PATH_BENEATH = 1
_PAGE = 4096
_MAX_PATH = 4096
_READ_WRITE = 0x1 | 0x2
_PRIVATE_ANONYMOUS_THERE = 0x02 | 0x20 | 0x100000  # the last: MAP_FIXED_NOREPLACE
_MAX_OOM_SCORE = "1000"

FAILED = 125
"""The exit status if a part of the jail could not be applied; env(1) and nohup(1) use it so."""

_RETURN_LONG = ("syscall", "mmap")

_libc = ctypes.CDLL(None, use_errno=True)


def main(orders: dict[str, Any]) -> NoReturn:
    """Enter the jail and execute the worker with this process's arguments; `probe` only reports."""
    if sys.argv[1:] == ["probe"]:
        probe(orders)
    try:
        enter(orders)
        _execute(orders, [os.path.basename(orders["binary"]), *sys.argv[1:]])  # noqa: PTH119
    except OSError:
        os._exit(FAILED)


def enter(orders: dict[str, Any]) -> None:
    """Apply all parts.

    Raises:
        OSError: one of them cannot be applied.
    """
    die_with_parent(orders["parent"])
    detach()
    for kind, value in orders["limits"]:
        limit(kind, value)
    keep_privileges_low()
    restrict_files(orders["landlock"])
    restrict_calls(orders["seccomp"])


def probe(orders: dict[str, Any]) -> NoReturn:
    """Print the parts that cannot be applied here, one a line with the reason."""
    keep_privileges_low()
    for name, apply in (("landlock", restrict_files), ("seccomp", restrict_calls)):
        try:
            apply(orders[name])
        except OSError as error:
            os.write(1, f"{name}: {error.strerror}\n".encode())
    os._exit(0)


def die_with_parent(parent: int) -> None:
    """Let the kernel kill this process when the service ends, however it ends."""
    _call("prctl", _PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the call
        os._exit(FAILED)


def detach() -> None:
    """Leave everything of the service behind except the two pipes of the pool."""
    try:
        os.setsid()
    except PermissionError:  # it leads a session already
        if os.getsid(0) != os.getpid():
            raise
    try:
        with open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123 - pathlib costs 10 ms
            file.write(_MAX_OOM_SCORE)  # the system ends workers before the service
    except OSError:
        pass  # no /proc; it is not a part of the jail
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 2)  # the service's log
    os.closerange(3, max(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 4096))
    os.chdir("/")
    os.umask(0o077)


def limit(kind: int, value: int) -> None:
    """Lower a resource limit to `value`; a limit that is lower stays."""
    hard = resource.getrlimit(kind)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(kind, (value, value))


def keep_privileges_low() -> None:
    """Let no program that this process executes get privileges; the kernel requires it below."""
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def restrict_files(order: dict[str, Any] | None) -> None:
    """Allow the listed files alone, by Landlock."""
    if order is None:
        return
    files, network, scopes = order["rights"]
    # The kernel refuses a structure with fields behind those that it knows, unless they are zero.
    rights = (ctypes.c_uint64 * 3)(files, network, scopes)
    ruleset = _call("syscall", _CREATE_RULESET, ctypes.addressof(rights), 24, 0, 0)
    for path, allowed in order["rules"]:
        file = os.open(path, os.O_PATH | os.O_CLOEXEC)
        rule = (allowed).to_bytes(8, "little") + file.to_bytes(4, "little")
        _call("syscall", _ADD_RULE, ruleset, _RULE_PATH_BENEATH, _address(rule), 0)
        os.close(file)
    _call("syscall", _RESTRICT_SELF, ruleset, 0, 0, 0)
    os.close(ruleset)


def restrict_calls(encoded: str | None) -> None:
    """Install the filter of system calls."""
    if encoded is None:
        return
    program = bytes.fromhex(encoded)
    header = (len(program) // 8).to_bytes(8, "little") + _address(program).to_bytes(8, "little")
    _call("prctl", _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, _address(header), 0, 0)


def _execute(orders: dict[str, Any], arguments: list[str]) -> NoReturn:
    """Become the worker, with an empty environment.

    The filter allows this call with the path at `path_address` only, which the service chose at
    random. In the worker's memory nothing is there, and a wrong guess ends the worker.
    """
    path = os.fsencode(orders["binary"]) + b"\0"
    pointers = (ctypes.c_char_p * (len(arguments) + 1))(*map(os.fsencode, arguments), None)
    address = orders["path_address"]
    start = address - address % _PAGE
    size = _PAGE + _MAX_PATH
    if _call("mmap", start, size, _READ_WRITE, _PRIVATE_ANONYMOUS_THERE, -1, 0) != start:
        raise OSError("the address is in use")
    ctypes.memmove(address, path, len(path))
    no_environment = (ctypes.c_char_p * 1)(None)
    _call("execve", address, ctypes.addressof(pointers), ctypes.addressof(no_environment))
    raise AssertionError("execve returns only with an error")


def _call(name: str, *arguments: int) -> int:
    """Call the C library with whole words.

    Raises:
        OSError: the call failed.
    """
    function = getattr(_libc, name)
    # An int that is read as a long turns -1 into 4294967295, and a failure into a success.
    function.restype = ctypes.c_long if name in _RETURN_LONG else ctypes.c_int
    result: int = function(*map(ctypes.c_long, arguments))
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _address(data: bytes) -> int:
    """Return the address of the bytes, which the caller keeps alive."""
    return ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value or 0
