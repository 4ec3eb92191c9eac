"""A model is asked again with the reasons, and not more often than allowed."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from larst.errors import AnswerUnusableError, BadRequestError
from larst.imagine import imagine, parse_proposal
from larst.planning.models import Completion, Prompt, Tokens
from tests.imagine.proposals import SHOP


class Model:
    """Gives these answers, one after another, and notes the prompts."""

    def __init__(self, answers: Iterable[Completion]) -> None:
        self.prompts: list[Prompt] = []
        self._answers = iter(answers)

    async def complete(self, prompt: Prompt) -> Completion:
        self.prompts.append(prompt)
        return next(self._answers)


def reply(text: str, stop: str = "end") -> Completion:
    return Completion(text, Tokens(input=100, output=10), stop)  # type: ignore[arg-type]


async def test_the_description_is_the_request() -> None:
    model = Model([reply(SHOP)])
    imagined = await imagine("  a book\n shop ", model.complete, attempts=3)
    (prompt,) = model.prompts
    assert (prompt.user, prompt.retries) == ("a book shop", ())
    assert '"authors"' in prompt.system
    assert "{{" not in prompt.system
    assert imagined.proposal == parse_proposal(SHOP)


async def test_a_refused_answer_comes_back_with_the_reasons() -> None:
    model = Model([reply("{}"), reply('{"resources":[]}', "cut"), reply(SHOP)])
    imagined = await imagine("a book shop", model.complete, attempts=3)
    second, third = model.prompts[1:]
    assert second.retries[0].text == "{}"
    assert "- resources: Field required" in second.retries[1].text
    assert "propose fewer resources" in third.retries[1].text
    assert len(third.retries) == 2  # only the latest attempt is repeated
    assert imagined.tokens == Tokens(input=300, output=30)


async def test_after_the_last_attempt_the_error_says_why() -> None:
    model = Model([reply("{}"), reply("")])
    with pytest.raises(AnswerUnusableError) as raised:
        await imagine("a book shop", model.complete, attempts=2)
    assert "not a single JSON object, after 2 of 2 attempts" in raised.value.detail
    assert len(model.prompts) == 2


async def test_a_model_that_refuses_is_not_asked_again() -> None:
    model = Model([reply("I will not", "refused")])
    with pytest.raises(AnswerUnusableError, match="the model refused to answer"):
        await imagine("a book shop", model.complete, attempts=3)


@pytest.mark.parametrize("description", ["", " \n", "x" * 2001])
async def test_a_description_has_bounds(description: str) -> None:
    with pytest.raises(BadRequestError, match="1 to 2000 characters"):
        await imagine(description, Model([]).complete, attempts=3)
