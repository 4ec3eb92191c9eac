"""Model calls: retries after transient errors, delays of the provider, and the deadline."""

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
    model: ScriptedModel, environment: FakeEnvironment, timeout_s: float = 30, concurrency: int = 2
) -> ModelCalls:
    breaker = CircuitBreaker(open_s=15, now=environment.now)
    return ModelCalls(
        model,
        breaker,
        ModelSettings.model_construct(timeout_s=timeout_s, concurrency=concurrency),
        environment,
    )


async def test_a_transient_error_is_retried_after_a_delay() -> None:
    model, environment = ScriptedModel(DOWN, DOWN, completion()), FakeEnvironment(chance=0.5)

    answer = await calls_of(model, environment).complete(PROMPT)

    assert answer == completion()
    assert environment.slept_s == [0.125, 0.25]


async def test_the_number_of_retries_is_limited() -> None:
    model = ScriptedModel(DOWN)

    with pytest.raises(PlannerUnreachableError, match="down"):
        await calls_of(model, FakeEnvironment()).complete(PROMPT)

    assert len(model.prompts) == 3


async def test_the_delay_of_the_provider_is_used() -> None:
    model = ScriptedModel(PlannerUnreachableError("busy", 7), completion())
    environment = FakeEnvironment()

    await calls_of(model, environment).complete(PROMPT)

    assert environment.slept_s == [7]


async def test_a_delay_beyond_the_deadline_fails_immediately() -> None:
    """The client gets the error, with the delay, without waiting."""
    model, environment = ScriptedModel(PlannerUnreachableError("busy", 120)), FakeEnvironment()

    with pytest.raises(PlannerUnreachableError) as failure:
        await calls_of(model, environment).complete(PROMPT)

    assert failure.value.retry_after_s == 120
    assert environment.slept_s == []
    assert len(model.prompts) == 1


async def test_a_permanent_error_is_not_retried() -> None:
    """An invalid key stays invalid."""
    model = ScriptedModel(PlannerUnreachableError("bad key", is_transient=False))

    with pytest.raises(PlannerUnreachableError, match="bad key"):
        await calls_of(model, FakeEnvironment()).complete(PROMPT)

    assert len(model.prompts) == 1


async def test_an_answer_in_another_protocol_is_retried() -> None:
    """Gateways answer with an HTML page while the server behind them starts."""
    model = ScriptedModel(PlannerBrokenError("HTML"), completion())

    assert await calls_of(model, FakeEnvironment()).complete(PROMPT) == completion()


async def test_each_attempt_gets_the_remaining_time() -> None:
    model = ScriptedModel(PlannerUnreachableError("busy", 20), completion())
    environment = FakeEnvironment()

    await calls_of(model, environment, timeout_s=30).complete(PROMPT)

    assert model.timeouts_s == [pytest.approx(30), pytest.approx(10)]


async def test_calls_to_a_failing_provider_are_suspended() -> None:
    model, environment = ScriptedModel(DOWN), FakeEnvironment()
    calls = calls_of(model, environment)
    for _ in range(FAILURES_TO_OPEN):
        with pytest.raises(PlannerUnreachableError):
            await calls.complete(PROMPT)
    calls_before = len(model.prompts)

    with pytest.raises(PlannerUnreachableError, match="suspended"):
        await calls.complete(PROMPT)

    assert len(model.prompts) == calls_before
    model.answers = [completion()]
    environment.now_s += 60
    assert await calls.complete(PROMPT) == completion()
    assert not calls.circuit_breaker.is_open


class BlockingModel(ScriptedModel):
    """Blocks all calls until `free` is set; counts the waiting calls."""

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


async def test_the_number_of_concurrent_calls_is_limited() -> None:
    model = BlockingModel()
    calls = calls_of(model, FakeEnvironment(), concurrency=2)
    tasks = [asyncio.create_task(calls.complete(PROMPT)) for _ in range(6)]
    for _ in range(10):
        await asyncio.sleep(0)
    assert model.waiting == 2

    model.free.set()
    await asyncio.gather(*tasks)

    assert model.highest == 2
    assert len(model.prompts) == 6


async def test_waiting_for_a_slot_times_out() -> None:
    model = BlockingModel()
    calls = calls_of(model, FakeEnvironment(), timeout_s=0.05, concurrency=1)
    first = asyncio.create_task(calls.complete(PROMPT))
    await asyncio.sleep(0)
    assert model.waiting == 1

    with pytest.raises(PlannerUnreachableError, match="LARS_LLM_CONCURRENCY"):
        await calls.complete(PROMPT)

    model.free.set()
    assert await first == completion()
