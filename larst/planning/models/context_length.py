"""Prompts that a server cuts off: some do so in silence, and the plan is then a guess."""

from __future__ import annotations

import logging

from larst.planning.models.base import Prompt, Tokens

MOST_CHARACTERS_PER_TOKEN = 6.0
"""No tokenizer takes more characters of these prompts as one token, on average."""

_log = logging.getLogger("larst.planner")


class PromptCounts:
    """Compares the tokens that a server counts with the prompts that it gets."""

    def __init__(self) -> None:
        self._has_warned = False

    def check(self, prompt: Prompt, tokens: Tokens) -> None:
        """Log a warning, once, if the server has read only a part of the prompt."""
        if self._has_warned or not is_cut(prompt, tokens):
            return
        self._has_warned = True
        _log.warning(
            "the model server read %d tokens of a prompt of about %d: it cuts prompts off; raise"
            " its context length to 8192 or more",
            tokens.input,
            expected_tokens(prompt),
        )


def expected_tokens(prompt: Prompt) -> int:
    """Return about how many tokens a prompt has."""
    return round(prompt.size_characters / 3.5)


def is_cut(prompt: Prompt, tokens: Tokens) -> bool:
    """Return whether the server has counted fewer tokens than the prompt can have.

    Servers that send no counts are believed.
    """
    return 0 < tokens.input < prompt.size_characters / MOST_CHARACTERS_PER_TOKEN
