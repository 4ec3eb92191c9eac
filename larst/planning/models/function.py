"""A Python function as a language model: it takes the prompt and returns the plan as JSON text.

`LLM_MOCK_HANDLER=module.function` selects it. The module is also searched for in the working
directory. For tests, and for users who plan by their own means.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

from larst.errors import ConfigError, PlannerBrokenError, PlannerUnreachableError
from larst.planning.models.base import Completion, Prompt, Tokens

Handler: TypeAlias = Callable[[str], "str | Awaitable[str]"]


def load_handler(name: str) -> Handler:
    """Return the function `module.function`.

    Raises:
        ConfigError: the module or the function does not exist.
    """
    module_name, _, function_name = name.rpartition(".")
    directory = str(Path.cwd())
    if directory not in sys.path:
        sys.path.insert(0, directory)
    try:
        handler: Handler = getattr(importlib.import_module(module_name), function_name)
    except Exception as error:
        raise ConfigError(f"LLM_MOCK_HANDLER={name}: {type(error).__name__}: {error}") from error
    if not callable(handler):
        raise ConfigError(f"LLM_MOCK_HANDLER={name}: not a function")
    return handler


class FunctionModel:
    """Calls a function instead of a model."""

    provider = "mock"
    model = None
    has_temperature = False

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        """Return the function's result; see `LanguageModel`.

        A plain function runs in a thread, which cannot be stopped at the timeout.
        """
        text = prompt.whole or f"{prompt.system}\n\n{prompt.user}"
        try:
            async with asyncio.timeout(timeout_s):
                answer = await self._call(text)
        except TimeoutError as error:
            raise PlannerUnreachableError(
                f"the function of LLM_MOCK_HANDLER did not answer within {timeout_s:.1f} s"
            ) from error
        if not isinstance(answer, str):
            raise PlannerBrokenError(
                f"the function of LLM_MOCK_HANDLER returned {type(answer).__name__}, not JSON text",
                is_transient=False,
            )
        return Completion(answer, Tokens())

    async def close(self) -> None:
        """Do nothing: a function has no connections."""

    async def _call(self, text: str) -> object:
        try:
            if inspect.iscoroutinefunction(self._handler):
                return await self._handler(text)
            answer = await asyncio.to_thread(self._handler, text)
            return await answer if inspect.isawaitable(answer) else answer
        except TimeoutError:
            raise
        except Exception as error:
            raise PlannerBrokenError(
                f"the function of LLM_MOCK_HANDLER raised {type(error).__name__}",
                is_transient=False,
            ) from error
