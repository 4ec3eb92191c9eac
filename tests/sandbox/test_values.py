"""Large values go into a worker as text, and programs see the same values as before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
import pytest_asyncio

from larst.config import SandboxSettings
from larst.domain import ProgramInputs
from larst.errors import ProgramLimitError
from larst.policy import PolicyLimits, check
from larst.sandbox import MontySandbox
from larst.sandbox.values import SMALL_VALUES, is_small, packed
from larst.store.transaction import Transaction

ODD = {
    "": "empty name",
    "a.b": [1, 1.0, -0.0, 1e300, 0.1, -(2**63), 2**63 - 1, True, None],
    "__class__": {"nested": {"é": "line\nbreak\u2028\x00\U0001f600"}},
    "empty": [[], {}, ""],
}


class _Lists:
    """A view of a session whose only resource returns these records."""

    def __init__(self, records: list[Any]) -> None:
        self._records = records

    def resource(self, name: str) -> _Lists:
        return self

    def names(self) -> list[str]:
        return ["books"]

    def list(self, **options: Any) -> tuple[list[Any], int]:
        return self._records, len(self._records)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox() -> AsyncIterator[MontySandbox]:
    started = MontySandbox(SandboxSettings(workers=1, max_result_bytes=8_000_000))
    await started.start()
    yield started
    await started.stop()


async def _reply(sandbox: MontySandbox, source: str, view: Any, **inputs: Any) -> Any:
    program = check(source, PolicyLimits())
    given = ProgramInputs(inputs.get("ctx", {}), inputs.get("plan", {}), "books")
    reply = await sandbox.run(program, given, view, timeout_s=20)
    return orjson.loads(reply.body or b"null")


@pytest.mark.parametrize("count", [1, SMALL_VALUES + 1])
@pytest.mark.asyncio(loop_scope="module")
async def test_a_program_sees_the_same_records_however_many_there_are(
    sandbox: MontySandbox, count: int
) -> None:
    """The way of a value changes with the size of a result; its meaning must not."""
    records = [{"id": index, **ODD} for index in range(count)]
    source = """\
items, total = store.list()
types = [isinstance(value, float) for value in items[-1]["a.b"]]
REPLY = make_response(200, [total, len(items), items[0], items[-1], types])
"""
    values = [count, count, records[0], records[-1]]
    floats = [False, True, True, True, True, False, False, False, False]
    assert await _reply(sandbox, source, _Lists(records)) == [*values, floats]


@pytest.mark.asyncio(loop_scope="module")
async def test_records_of_two_hundred_levels_arrive_in_a_long_list(sandbox: MontySandbox) -> None:
    """The parser in the worker reads 200 levels, and a list of such records has one more."""
    deep: Any = 7
    for _ in range(199):
        deep = [deep]
    records = [{"id": index, "deep": deep} for index in range(SMALL_VALUES // 100)]
    source = """\
value = store.list()[0][-1]["deep"]
levels = 0
while isinstance(value, list):
    value = value[0]
    levels += 1
REPLY = make_response(200, [levels, value])
"""
    assert await _reply(sandbox, source, _Lists(records)) == [199, 7]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_large_body_is_the_same_in_ctx_and_in_plan(sandbox: MontySandbox) -> None:
    """Both hold the body of a request, and small parts stay beside the large one."""
    body = [{"n": index, **ODD} for index in range(SMALL_VALUES)]
    source = """\
same = ctx["body_json"] == plan["payload"]
REPLY = make_response(200, [same, ctx["method"], len(plan["payload"]), plan["payload"][-1]])
"""
    reply = await _reply(
        sandbox,
        source,
        Transaction({}),
        ctx={"method": "POST", "body_json": body},
        plan={"payload": body, "identifier": None},
    )
    assert reply == [True, "POST", SMALL_VALUES, body[-1]]


def test_what_the_event_loop_converts_is_bounded() -> None:
    """Each value costs the loop some time, also deep inside one record, so all of them count."""
    assert is_small([0] * (SMALL_VALUES - 1))
    assert not is_small([[0] * SMALL_VALUES])
    assert not is_small({"a": {"b": [[]] * SMALL_VALUES}})
    assert not is_small(([{"id": 1}] * SMALL_VALUES, 1))


def test_long_texts_are_not_converted_on_the_event_loop() -> None:
    assert is_small(["a" * 1000] * 100)
    assert not is_small([{"text": "a" * 2_000_000}] * 3)


def test_a_result_fits_into_the_memory_of_a_program() -> None:
    """The worker would end for lack of memory, and the service would have held as much."""
    records = [{"text": "a" * 1000}] * 3000
    assert packed(records, 2**22).count(b"\n") == 2999
    with pytest.raises(ProgramLimitError, match="LARS_MAX_MEMORY_MB"):
        packed((records, 3000), 2**20)


def test_text_that_is_not_valid_unicode_is_not_lost() -> None:
    """Such a text has no JSON in UTF-8; the interpreter refuses it with an error of its own."""
    records = [{"id": 1, "name": "\ud800"}]
    assert packed((records, 1), 2**20) == (records, 1)
