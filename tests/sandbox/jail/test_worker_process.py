"""The worker process of the pool, as the kernel shows it: nothing of the service is left in it."""

from __future__ import annotations

import os
import resource
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from larst.config import SandboxSettings
from larst.domain import ProgramInputs
from larst.errors import ProgramTimeoutError
from larst.policy import PolicyLimits, check
from larst.sandbox import MontySandbox
from larst.sandbox.jail.limits import limits
from larst.store.transaction import Transaction

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the jail")

SETTINGS = SandboxSettings(workers=1, max_exec_ms=100)

SERVICE = """
import asyncio, os
from larst.config import SandboxSettings
from larst.domain import ProgramInputs
from larst.policy import PolicyLimits, check
from larst.sandbox import MontySandbox
from larst.store.transaction import Transaction

async def main():
    sandbox = MontySandbox(SandboxSettings(workers=2, max_exec_ms=60_000))
    await sandbox.start()
    source = "x = session_store.names()\\nwhile True:\\n    pass\\nREPLY = {}"
    program = check(source, PolicyLimits())
    await sandbox.run(program, ProgramInputs({}, {}, "members"), View({}), timeout_s=60)

class View(Transaction):
    def names(self):
        asyncio.get_running_loop().call_later(0.05, lambda: print("running", flush=True))
        return []

asyncio.run(main())
"""


@pytest.fixture
async def sandbox() -> AsyncIterator[MontySandbox]:
    started = MontySandbox(SETTINGS)
    await started.start()
    if started.jail() != "full":
        reason = started.jail()
        await started.stop()
        pytest.skip(reason)
    yield started
    await started.stop()


def _workers(parent: int) -> list[Path]:
    """Return the /proc directories of the workers of a process."""
    return [
        stat.parent
        for stat in Path("/proc").glob("[0-9]*/stat")
        if _stat(stat)[:1] == ["monty"] and _stat(stat)[2] == str(parent)
    ]


def _stat(path: Path) -> list[str]:
    """Return name, state, parent and so on; an empty list once the process has gone."""
    try:
        name, _, rest = path.read_text().partition("(")[2].rpartition(")")
    except OSError:
        return []
    return [] if rest.split()[0] == "Z" else [name, *rest.split()]


async def _run(sandbox: MontySandbox, source: str) -> int:
    inputs = ProgramInputs(ctx={}, plan={}, resource="members")
    reply = await sandbox.run(check(source, PolicyLimits()), inputs, Transaction({}), timeout_s=5)
    return reply.status


@pytest.mark.usefixtures("sandbox")
class TestWorker:
    @pytest.fixture(autouse=True)
    def _secret(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "a secret")

    @pytest.fixture
    def worker(self) -> Path:
        return _workers(os.getpid())[0]

    async def test_the_kernel_filters_its_calls_and_gives_it_no_privileges(
        self, worker: Path
    ) -> None:
        status = dict(line.split(":\t") for line in (worker / "status").read_text().splitlines())

        assert status["NoNewPrivs"] == "1"
        assert status["Seccomp"] == "2"

    async def test_its_environment_is_empty(self, worker: Path) -> None:
        assert (worker / "environ").read_bytes() == b""

    async def test_it_has_the_two_pipes_of_the_pool_and_no_other_descriptor(
        self, worker: Path
    ) -> None:
        targets = {file.name: str(file.readlink()) for file in (worker / "fd").iterdir()}

        assert sorted(targets) == ["0", "1", "2"]
        assert targets["0"].startswith(("pipe:", "socket:"))
        assert targets["2"] == "/dev/null"

    async def test_it_leads_a_session_of_its_own_in_the_root_directory(self, worker: Path) -> None:
        pid = int(worker.name)

        assert os.getsid(pid) == os.getpgid(pid) == pid
        assert (worker / "cwd").readlink() == Path("/")

    async def test_its_resource_limits_cannot_be_raised(self, worker: Path) -> None:
        for kind, value in limits(SETTINGS.max_memory_mb):
            soft, hard = resource.prlimit(int(worker.name), kind)
            assert soft == hard
            assert 0 <= soft <= value

    async def test_the_kernel_ends_it_before_the_service_when_memory_is_short(
        self, worker: Path
    ) -> None:
        assert (worker / "oom_score_adj").read_text().strip() == "1000"


async def test_a_spare_takes_the_place_of_a_worker_that_was_killed(sandbox: MontySandbox) -> None:
    """A run after a kill does not wait for the start of a process."""
    before = {path.name for path in _workers(os.getpid())}
    assert len(before) == 2
    with pytest.raises(ProgramTimeoutError):
        await _run(sandbox, "a = 10 ** 5000000\nb = a * a * a * a * a * a\nREPLY = {}")

    assert {path.name for path in _workers(os.getpid())} < before
    assert await _run(sandbox, "REPLY = make_response(204)") == 204


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_no_worker_outlives_the_service(number: int) -> None:
    """One of them computes without an end, and would not see that its pipe has closed."""
    service = subprocess.Popen([sys.executable, "-c", SERVICE], stdout=subprocess.PIPE, text=True)
    assert service.stdout is not None
    assert service.stdout.readline() == "running\n"
    handles = [os.pidfd_open(int(path.name)) for path in _workers(service.pid)]
    assert len(handles) == 3

    service.send_signal(number)
    service.wait(10)

    poll = select.poll()
    for handle in handles:
        poll.register(handle)
        assert poll.poll(5000)  # readable once the process has ended
        poll.unregister(handle)
        os.close(handle)
    service.stdout.close()
