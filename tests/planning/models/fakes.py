"""A language model whose answers the test writes, and time that passes when it is waited for."""

from __future__ import annotations

import orjson

from larst.planning.models.base import Completion, Prompt, Tokens

Answer = Completion | Exception


def plan_text(block: str = "REPLY = make_response(200)", **fields: object) -> str:
    """Return a plan as a model would write it."""
    plan = {
        "action": "custom",
        "resource": "orders",
        "needs_values": False,
        "code": {"language": "python", "block": block},
    }
    return orjson.dumps({**plan, **fields}).decode()


def completion(text: str | None = None) -> Completion:
    return Completion(plan_text() if text is None else text, Tokens(input=1000, output=50))


class ScriptedModel:
    """Gives the answers in their order, the last one ever after; exceptions are raised."""

    provider = "scripted"

    def __init__(self, *answers: Answer, model: str | None = "small") -> None:
        self.model = model
        self.answers = list(answers)
        self.asked: list[Prompt] = []
        self.timeouts_s: list[float] = []
        self.is_closed = False

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        self.asked.append(prompt)
        self.timeouts_s.append(timeout_s)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        self.is_closed = True


class FakeEnvironment:
    """A clock that sleeping moves on, and chance that is always the same."""

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
