"""Calls: tried again where that may help, as the provider says, and never beyond their time."""

from __future__ import annotations

import asyncio

import pytest

from larst.config import ModelSettings
from larst.errors import PlannerBrokenError, PlannerUnreachableError
from larst.planning.models.base import Completion, Prompt
from larst.planning.models.circuit_breaker import FAILURES_TO_OPEN, CircuitBreaker
from larst.planning.models.retry import ModelCalls
from tests.planning.models.fakes import FakeEnvironment, ScriptedModel, completion

PROMPT = Prompt("system", "user", {}, "1")
DOWN = PlannerUnreachableError("down")


def calls_of(
    model: ScriptedModel, around: FakeEnvironment, timeout_s: float = 30, concurrency: int = 2
) -> ModelCalls:
    circuit = CircuitBreaker(open_s=15, now=around.now)
    return ModelCalls(
        model,
        circuit,
        ModelSettings.model_construct(timeout_s=timeout_s, concurrency=concurrency),
        around,
    )


async def test_what_may_pass_is_tried_again_after_a_while() -> None:
    model, around = ScriptedModel(DOWN, DOWN, completion()), FakeEnvironment(chance=0.5)

    answer = await calls_of(model, around).complete(PROMPT)

    assert answer == completion()
    assert around.slept_s == [0.125, 0.25]


async def test_it_is_not_tried_for_ever() -> None:
    model = ScriptedModel(DOWN)

    with pytest.raises(PlannerUnreachableError, match="down"):
        await calls_of(model, FakeEnvironment()).complete(PROMPT)

    assert len(model.asked) == 3


async def test_it_waits_as_long_as_the_provider_says() -> None:
    model = ScriptedModel(PlannerUnreachableError("busy", 7), completion())
    around = FakeEnvironment()

    await calls_of(model, around).complete(PROMPT)

    assert around.slept_s == [7]


async def test_a_wait_beyond_the_calls_time_is_not_begun() -> None:
    """The client is told at once, and when to come back."""
    model, around = ScriptedModel(PlannerUnreachableError("busy", 120)), FakeEnvironment()

    with pytest.raises(PlannerUnreachableError) as busy:
        await calls_of(model, around).complete(PROMPT)

    assert busy.value.retry_after_s == 120
    assert around.slept_s == []
    assert len(model.asked) == 1


async def test_what_will_not_pass_is_not_tried_again() -> None:
    """A key that is refused once is refused three times as well."""
    model = ScriptedModel(PlannerUnreachableError("bad key", is_transient=False))

    with pytest.raises(PlannerUnreachableError, match="bad key"):
        await calls_of(model, FakeEnvironment()).complete(PROMPT)

    assert len(model.asked) == 1


async def test_an_answer_in_another_language_may_pass_too() -> None:
    """Gateways answer with a page of their own while what is behind them starts."""
    model = ScriptedModel(PlannerBrokenError("HTML"), completion())

    assert await calls_of(model, FakeEnvironment()).complete(PROMPT) == completion()


async def test_each_try_has_what_is_left_of_the_time() -> None:
    model, around = ScriptedModel(PlannerUnreachableError("busy", 20), completion()), None
    around = FakeEnvironment()

    await calls_of(model, around, timeout_s=30).complete(PROMPT)

    assert model.timeouts_s == [pytest.approx(30), pytest.approx(10)]


async def test_a_provider_that_keeps_failing_is_left_alone() -> None:
    model, around = ScriptedModel(DOWN), FakeEnvironment()
    calls = calls_of(model, around)
    for _ in range(FAILURES_TO_OPEN):
        with pytest.raises(PlannerUnreachableError):
            await calls.complete(PROMPT)
    asked = len(model.asked)

    with pytest.raises(PlannerUnreachableError, match="suspended"):
        await calls.complete(PROMPT)

    assert len(model.asked) == asked
    model.answers = [completion()]
    around.now_s += 60
    assert await calls.complete(PROMPT) == completion()
    assert not calls.circuit_breaker.is_open


class HeldModel(ScriptedModel):
    """Answers when it is let go; counts how many wait."""

    def __init__(self) -> None:
        super().__init__(completion())
        self.waiting = 0
        self.highest = 0
        self.free = asyncio.Event()

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        self.waiting += 1
        self.highest = max(self.highest, self.waiting)
        await self.free.wait()
        self.waiting -= 1
        return await super().complete(prompt, timeout_s=timeout_s)


async def test_only_so_many_calls_are_made_at_once() -> None:
    model = HeldModel()
    calls = calls_of(model, FakeEnvironment(), concurrency=2)
    tasks = [asyncio.create_task(calls.complete(PROMPT)) for _ in range(6)]
    for _ in range(10):
        await asyncio.sleep(0)
    assert model.waiting == 2

    model.free.set()
    await asyncio.gather(*tasks)

    assert model.highest == 2
    assert len(model.asked) == 6


async def test_who_finds_no_free_place_in_time_is_told_so() -> None:
    model = HeldModel()
    calls = calls_of(model, FakeEnvironment(), timeout_s=0.05, concurrency=1)
    first = asyncio.create_task(calls.complete(PROMPT))
    await asyncio.sleep(0)
    assert model.waiting == 1

    with pytest.raises(PlannerUnreachableError, match="LARS_LLM_CONCURRENCY"):
        await calls.complete(PROMPT)

    model.free.set()
    assert await first == completion()
