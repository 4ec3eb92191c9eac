"""Planning requests, a language model with scripted answers, and clocks that tests control."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from larst.config import ModelSettings
from larst.planning import PlanningRequest, Refusal
from larst.planning.models import Completion, Prompt, Tokens
from larst.planning.models.budget import Budget
from larst.planning.models.circuit_breaker import CircuitBreaker
from larst.planning.models.planner import ModelPlanner
from larst.planning.models.retry import ModelCalls
from larst.prices import PRICES, Price
from tests.fakes import request
from tests.planning.sessions import planning_request_of, shaped_of

Answer = Completion | Exception


def plan_text(block: str = "REPLY = make_response(200)", **fields: object) -> str:
    """Return a plan in the JSON form that models answer with."""
    plan = {
        "action": "custom",
        "resource": "orders",
        "needs_values": False,
        "code": {"language": "python", "block": block},
    }
    return orjson.dumps({**plan, **fields}).decode()


def completion(text: str | None = None) -> Completion:
    """Return a completion with this text, or with a valid plan."""
    return Completion(plan_text() if text is None else text, Tokens(input=1000, output=50))


def planning_request(
    target: str = "/orders/1/cancel", *refusals: Refusal, session_id: str = "ann"
) -> PlanningRequest:
    """Return the request to a planner for `POST target` with a small body."""
    context = request("POST", target, b'{"why": "late"}', session_id=session_id)
    return planning_request_of(shaped_of(context), refusals=refusals)


class ScriptedModel:
    """Returns the answers in order and repeats the last one; exceptions are raised."""

    provider = "scripted"
    has_temperature = False

    def __init__(self, *answers: Answer, model: str | None = "small") -> None:
        self.model = model
        self.answers = list(answers)
        self.prompts: list[Prompt] = []
        self.timeouts_s: list[float] = []
        self.is_closed = False

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        self.prompts.append(prompt)
        self.timeouts_s.append(timeout_s)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        self.is_closed = True


class FakeEnvironment:
    """Sleeping advances its clock; `random` always returns `chance`."""

    def __init__(self, chance: float = 0.5) -> None:
        self.now_s = 1000.0
        self.slept_s: list[float] = []
        self._chance = chance

    def now(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self.now_s += seconds

    def random(self) -> float:
        return self._chance


class Clock:
    """A clock that the test sets, in seconds."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def planner_of(
    model: ScriptedModel, per_minute: int = 100, prices: Mapping[str, Price] = PRICES
) -> ModelPlanner:
    """Return a planner of the model, with fake time and the default settings."""
    environment = FakeEnvironment()
    breaker = CircuitBreaker(open_s=15, now=environment.now)
    calls = ModelCalls(model, breaker, ModelSettings(), environment)
    budget = Budget(per_minute=per_minute, total=None, now=environment.now)
    return ModelPlanner(model, calls, budget, prices)
