"""The resource limits of a worker (`setrlimit`), derived from the settings.

They stand behind the interpreter's own limits: a worker that obeys those never meets these.
"""

from __future__ import annotations

import resource

_MIB = 1024 * 1024

BASE_DATA_MIB = 192
"""Writable memory of a worker without a program, and what a reply in its making needs."""

DATA_FACTOR = 4
"""How much memory a program of the largest size may really take: the interpreter counts the values
of a program, not its own copies of them."""

RESERVED_MIB = 1024
"""Address space beyond that: the binary, its libraries, and what the C library reserves for the
heaps of threads without using it."""

MAX_DESCRIPTORS = 8
"""Standard streams, and the files that the loader opens one after the other."""


def limits(memory_mb: int) -> list[tuple[int, int]]:
    """Return each limit with its value; soft and hard limits are the same.

    RLIMIT_NPROC is not among them: it counts all processes of the user, so that a busy neighbour
    would keep a worker from its thread. The filter of system calls refuses new processes.
    """
    data = (BASE_DATA_MIB + DATA_FACTOR * memory_mb) * _MIB
    return [
        # 1, not 0: the kernel does not start a program that takes core dumps either, see core(5).
        (resource.RLIMIT_CORE, 1),
        (resource.RLIMIT_DATA, data),
        (resource.RLIMIT_AS, data + RESERVED_MIB * _MIB),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_NOFILE, MAX_DESCRIPTORS),
    ]
