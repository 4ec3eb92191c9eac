"""What an attacker in a worker would try, as code that runs in a process inside the jail.

The code runs behind the launcher's own `enter`, in place of the worker, so that it needs no file of
its own. `call` is a raw system call; a value printed is what the attempt achieved.
"""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from larst.sandbox.jail.jail import launcher_source

BINARY = Path("/bin/echo")
"""What stands for the worker's binary: the only one that Landlock lets a process execute."""

_HARNESS = """
def call(number, *arguments):
    return _call("syscall", number, *arguments)

def say(text):
    os.write(1, str(text).encode())

try:
{code}
except OSError as error:
    say(f"refused: {{error.errno}}")
except MemoryError:
    say("refused: memory")
os._exit(0)
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended: what it printed, or the signal that ended it."""

    output: str
    errors: str
    signal: int | None

    @property
    def is_denied(self) -> bool:
        return self.signal == signal.SIGSYS or self.output.startswith("refused")


def attempt(orders: dict[str, Any], code: str, *, pass_fds: tuple[int, ...] = ()) -> Outcome:
    """Run the code in a jail made by these orders; no orders, no jail."""
    indented = "\n".join(f"    {line}" for line in code.splitlines())
    enter = "enter" if orders else "str"
    script = launcher_source(orders, enter) + _HARNESS.format(code=indented)
    file = os.memfd_create("attempt", 0)
    try:
        os.write(file, script.encode())
        done = subprocess.run(
            [f"/proc/{os.getpid()}/fd/{file}"],
            env={"SECRET": "of the service"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            pass_fds=pass_fds,
            check=False,
        )
    finally:
        os.close(file)
    return Outcome(done.stdout, done.stderr, -done.returncode if done.returncode < 0 else None)


def attempts(directory: Path) -> dict[str, str]:
    """Return attempts by name that succeed outside the jail, wherever the tests run."""
    secret, target = directory / "secret", directory / "target"
    secret.write_text("of another session")
    return {
        "read /etc/passwd": "say(open('/etc/passwd').read()[:4])",
        "read a file of the data root": f"say(open({str(secret)!r}).read())",
        "list a folder": f"say(os.listdir({str(directory)!r}))",
        "read its own memory map": "say(open('/proc/self/maps').read(9))",
        "read the environment of the service": "say(open(f'/proc/{os.getppid()}/environ').read(9))",
        "create a file": f"say(os.open({str(target)!r}, os.O_CREAT | os.O_WRONLY))",
        "append to a file": f"say(os.open({str(secret)!r}, os.O_APPEND | os.O_WRONLY))",
        "create a nameless file": f"say(os.open({str(directory)!r}, os.O_TMPFILE | os.O_RDWR))",
        "remove a file": f"say(os.unlink({str(secret)!r}))",
        "rename a file": f"say(os.rename({str(secret)!r}, {str(target)!r}))",
        "make a folder": f"say(os.mkdir({str(target)!r}))",
        "make a link": f"say(os.symlink('/etc/passwd', {str(target)!r}))",
        "change a mode": f"say(os.chmod({str(secret)!r}, 0o777))",
        "truncate a file": f"say(os.truncate({str(secret)!r}, 0))",
        "make a file in memory": "say(os.memfd_create('code'))",
        "open a TCP socket": "say(_call('socket', 2, 1, 0))",
        "open a Unix socket": "say(_call('socket', 1, 1, 0))",
        "open a netlink socket": "say(_call('socket', 16, 3, 0))",
        "open a pair of sockets": "say(_call('socketpair', 1, 1, 0, _address(bytes(8))))",
        "fork": "say(os.fork())",
        "spawn a program": "say(os.posix_spawn('/bin/true', ['true'], {}))",
        "execute a program": "os.execve('/bin/sh', ['sh', '-c', 'echo ran'], {})",
        "execute its own binary again": f"os.execve({str(BINARY)!r}, ['echo', 'ran'], {{}})",
        "execute a descriptor": "os.execve(os.open('/bin/sh', 0), ['sh', '-c', 'echo ran'], {})",
        "trace the service": "say(_call('ptrace', 0, 0, 0, 0))",  # PTRACE_TRACEME needs no right
        "signal the service": "say(os.kill(os.getppid(), 0))",
        "get a descriptor of the service": "say(call(434, os.getppid(), 0))",  # pidfd_open
        "leave the death with the service": "say(_call('prctl', 1, 0, 0, 0, 0))",
        "make itself dumpable": "say(_call('prctl', 4, 1, 0, 0, 0))",
        "map memory to write and execute": "say(_call('mmap', 0, 4096, 7, 0x22, -1, 0) > 0)",
        "map memory to execute": "say(_call('mmap', 0, 4096, 5, 0x22, -1, 0) > 0)",
        "make memory executable": (
            "say(_call('mprotect', _call('mmap', 0, 4096, 3, 0x22, -1, 0), 4096, 5))"
        ),
        "change its personality": "say(_call('personality', 0xFFFFFFFF))",
        "use much memory": "say(len(bytearray(2 << 30)))",
    }


PRIVILEGED = {
    "read a key ring": "say(call({'x86_64': 250, 'aarch64': 219}[os.uname().machine], 0, -3, 1))",
    "use io_uring": "say(call(425, 8, _address(bytes(120))))",
    "use bpf": "say(call({'x86_64': 321, 'aarch64': 280}[os.uname().machine], 0, 0, 0))",
    "use userfaultfd": "say(call({'x86_64': 323, 'aarch64': 282}[os.uname().machine], 0))",
    "count events": "say(call({'x86_64': 298, 'aarch64': 241}[os.uname().machine], 0, 0, 0, 0, 0))",
    "mount": "say(_call('mount', 0, _address(b'/mnt'), _address(b'tmpfs'), 0, 0))",
    "enter a namespace": "say(_call('unshare', 0x10000000))",
    "change the root": "say(os.chroot('/'))",
    "change the user": "say(os.setresuid(1, 1, 1))",
    "read memory of the service": (
        "number = {'x86_64': 310, 'aarch64': 270}[os.uname().machine]\n"
        "say(call(number, os.getppid(), 0, 0, 0, 0, 0))"
    ),
    "change the clock": "say(call({'x86_64': 164, 'aarch64': 170}[os.uname().machine], 0, 0))",
}
"""Attempts that a container or the user's rights may refuse outside the jail too."""
