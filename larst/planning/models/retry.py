"""Calls to a language model: a few at once, tried again where that may help, never beyond a time.

The SDKs' own retries are off: one sleeps as long as it is told, the other gives up at once, and
neither knows how long a request may take. Must never look into a prompt or an answer.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from larst.config import ModelSettings
from larst.errors import PlannerUnreachableError
from larst.planning.models.base import Completion, LanguageModel, Prompt
from larst.planning.models.circuit_breaker import CircuitBreaker

MAX_RETRIES = 2
FIRST_DELAY_S = 0.25
MAX_DELAY_S = 8.0

_log = logging.getLogger("larst.planner")


class Environment(Protocol):
    """Time and chance, as calls need them; passed in, so that tests can choose."""

    def now(self) -> float:
        """Return seconds of a clock that never goes back."""

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""

    def random(self) -> float:
        """Return a number from 0 up to 1."""


class ModelCalls:
    """Calls one model for everybody."""

    def __init__(
        self,
        model: LanguageModel,
        circuit: CircuitBreaker,
        settings: ModelSettings,
        environment: Environment,
    ) -> None:
        self.circuit = circuit
        self._model = model
        self._settings = settings
        self._environment = environment
        self._places = asyncio.Semaphore(settings.concurrency)

    async def complete(self, prompt: Prompt) -> Completion:
        """Return the model's answer.

        Raises:
            PlannerUnreachableError: there was none in time, or none is to be expected now.
        """
        deadline_s = self._environment.now() + self._settings.timeout_s
        await self._take_place()
        try:
            with self.circuit.call():
                return await self._try(prompt, deadline_s)
        finally:
            self._places.release()

    async def _take_place(self) -> None:
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                await self._places.acquire()
        except TimeoutError as error:
            raise PlannerUnreachableError(
                f"no free place for a call within {self._settings.timeout_s:g} s"
                " (LARS_LLM_TIMEOUT_S, LARS_LLM_CONCURRENCY)",
                1.0,
            ) from error

    async def _try(self, prompt: Prompt, deadline_s: float) -> Completion:
        tries = 0
        while True:
            left_s = max(0.01, deadline_s - self._environment.now())
            try:
                return await self._model.complete(prompt, timeout_s=left_s)
            except PlannerUnreachableError as error:
                delay_s = self._delay_s(tries, error)
                is_late = self._environment.now() + delay_s >= deadline_s
                if not error.is_transient or tries == MAX_RETRIES or is_late:
                    raise
                _log.warning("the planner is tried again in %.2f s: %s", delay_s, error.detail)
            tries += 1
            await self._environment.sleep(delay_s)

    def _delay_s(self, tries: int, error: PlannerUnreachableError) -> float:
        """Return how long to wait: as the provider says, else longer each time, with full jitter.

        Jitter: many who failed together must not come back together (M. Brooker, "Exponential
        Backoff And Jitter", AWS Architecture Blog, 2015).
        """
        if error.retry_after_s is not None:
            return error.retry_after_s
        return self._environment.random() * min(MAX_DELAY_S, FIRST_DELAY_S * 2.0**tries)
