"""The jail on this kernel: an attacker's attempts are denied, missing parts are named."""

from __future__ import annotations

import errno
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from larst.config import SandboxSettings
from larst.domain import ProgramInputs
from larst.errors import ConfigError
from larst.policy import PolicyLimits, check
from larst.sandbox import MontySandbox
from larst.sandbox.jail import Jail, JailState, jail, landlock
from larst.sandbox.jail.jail import launcher_source, orders_for
from larst.store.transaction import Transaction
from tests.sandbox.jail.attempts import BINARY, PRIVILEGED, attempt, attempts

FOLDER = Path(__file__).parent
NAMES = [*attempts(FOLDER / "."), *PRIVILEGED]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the jail")


@pytest.fixture(scope="module")
def state() -> JailState:
    """What this machine allows; in a container it may be less than all."""
    jail = Jail.open(BINARY, memory_mb=128)
    jail.close()
    return jail.state


@pytest.fixture
def orders() -> dict[str, Any]:
    return orders_for(BINARY, memory_mb=128)


class TestAttempts:
    @pytest.mark.parametrize("name", NAMES)
    def test_an_attempt_in_the_jail_is_denied(
        self, name: str, state: JailState, orders: dict[str, Any], tmp_path: Path
    ) -> None:
        if not state.is_full:
            pytest.skip(str(state))
        code = (attempts(tmp_path) | PRIVILEGED)[name]

        outcome = attempt(orders, code)

        assert outcome.is_denied, outcome

    def test_the_same_attempts_succeed_outside_of_it(self, tmp_path: Path) -> None:
        """Otherwise the tests above would show nothing."""
        for number, name in enumerate(attempts(tmp_path)):
            folder = tmp_path / str(number)
            folder.mkdir()
            outcome = attempt({}, attempts(folder)[name])

            assert outcome.output, (name, outcome)
            assert not outcome.is_denied, (name, outcome)

    def test_what_an_interpreter_needs_is_allowed(self, state: JailState, tmp_path: Path) -> None:
        if not state.is_full:
            pytest.skip(str(state))
        code = (
            "import _thread, time\n"
            "done = []\n"
            "_thread.start_new_thread(done.append, (1,))\n"
            "data = bytearray(64 << 20)\n"
            "while not done: time.sleep(0.001)\n"
            f"say(os.open({str(BINARY)!r}, os.O_RDONLY))"
        )

        outcome = attempt(orders_for(BINARY, memory_mb=128), code)

        assert (outcome.output, outcome.signal) == ("3", None)

    def test_descriptors_and_the_log_of_the_service_are_out_of_reach(
        self, orders: dict[str, Any]
    ) -> None:
        reading, writing = os.pipe()
        os.write(writing, b"of another session")
        code = f"os.write(2, b'forged')\nsay(os.read({reading}, 4))"

        inside, outside = (attempt(order, code, pass_fds=(reading,)) for order in (orders, {}))

        os.close(reading)
        os.close(writing)
        assert (outside.output, outside.errors) == ("b'of a'", "forged")
        assert (inside.output, inside.errors) == (f"refused: {errno.EBADF}", "")

    def test_a_worker_whose_service_has_gone_does_not_start(self, orders: dict[str, Any]) -> None:
        orders["parent"] = 1

        outcome = attempt(orders, "say('started')")

        assert outcome.output == ""


class TestParts:
    """Each part holds by itself, so that a system that lacks the other one is still protected."""

    @pytest.mark.parametrize(
        "name",
        [
            *("read /etc/passwd", "read a file of the data root", "list a folder"),
            *("create a file", "append to a file", "remove a file", "rename a file"),
            *("make a folder", "make a link", "execute a program", "execute a descriptor"),
            *("read the environment of the service",),
        ],
    )
    def test_landlock_alone_denies_files(
        self, name: str, orders: dict[str, Any], tmp_path: Path
    ) -> None:
        if orders["landlock"] is None:
            pytest.skip("no Landlock")

        outcome = attempt(orders | {"seccomp": None}, attempts(tmp_path)[name])

        assert outcome.output in (f"refused: {errno.EACCES}", f"refused: {errno.EXDEV}")

    def test_landlock_alone_denies_tcp_and_signals_where_the_kernel_can(
        self, orders: dict[str, Any]
    ) -> None:
        if landlock.supported_abi() < 6:
            pytest.skip("needs ABI 6")
        orders["seccomp"] = None
        connect = (
            "place = b'\\2\\0\\0\\1' + bytes(12)\n"  # AF_INET, port 1
            "say(_call('connect', _call('socket', 2, 1, 0), _address(place), 16))"
        )

        assert attempt(orders, connect).output == f"refused: {errno.EACCES}"
        assert attempt(orders, "os.kill(os.getppid(), 0)").output == f"refused: {errno.EPERM}"

    @pytest.mark.parametrize(
        "name",
        [
            *("create a file", "append to a file", "remove a file", "open a TCP socket", "fork"),
            *("execute a program", "execute its own binary again", "signal the service"),
            *("map memory to write and execute", "make memory executable"),
        ],
    )
    def test_seccomp_alone_denies_writes_sockets_and_processes(
        self, name: str, orders: dict[str, Any], tmp_path: Path
    ) -> None:
        outcome = attempt(orders | {"landlock": None}, attempts(tmp_path)[name])

        assert outcome.is_denied, outcome

    def test_limits_alone_deny_memory_and_writing(
        self, orders: dict[str, Any], tmp_path: Path
    ) -> None:
        orders |= {"landlock": None, "seccomp": None}
        write = f"os.write(os.open({str(tmp_path / 'new')!r}, os.O_CREAT | os.O_WRONLY), b'x')"

        assert attempt(orders, attempts(tmp_path)["use much memory"]).is_denied
        assert attempt(orders, write).output == f"refused: {errno.EFBIG}"
        assert attempt(orders, "say([os.dup(1) for _ in range(20)])").is_denied


class TestWhatIsMissing:
    """A system without a part gets the others, and the service says which part is missing."""

    @pytest.mark.parametrize(
        ("replaced", "value", "expected"),
        [
            ("supported_abi", lambda: 0, "partial: no Landlock (not in this kernel"),
            ("this_architecture", lambda: None, "partial: no seccomp (no filter for"),
            ("_first_lines", lambda: "#!/nowhere/python\n", "none: the launcher does not run"),
        ],
    )
    async def test_programs_run_with_what_there_is(
        self, monkeypatch: pytest.MonkeyPatch, replaced: str, value: Any, expected: str
    ) -> None:
        module = landlock if replaced == "supported_abi" else jail
        monkeypatch.setattr(module, replaced, value)
        sandbox = MontySandbox(SandboxSettings(workers=1))
        await sandbox.start()

        reply = await sandbox.run(
            check("REPLY = make_response(200, {'n': ctx['n']})", PolicyLimits()),
            ProgramInputs(ctx={"n": 1}, plan={}, resource="members"),
            Transaction({}),
            timeout_s=5,
        )

        assert sandbox.jail().startswith(expected)
        assert reply.status == 200
        await sandbox.stop()

    async def test_a_system_that_is_not_linux_has_no_jail(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "platform", "darwin")

        jail = Jail.open(Path("/nowhere"), memory_mb=128)

        assert str(jail) == "none: darwin has neither Landlock nor seccomp"
        assert jail.launcher is None

    async def test_a_part_that_the_system_forbids_is_missing_with_its_reason(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A container may have the call, and refuse it."""
        refusing = launcher_source

        def source(orders: dict[str, Any], call: str = "main") -> str:
            text = refusing(orders, call)
            return text.replace("_CREATE_RULESET, _ADD", "_UNUSED, _ADD").replace(
                "_MAX_PATH = 4096", "_MAX_PATH = 4096\n_CREATE_RULESET = 4095"
            )

        monkeypatch.setattr(jail, "launcher_source", source)

        open_jail = Jail.open(BINARY, memory_mb=128)

        assert str(open_jail) == "partial: no Landlock (Function not implemented)"
        open_jail.close()

    async def test_a_jail_that_no_worker_survives_is_left_out(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Programs go on where a C library needs a call that the filter does not know."""
        monkeypatch.setattr(jail, "limits", lambda _: [(9, 4096)])  # RLIMIT_AS of one page
        sandbox = MontySandbox(SandboxSettings(workers=1))

        await sandbox.start()

        assert sandbox.jail().startswith("none: no worker runs in it here")
        await sandbox.stop()

    async def test_the_service_does_not_start_where_the_jail_is_required(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(landlock, "supported_abi", lambda: 0)
        sandbox = MontySandbox(SandboxSettings(workers=1, require_jail=True))

        with pytest.raises(ConfigError, match=r"REQUIRE_JAIL=true.*partial: no Landlock"):
            await sandbox.start()

        await sandbox.stop()


class TestLauncher:
    def test_a_python_with_blanks_in_its_path_starts_workers(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """The first line of a script cannot have such a path."""
        python = tmp_path / "a b"
        python.write_text(f'#!/bin/sh\nexec {os.path.realpath(sys.executable)} "$@"\n')
        python.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(python))

        outcome = attempt({}, "say(sys.flags.isolated, )")

        assert (outcome.output, outcome.errors) == ("1", "")

    def test_the_script_cannot_be_changed_by_anyone(self) -> None:
        jail = Jail.open(BINARY, memory_mb=128)
        assert jail.launcher is not None

        with pytest.raises(PermissionError):
            Path(jail.launcher).write_text("import os")

        jail.close()

    def test_the_launcher_ends_by_a_signal_at_a_wrong_address(self, orders: dict[str, Any]) -> None:
        orders["path_address"] += 0x1000  # not the one in the filter
        code = f"_execute({orders!r}, ['echo', 'ran'])"

        assert attempt(orders, code).signal == signal.SIGSYS
