"""A planner of the user's own: a function that takes the prompt and returns the plan as JSON text.

`LLM_MOCK_HANDLER=module.function`; the module is also looked for in the working directory. The
function may be a coroutine function. Meant for tests, and for whoever wants to plan by other
means.
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
    """Return the function that `module.function` names.

    Raises:
        ConfigError: there is no such module or function.
    """
    module_name, _, function_name = name.rpartition(".")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        handler = getattr(importlib.import_module(module_name), function_name)
    except Exception as error:
        raise ConfigError(f"LLM_MOCK_HANDLER={name}: {type(error).__name__}: {error}") from error
    if not callable(handler):
        raise ConfigError(f"LLM_MOCK_HANDLER={name}: this is no function")
    found: Handler = handler
    return found


class FunctionModel:
    """Takes a function for a model."""

    provider = "mock"
    model = None

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        """Return what the function says; as in `LanguageModel`.

        A function that is no coroutine function runs in a thread, which nothing can stop.
        """
        text = f"{prompt.system}\n\n{prompt.user}"
        try:
            async with asyncio.timeout(timeout_s):
                answer = await self._ask(text)
        except TimeoutError as error:
            raise PlannerUnreachableError(
                f"the function of LLM_MOCK_HANDLER gave no answer within {timeout_s:.1f} s"
            ) from error
        if not isinstance(answer, str):
            raise PlannerBrokenError(
                f"the function of LLM_MOCK_HANDLER returned {type(answer).__name__}, not JSON text",
                is_transient=False,
            )
        return Completion(answer, Tokens())

    async def close(self) -> None:
        """Nothing to let go."""

    async def _ask(self, text: str) -> object:
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
