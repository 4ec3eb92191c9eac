"""The sandbox: real workers, exact replies, and no way for a program to harm other requests."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio

from larst.config import SandboxSettings
from larst.domain import ProgramInputs, Reply, TraceParent
from larst.errors import (
    BadResourceNameError,
    IdTakenError,
    LarstError,
    ProgramFailedError,
    ProgramLimitError,
    ProgramRefusedError,
    ProgramTimeoutError,
    ResultTooLargeError,
    WorkerLostError,
)
from larst.policy import PolicyLimits, check
from larst.sandbox import MontySandbox
from larst.store.transaction import Transaction
from larst.telemetry import RequestTrace, Telemetry, activate
from larst.telemetry.metrics import SANDBOX_KILLS
from tests.fakes import unchecked
from tests.policy.test_policy import ALLOWED

CTX = {"query": {}, "segments": ["books", "1"]}
LIMITS = SandboxSettings(
    workers=2,
    max_exec_ms=1000,
    max_memory_mb=32,
    max_result_bytes=10_000,
    max_stdout_bytes=500,
    max_store_calls=50,
)


@pytest.fixture
async def sandbox() -> AsyncIterator[MontySandbox]:
    started = MontySandbox(LIMITS)
    await started.start()
    yield started
    await started.stop()


@pytest_asyncio.fixture(scope="class", loop_scope="class")
async def shared() -> AsyncIterator[MontySandbox]:
    """A sandbox for tests that end no worker; starting one takes 0.1 s of processor time."""
    started = MontySandbox(LIMITS)
    await started.start()
    yield started
    await started.stop()


async def _run(
    sandbox: MontySandbox,
    source: str,
    *,
    view: Transaction | None = None,
    plan: dict[str, Any] | None = None,
    timeout_s: float = 5,
) -> Reply:
    """Run a program that the policy has not checked: the sandbox must not depend on it."""
    inputs = ProgramInputs(CTX, plan or {}, "books")
    return await sandbox.run(
        unchecked(source), inputs, view or Transaction({}), timeout_s=timeout_s
    )


@pytest.mark.asyncio(loop_scope="class")
class TestReplies:
    async def test_every_statement_that_the_policy_allows_runs(self, shared: MontySandbox) -> None:
        """The policy promises planners a language, so the interpreter must support all of it."""
        for statement in ALLOWED:
            source = f"{statement}\nREPLY = make_response(200)"
            check(source, PolicyLimits())
            assert (await _run(shared, source)).status == 200, statement

    @pytest.mark.parametrize(
        "value",
        [
            [0.1, 1e300, -0.0, 5e-324, 123456789.123, 2**64 - 1, -(2**63), True, None],
            {"": 1, "a.b": {"__class__": "x"}, "é": "\u2028\u0000\"'\\\n🎉"},
            [[[[[[{}]]]]]],
        ],
    )
    async def test_values_are_passed_in_and_returned_exactly(
        self, shared: MontySandbox, value: Any
    ) -> None:
        reply = await _run(
            shared, 'REPLY = make_response(200, plan["payload"])', plan={"payload": value}
        )

        assert reply.body is not None
        assert repr(json.loads(reply.body)) == repr(value)

    async def test_a_program_sets_the_status_the_headers_and_the_media_type(
        self, shared: MontySandbox
    ) -> None:
        headers = '{"X-Total": 5, "content-type": "text/csv", "Location": "/a b/é%2F"}'
        reply = await _run(shared, f'REPLY = make_response(201, "a;b", {headers})')

        assert reply == Reply(
            201, b"a;b", {"X-Total": "5", "Location": "/a%20b/%C3%A9%2F"}, "text/csv"
        )

    @pytest.mark.parametrize("body", ["{1: 2, '1': 3}", "[{'a': {None: 1, 'null': 2}}]"])
    async def test_a_reply_with_a_key_twice_is_refused(
        self, shared: MontySandbox, body: str
    ) -> None:
        """JSON has texts as keys only; readers of a key that is there twice disagree."""
        with pytest.raises(ProgramFailedError, match="has a key twice"):
            await _run(shared, f"REPLY = make_response(200, {body})")

    async def test_keys_that_are_numbers_become_texts(self, shared: MontySandbox) -> None:
        """Counts by id are a usual reply."""
        reply = await _run(shared, "REPLY = make_response(200, {1: 2, 'b': (1, 2)})")

        assert json.loads(reply.body or b"") == {"1": 2, "b": [1, 2]}

    async def test_a_reply_may_be_a_plain_dict(self, shared: MontySandbox) -> None:
        assert await _run(shared, 'REPLY = {"status": 204}') == Reply(204)

    @pytest.mark.parametrize(
        "reply",
        [
            "5",
            "None",
            "{}",
            'make_response("200")',
            "make_response(True)",
            "make_response(99)",
            "make_response(600)",
            "make_response(200, {1, 2})",
            'make_response(200, float("nan"))',
            "make_response(200, datetime.date.today())",
            "make_response(200, None, [])",
            'make_response(200, None, {"X": []})',
            'make_response(200, None, {"X Y": "1"})',
            'make_response(200, None, {"X": "a\\r\\nSet-Cookie: b=c"})',
            'make_response(200, None, {"X": "é"})',
            'make_response(200, None, {"Set-Cookie": "a=b"})',
            'make_response(200, None, {"transfer-encoding": "chunked"})',
            'make_response(200, None, {"Content-Length": "1"})',
            'make_response(200, None, {"Connection": "close"})',
            'make_response(200, None, {"Access-Control-Allow-Origin": "x"})',
            'make_response(200, None, {"X-Session-ID": "other"})',
            'make_response(200, None, {"Content-Type": "a b\\n"})',
        ],
    )
    async def test_a_reply_that_http_cannot_carry_is_refused(
        self, shared: MontySandbox, reply: str
    ) -> None:
        with pytest.raises(ProgramFailedError):
            await _run(shared, f"REPLY = {reply}")

    async def test_the_error_of_a_reply_over_the_limit_suggests_paging(
        self, shared: MontySandbox
    ) -> None:
        with pytest.raises(ResultTooLargeError, match=r"\?limit=.*return=minimal"):
            await _run(shared, 'REPLY = make_response(200, "x" * 20000)')

    async def test_an_error_names_the_line_of_the_program(self, shared: MontySandbox) -> None:
        """The planner sees its program, not the frame around it."""
        with pytest.raises(ProgramFailedError, match=r"^line 3: ZeroDivisionError"):
            await _run(shared, "import_free = math.pi\nx = 1\nREPLY = 1 / 0")

    async def test_a_branch_that_assigns_no_reply_is_a_failure(self, shared: MontySandbox) -> None:
        with pytest.raises(ProgramFailedError, match="REPLY"):
            await _run(shared, "if ctx == 1:\n    REPLY = 1")


@pytest.mark.asyncio(loop_scope="class")
class TestStores:
    async def test_a_program_can_use_several_resources(self, shared: MontySandbox) -> None:
        view = Transaction({})
        source = (
            'book = store.insert({"title": "T"})\n'
            'notes = session_store.resource("notes")\n'
            'note = notes.insert({"book_id": book["id"]})\n'
            "items, total = notes.list(limit=5)\n"
            "REPLY = make_response(201, [book, note, total, session_store.names()])"
        )

        reply = await _run(shared, source, view=view)

        assert orjson.loads(reply.body or b"") == [
            {"id": 1, "title": "T"},
            {"id": 1, "book_id": 1},
            1,
            ["books", "notes"],
        ]
        assert view.changes().keys() == {"books", "notes"}

    async def test_a_program_gets_copies_of_the_records(self, shared: MontySandbox) -> None:
        view = Transaction({})
        view.resource("books").insert({"tags": ["a"]})

        await _run(
            shared, 'store.get(1)["tags"].append("b")\nREPLY = make_response(200)', view=view
        )

        assert view.resource("books").get(1) == {"id": 1, "tags": ["a"]}

    @pytest.mark.parametrize(
        ("source", "error"),
        [
            ('store.insert({"id": 1})\nstore.insert({"id": 1})', IdTakenError),
            ('session_store.resource("../x")', BadResourceNameError),
            ("store.get()", ProgramFailedError),
            ("store.get(1, 2, 3)", ProgramFailedError),
            ("store.drop()", ProgramFailedError),
            ("store.search(5)", ProgramFailedError),
            ("store.change()", ProgramFailedError),
            ("session_store.changes()", ProgramFailedError),
            ("store.name", ProgramFailedError),
        ],
    )
    async def test_a_store_error_ends_the_run_with_its_own_class(
        self, shared: MontySandbox, source: str, error: type[LarstError]
    ) -> None:
        with pytest.raises(error):
            await _run(shared, f"{source}\nREPLY = make_response(200)")

    async def test_a_value_that_json_cannot_represent_is_not_stored(
        self, shared: MontySandbox
    ) -> None:
        for value in ("{1}", "store", "datetime.date.today()", "len", "b'x'", 'float("inf")'):
            with pytest.raises(LarstError):
                await _run(shared, f'store.insert({{"v": {value}}})\nREPLY = make_response(200)')


class TestLimits:
    @pytest.mark.parametrize(
        ("source", "errors"),
        [
            ("while True:\n    pass", (ProgramTimeoutError,)),
            ("x = 2\nwhile True:\n    x = x * x", (ProgramTimeoutError, ProgramLimitError)),
            ('x = ["x" * 1000]\nwhile True:\n    x = x + x', (ProgramLimitError,)),
            ('while True:\n    print("x" * 100)', (ProgramLimitError,)),
            ("while True:\n    store.get(1)", (ProgramLimitError,)),
            (
                "a = [1]\nfor n in range(40):\n    a = [a, a]\nREPLY = make_response(200, a)",
                (ProgramLimitError, ProgramTimeoutError),
            ),
            (
                "REPLY = make_response(200, list(range(10 ** 12)))",
                (ProgramLimitError, ProgramTimeoutError),
            ),
            ('re.match("(a+)+$", "a" * 40 + "b")\nREPLY = make_response(200)', (LarstError,)),
        ],
    )
    async def test_a_greedy_program_is_stopped_and_the_next_one_runs(
        self, sandbox: MontySandbox, source: str, errors: tuple[type[LarstError], ...]
    ) -> None:
        async with asyncio.timeout(10):
            with contextlib.suppress(*errors):
                await _run(sandbox, source)
            assert (await _run(sandbox, "REPLY = make_response(200)")).status == 200
        assert sandbox.is_ready()

    async def test_waiting_for_a_free_worker_has_a_timeout(self, sandbox: MontySandbox) -> None:
        started = asyncio.Semaphore(0)

        class SignallingView(Transaction):
            def names(self) -> list[str]:
                started.release()
                return []

        source = "session_store.names()\nwhile True:\n    pass"
        hogs = [
            asyncio.create_task(_run(sandbox, source, view=SignallingView({})))
            for _worker in range(LIMITS.workers)
        ]
        for _worker in hogs:
            await started.acquire()

        with pytest.raises(ProgramTimeoutError):
            await _run(sandbox, "REPLY = make_response(200)", timeout_s=0.05)

        results = await asyncio.gather(*hogs, return_exceptions=True)
        assert [type(result) for result in results] == [ProgramTimeoutError] * 2

    async def test_a_cancelled_run_returns_its_worker_to_the_pool(
        self, sandbox: MontySandbox
    ) -> None:
        for _ in range(6):
            task = asyncio.create_task(_run(sandbox, "while True:\n    pass"))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        assert (await _run(sandbox, "REPLY = make_response(200)")).status == 200

    async def test_the_sandbox_stops_while_a_cancelled_run_is_being_stopped(self) -> None:
        """The worker is still busy then; neither it nor its release may outlive the sandbox."""
        sandbox = MontySandbox(LIMITS)
        await sandbox.start()
        task = asyncio.create_task(_run(sandbox, "while True:\n    pass"))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        async with asyncio.timeout(5):
            await sandbox.stop()

        assert not sandbox.is_ready()
        with pytest.raises(WorkerLostError, match="not running"):
            await _run(sandbox, "REPLY = make_response(200)")

    @pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")
    async def test_a_worker_killed_during_a_run_fails_only_that_run(
        self, sandbox: MontySandbox
    ) -> None:
        class KillingView(Transaction):
            def names(self) -> list[str]:
                for worker in _workers():
                    os.kill(worker, signal.SIGKILL)
                return []

        with pytest.raises(WorkerLostError):
            await _run(
                sandbox, "REPLY = make_response(200, session_store.names())", view=KillingView({})
            )
        assert (await _run(sandbox, "REPLY = make_response(200)")).status == 200

    @pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")
    async def test_workers_killed_while_idle_fail_no_run(self, sandbox: MontySandbox) -> None:
        """Another worker runs the program instead, and dead workers are counted.

        The pool replaces most of them itself, so that the test may need several rounds.
        """
        telemetry = Telemetry()
        request = RequestTrace(telemetry, "request-1", TraceParent("0" * 32, "0" * 16, "00"))
        for _round in range(100):
            for worker in _workers():
                os.kill(worker, signal.SIGKILL)
            with activate(request):
                assert (await _run(sandbox, "REPLY = make_response(200)")).status == 200
            if any(data.metric.name == SANDBOX_KILLS for data in telemetry.collect()):
                return
        pytest.fail("no dead worker was counted")

    @pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
    async def test_a_worker_has_an_empty_environment(self, sandbox: MontySandbox) -> None:
        """The environment of the service contains keys of providers."""
        del sandbox
        workers = _workers()

        assert workers
        assert {_environment(worker) for worker in workers} == {b""}


JAIL_BREAKS = [
    "x = open('/etc/passwd').read()",
    "import os\nx = os.environ",
    "import sys\nx = sys.modules",
    "import subprocess\nx = subprocess.run(['id'])",
    "import socket\nx = socket.socket()",
    "from pathlib import Path\nx = Path('/etc/passwd').read_text()",
    "x = __import__('os').environ",
    "x = ().__class__.__mro__[1].__subclasses__()",
    "x = '{0.__class__.__mro__}'.format(store)",
    "x = '{0.__class__.__init__.__globals__}'.format(make_response)",
    "x = getattr(store, '__class__').__name__",
    "x = store.__dict__",
    "x = store.__class__.__init__.__globals__",
    "x = session_store._collections",
    "x = make_response.__globals__",
    "x = make_response.__code__.co_consts",
    "x = globals()['__builtins__']",
    "x = vars(store)",
    "x = dir(store)",
    "x = type(store).__bases__",
    "x = eval('__import__(\"os\")')",
    "exec('import os')\nx = os.getcwd()",
    "x = compile('1', '', 'eval')",
    "x = input()",
    "x = breakpoint()",
    "x = [c for c in ().__class__.__base__.__subclasses__()]",
    "x = (lambda: 0).__globals__",
    "x = store.get.__self__",
    "x = store.get.__func__.__globals__",
    "import importlib\nx = importlib.import_module('os')",
    "import ctypes\nx = ctypes.CDLL(None)",
    "x = json.__loader__",
    "x = json.codecs.open('/etc/passwd').read()",
    "x = re.sys.modules",
    "x = math.__spec__",
    "x = datetime.sys",
    "try:\n    1 / 0\nexcept Exception as e:\n    x = e.__traceback__.tb_frame.f_globals",
    "x = (n for n in [1]).gi_frame.f_back",
    "import os\nx = os.listdir('/')",
    "import os\nx = os.getenv('PATH')",
]


@pytest.mark.asyncio(loop_scope="class")
class TestEscapes:
    @pytest.mark.parametrize("source", JAIL_BREAKS)
    async def test_no_program_escapes(self, source: str, shared: MontySandbox) -> None:
        """The policy refuses it, and without the policy it reaches no file, environment or host."""
        program = f"{source}\nREPLY = make_response(200, str(x))"
        with pytest.raises(ProgramRefusedError):
            check(program, PolicyLimits())

        try:
            reply = await _run(shared, program)
        except (ProgramFailedError, ProgramLimitError):
            return

        leaked = (reply.body or b"").decode()
        for secret in ("root:", "larst", "/work", "/usr", "pydantic", "PATH", "Transaction"):
            assert secret not in leaked


def _environment(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


def _workers() -> list[int]:
    pid = os.getpid()
    children = ""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        children += f" {(thread / 'children').read_text()}"
    return [
        int(child)
        for child in children.split()
        if "monty" in Path(f"/proc/{child}/cmdline").read_text()
    ]
