"""The system calls of a jailed worker, as data, and the seccomp filter that is made of it.

Three verdicts, by what a call says about the worker:

- A call that an interpreter of programs needs is allowed, some only with certain arguments.
- A call that only an attack makes ends the process: an attacker whose code runs in the worker
  gets one attempt, and the service counts a lost worker.
- Any other call fails with ENOSYS, as on a kernel that does not have it. The C library then falls
  back to an older call, so that its next release does not end workers.

Must never allow a call that opens a file for writing, or memory that is writable and executable.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import dataclass

from larst.sandbox.jail.bpf import (
    ALLOW,
    ARCHITECTURE,
    ERRNO,
    KILL,
    NUMBER,
    Instruction,
    JumpIf,
    Label,
    Load,
    Mask,
    Return,
    Step,
    argument,
    assemble,
)
from larst.sandbox.jail.syscalls import Architecture

ALLOWED = """
    read write readv writev pread64 close lseek fstat newfstatat statx poll ppoll
    access faccessat faccessat2 brk munmap mremap madvise
    futex sched_yield sched_getaffinity set_robust_list set_tid_address rseq gettid getpid
    exit exit_group arch_prctl rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack restart_syscall
    clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday getrandom
""".split()

KILLED = """
    socket socketpair connect bind listen accept accept4
    sendto sendmsg sendmmsg recvfrom recvmsg recvmmsg
    fork vfork execveat ptrace process_vm_readv process_vm_writev kcmp
    kill tkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_open pidfd_send_signal pidfd_getfd
    memfd_create memfd_secret userfaultfd bpf perf_event_open
    io_uring_setup io_uring_enter io_uring_register io_setup
    keyctl add_key request_key shmget shmat msgget semget mq_open
    creat openat2 open_by_handle_at name_to_handle_at rename renameat renameat2 link linkat
    symlink symlinkat unlink unlinkat mkdir mkdirat rmdir mknod mknodat
    chmod fchmod fchmodat chown fchown fchownat truncate ftruncate
    setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid capset
    mount umount2 pivot_root chroot unshare setns mount_setattr move_mount open_tree fsopen fsmount
    init_module finit_module delete_module kexec_load kexec_file_load reboot swapon swapoff
    sethostname setdomainname personality modify_ldt iopl ioperm pkey_mprotect pkey_alloc
    setrlimit acct settimeofday clock_settime quotactl seccomp landlock_create_ruleset
""".split()

UNKNOWN = ERRNO | errno.ENOSYS
REFUSED = ERRNO | errno.EACCES

_WRITE, _EXEC = 0x2, 0x4  # PROT_WRITE, PROT_EXEC
_ANONYMOUS = 0x20  # MAP_ANONYMOUS
_OPEN_WRITES = 0o20003103  # access mode, O_CREAT, O_TRUNC, O_APPEND, __O_TMPFILE
_THREAD = 0x00010000  # CLONE_THREAD
_THREAD_FLAGS = 0x007D0F00  # what glibc and musl pass for a thread: no namespaces, no exit signal
_SET_NAME = 15  # PR_SET_NAME
_X32 = 0x40000000  # the bit of the x32 calls, which the tables do not have
_WORD = 0xFFFFFFFF
_ALL = 0xFFFFFFFFFFFFFFFF


@dataclass(frozen=True, slots=True)
class Check:
    """Holds if these bits of an argument have this value."""

    argument: int
    bits: int
    value: int


@dataclass(frozen=True, slots=True)
class Rule:
    """Allows a call if all checks of one of the alternatives hold; `otherwise` is the verdict."""

    name: str
    alternatives: tuple[tuple[Check, ...], ...]
    otherwise: int = REFUSED


def rules(path_address: int) -> list[Rule]:
    """Return the calls that depend on their arguments.

    `execve` is allowed with the path at `path_address` alone: the launcher has it there, and the
    memory of the launcher is gone once the worker runs.
    """
    return [
        # Code comes from files, which the worker cannot write: never from memory it could write.
        Rule(
            "mmap",
            (
                (Check(2, _EXEC, 0),),
                (Check(2, _WRITE, 0), Check(3, _ANONYMOUS, 0)),
            ),
        ),
        Rule("mprotect", ((Check(2, _EXEC, 0),),)),
        Rule("open", ((Check(1, _OPEN_WRITES, 0),),)),
        Rule("openat", ((Check(2, _OPEN_WRITES, 0),),)),
        Rule(
            "clone",
            ((Check(0, _THREAD, _THREAD), Check(0, _ALL & ~_THREAD_FLAGS, 0)),),
            otherwise=KILL,
        ),
        Rule("prctl", ((Check(0, _WORD, _SET_NAME),),)),
        Rule("prlimit64", ((Check(0, _WORD, 0), Check(2, _ALL, 0)),)),  # to read its own only
        Rule("execve", ((Check(0, _ALL, path_address),),), otherwise=KILL),
    ]


def program(architecture: Architecture, *, path_address: int) -> list[Instruction]:
    """Return the filter of a worker on that architecture."""
    numbers = architecture.numbers
    steps: list[Step] = [
        Load(ARCHITECTURE),
        JumpIf("==", architecture.audit, then="native"),
        Return(KILL),
        Label("native"),
        Load(NUMBER),
        JumpIf(">=", _X32, otherwise="known"),
        Return(KILL),
        Label("known"),
    ]
    for name in ALLOWED:
        if name in numbers:
            steps += _if_called(name, numbers[name], [Return(ALLOW)])
    for rule in rules(path_address):
        if rule.name in numbers:
            steps += _if_called(rule.name, numbers[rule.name], list(_body(rule)))
    for name in KILLED:
        if name in numbers:
            steps += _if_called(name, numbers[name], [Return(KILL)])
    return assemble([*steps, Return(UNKNOWN)])


def _if_called(name: str, number: int, body: list[Step]) -> list[Step]:
    """Return the steps for one call; `body` returns on every way."""
    return [JumpIf("==", number, otherwise=f"not {name}"), *body, Label(f"not {name}")]


def _body(rule: Rule) -> Iterator[Step]:
    for number, checks in enumerate(rule.alternatives):
        fails = f"{rule.name} {number} fails"
        for check in checks:
            for is_high in (False, True):
                shift = 32 if is_high else 0
                bits, value = check.bits >> shift & _WORD, check.value >> shift & _WORD
                if bits:
                    yield Load(argument(check.argument, high=is_high))
                    yield Mask(bits)
                    yield JumpIf("==", value, otherwise=fails)
        yield Return(ALLOW)
        yield Label(fails)
    yield Return(rule.otherwise)
