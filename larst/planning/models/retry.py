"""Calls to a language model, with limited concurrency, retries and one deadline.

The SDKs' own retries are switched off: one SDK sleeps for as long as the provider says, the other
gives up immediately, and neither knows the deadline of the request. Must never inspect a prompt or
an answer.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from larst.config import ModelSettings
from larst.errors import PlannerUnreachableError
from larst.planning.models.base import Completion, LanguageModel, Prompt
from larst.planning.models.circuit_breaker import CircuitBreaker
from larst.planning.models.model_server import (
    FIRST_TIMEOUT_S,
    fitting_timeout_s,
    is_own_server,
)

DEFAULT_TIMEOUT_S = 30.0
MAX_RETRIES = 2
FIRST_DELAY_S = 0.25
MAX_DELAY_S = 8.0

_log = logging.getLogger("larst.planner")


class Environment(Protocol):
    """Clock, sleep and randomness; injected, so that tests control them."""

    def now(self) -> float:
        """Return the time in seconds of a monotonic clock."""

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""

    def random(self) -> float:
        """Return a random number from 0 up to, but not including, 1."""


class ModelCalls:
    """Calls one model on behalf of all sessions."""

    def __init__(
        self,
        model: LanguageModel,
        circuit_breaker: CircuitBreaker,
        settings: ModelSettings,
        environment: Environment,
    ) -> None:
        self.circuit_breaker = circuit_breaker
        self._model = model
        self._environment = environment
        self._slots = asyncio.Semaphore(settings.concurrency)
        # A server of one's own may be slow, or loading: its timeout follows its answers.
        self._adapts = settings.timeout_s is None and is_own_server(settings.base_url)
        first_s = FIRST_TIMEOUT_S if self._adapts else DEFAULT_TIMEOUT_S
        self.timeout_s = settings.timeout_s or first_s
        self._slowest_s = 0.0

    async def complete(self, prompt: Prompt) -> Completion:
        """Return the model's completion.

        Raises:
            PlannerUnreachableError: no answer in time, or the circuit breaker is open.
        """
        deadline_s = self._environment.now() + self.timeout_s
        await self._acquire_slot()
        try:
            with self.circuit_breaker.call():
                return await self._call_with_retries(prompt, deadline_s)
        finally:
            self._slots.release()

    async def _acquire_slot(self) -> None:
        try:
            async with asyncio.timeout(self.timeout_s):
                await self._slots.acquire()
        except TimeoutError as error:
            raise PlannerUnreachableError(
                f"no slot for a call became free within {self.timeout_s:g} s"
                " (LARS_LLM_TIMEOUT_S, LARS_LLM_CONCURRENCY)",
                1.0,
            ) from error

    async def _call_with_retries(self, prompt: Prompt, deadline_s: float) -> Completion:
        retries = 0
        while True:
            remaining_s = max(0.01, deadline_s - self._environment.now())
            try:
                return await self._timed(prompt, remaining_s)
            except PlannerUnreachableError as error:
                delay_s = self._delay_s(retries, error)
                is_late = self._environment.now() + delay_s >= deadline_s
                if not error.is_transient or retries == MAX_RETRIES or is_late:
                    raise
                _log.warning("planner call failed, retrying in %.2f s: %s", delay_s, error.detail)
            retries += 1
            await self._environment.sleep(delay_s)

    async def _timed(self, prompt: Prompt, timeout_s: float) -> Completion:
        began_s = self._environment.now()
        completion = await self._model.complete(prompt, timeout_s=timeout_s)
        self._slowest_s = max(self._slowest_s, self._environment.now() - began_s)
        if self._adapts:
            self.timeout_s = fitting_timeout_s(self._slowest_s)
        return completion

    def _delay_s(self, retries: int, error: PlannerUnreachableError) -> float:
        """Return the delay that the provider asks for, or exponential backoff with full jitter.

        Jitter keeps calls that failed together from returning together (M. Brooker, "Exponential
        Backoff And Jitter", AWS Architecture Blog, 2015).
        """
        if error.retry_after_s is not None:
            return error.retry_after_s
        return self._environment.random() * min(MAX_DELAY_S, FIRST_DELAY_S * 2.0**retries)
