"""Which planner the settings ask for, put together from its parts.

An SDK is imported only where it is used: both together take over a second.
"""

from __future__ import annotations

import asyncio
import random
import time
from urllib.parse import urlsplit

from larst.config import Settings
from larst.errors import ConfigError
from larst.planning.fallback import FallbackPlanner
from larst.planning.models.base import LanguageModel
from larst.planning.models.budget import Budget
from larst.planning.models.circuit_breaker import CircuitBreaker
from larst.planning.models.function import FunctionModel, load_handler
from larst.planning.models.instrumented import InstrumentedModel
from larst.planning.models.planner import ModelPlanner
from larst.planning.models.retry import ModelCalls
from larst.planning.planner import Planner
from larst.planning.rules.planner import RulesPlanner
from larst.prices import PRICES

BASE_URLS = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
}
MODELS = {"openai": "gpt-6-luna", "anthropic": "claude-haiku-5-5"}
"""The small model of each provider: a plan is a few lines, and made once a shape."""


def make_planner(settings: Settings) -> Planner:
    """Return the planner: its model's, with the rules to stand in, or the rules alone.

    Raises:
        ConfigError: the settings contradict each other.
    """
    rules = RulesPlanner()
    provider = choose_provider(settings)
    if provider == "rules":
        return rules
    model = _model(provider, settings)
    around = _Surroundings()
    calls = ModelCalls(
        model,
        CircuitBreaker(open_s=settings.models.circuit_s, now=around.now),
        settings.models,
        around,
    )
    budget = Budget(
        per_minute=settings.planning.budget_per_minute,
        total=settings.planning.budget_total,
        now=around.now,
    )
    planner = ModelPlanner(model, calls, budget, {**PRICES, **settings.models.prices})
    return planner if settings.planning.fallback == "none" else FallbackPlanner(planner, rules)


def choose_provider(settings: Settings) -> str:
    """Return whom to ask: `mock`, `openai`, `anthropic` or `rules`.

    What is named wins; then the one whose key is there; then any server behind a base URL.
    """
    if settings.models.mock_handler is not None:
        return "mock"
    if settings.models.default_provider is not None:
        return settings.models.default_provider
    if settings.models.openai_key is not None:
        return "openai"
    if settings.models.anthropic_key is not None:
        return "anthropic"
    return "openai" if settings.models.base_url is not None else "rules"


def _model(provider: str, settings: Settings) -> LanguageModel:
    if provider == "mock":
        return InstrumentedModel(
            FunctionModel(load_handler(settings.models.mock_handler or "")), None
        )
    base_url = settings.models.base_url or BASE_URLS[provider]
    name = settings.models.name or (None if settings.models.base_url else MODELS[provider])
    if name is None:
        raise ConfigError("LARS_LLM_BASE_URL needs LARS_MODEL: the name of a model served there")
    hosts = _allowed_hosts(provider, base_url, settings)
    if provider == "openai":
        from larst.planning.models.openai import OpenAIModel

        key = _key(settings.models.openai_key, "OPENAI_API_KEY", settings)
        model = OpenAIModel(model=name, api_key=key, base_url=base_url, allowed_hosts=hosts)
        return InstrumentedModel(model, base_url)
    from larst.planning.models.anthropic import AnthropicModel

    key = _key(settings.models.anthropic_key, "ANTHROPIC_API_KEY", settings)
    return InstrumentedModel(
        AnthropicModel(model=name, api_key=key, base_url=base_url, allowed_hosts=hosts), base_url
    )


def _key(secret: object, variable: str, settings: Settings) -> str:
    """Return the key in clear; a server of one's own usually asks for none."""
    value = getattr(secret, "get_secret_value", str)()
    if value:
        return str(value)
    if settings.models.base_url is None:
        raise ConfigError(
            f"LARS_DEFAULT_PROVIDER={settings.models.default_provider} needs {variable}"
        )
    return "none"


def _allowed_hosts(provider: str, base_url: str, settings: Settings) -> frozenset[str]:
    """Return the hosts that may be called.

    Raises:
        ConfigError: the one that would be is not among them.
    """
    host = urlsplit(base_url).hostname or ""
    own = urlsplit(BASE_URLS[provider]).hostname or ""
    allowed = frozenset(settings.models.allowed_hosts or (host, own))
    if host not in allowed:
        raise ConfigError(
            f"LARS_SANDBOX_LLM_ALLOWED_HOSTS={','.join(sorted(allowed))} does not have {host},"
            " which the planner would call; add it, or change LARS_LLM_BASE_URL"
        )
    return allowed


class _Surroundings:
    """Real time and chance."""

    def now(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def random(self) -> float:
        return random.random()  # noqa: S311 - jitter, no secret
