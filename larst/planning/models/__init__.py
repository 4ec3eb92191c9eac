"""Language models as planners: adapters, retries, budgets, prompts and answers."""

from __future__ import annotations

from larst.planning.models.base import Completion, LanguageModel, Prompt, Tokens

__all__ = ["Completion", "LanguageModel", "Prompt", "Tokens"]
