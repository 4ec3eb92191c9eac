"""Asks a language model for a backend, and again with the reasons if the answer cannot be used.

Must never ask more often than it may: each attempt costs the operator money.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from larst import prompts
from larst.domain import Usage
from larst.errors import AnswerUnusableError, BadRequestError
from larst.imagine.answers import (
    ANSWER_SCHEMA,
    MAX_FIELDS,
    MAX_RESOURCES,
    MAX_ROWS,
    BadProposalError,
    parse_proposal,
)
from larst.imagine.proposal import Proposal
from larst.planning.models.base import Completion, Prompt, Tokens, Turn

MAX_DESCRIPTION_CHARACTERS = 2_000


class Complete(Protocol):
    """Calls a language model, with retries and a deadline."""

    async def __call__(self, prompt: Prompt) -> Completion:
        """Return its completion.

        Raises:
            PlannerUnreachableError: no answer in time.
        """


@dataclass(frozen=True, slots=True)
class Imagined:
    """A proposal, and the tokens of all attempts."""

    proposal: Proposal
    tokens: Tokens


async def imagine(description: str, complete: Complete, *, attempts: int) -> Imagined:
    """Return what a model proposes for a description.

    Raises:
        BadRequestError: the description is empty or too long.
        AnswerUnusableError: no attempt gave a proposal; the detail says why the last did not.
        PlannerUnreachableError: the model gave no answer.
    """
    prompt, tokens = _prompt(description), Tokens()
    for attempt in range(1, attempts + 1):
        completion = await complete(prompt)
        tokens = _sum(tokens, completion.tokens)
        try:
            return Imagined(_proposal(completion), tokens)
        except BadProposalError as error:
            if attempt == attempts or completion.stop_reason == "refused":
                raise AnswerUnusableError(
                    f"{error}, after {attempt} of {attempts} attempts (LARS_PLAN_ATTEMPTS);"
                    " describe it in other words, or use a larger model",
                    Usage(),
                    may_ask_again=False,
                ) from error
            prompt = _again(prompt, completion, error)
    raise ValueError("attempts must be at least 1")


def _prompt(description: str) -> Prompt:
    text = " ".join(description.split())
    if not text or len(text) > MAX_DESCRIPTION_CHARACTERS:
        raise BadRequestError(
            f"the description must have 1 to {MAX_DESCRIPTION_CHARACTERS} characters, such as: a"
            " book shop with orders and reviews"
        )
    system = prompts.fill(
        "imagine", resources=str(MAX_RESOURCES), fields=str(MAX_FIELDS), rows=str(MAX_ROWS)
    )
    return Prompt(system, text, ANSWER_SCHEMA, f"imagine-{prompts.version()}")


def _proposal(completion: Completion) -> Proposal:
    if completion.stop_reason == "refused":
        raise BadProposalError(["the model refused to answer"])
    if completion.stop_reason == "cut":
        raise BadProposalError(["the answer was cut off: propose fewer resources and rows"])
    return parse_proposal(completion.text)


def _again(prompt: Prompt, completion: Completion, error: BadProposalError) -> Prompt:
    """Return the prompt with the refused answer and the reasons; only the latest is repeated."""
    reasons = "\n".join(f"- {reason}" for reason in error.reasons)
    request = f"That answer cannot be used:\n{reasons}\nAnswer again with the whole JSON object."
    refused = completion.text if completion.text.strip() else "(no answer)"
    retries = (Turn("assistant", refused), Turn("user", request))
    whole = f"{prompt.system}\n\n{prompt.user}\n\n{refused}\n\n{request}"
    return Prompt(
        prompt.system, prompt.user, prompt.schema, prompt.version, retries=retries, whole=whole
    )


def _sum(first: Tokens, second: Tokens) -> Tokens:
    return Tokens(
        first.input + second.input,
        first.cached + second.cached,
        first.cache_written + second.cache_written,
        first.output + second.output,
    )
