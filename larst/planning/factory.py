"""The planner factory: builds the planner that the settings select.

To add a provider:

1. Write an adapter with the methods of `LanguageModel` (larst/planning/models/base.py), next to
   larst/planning/models/openai.py. For a server that speaks OpenAI's protocol, reuse `OpenAIModel`.
2. Add an entry to `PROVIDERS` below, and its name to `Provider` in larst/config/planners.py. Its
   API key is a setting in the same module.
3. Add its protocol to tests/wire/server.py; tests/planning/models/test_language_models.py then runs
   against it.

Retries, circuit breaker, budget, costs and telemetry apply to every provider. A planner without a
language model implements `Planner` (larst/planning/planner.py) instead.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import SecretStr

from larst.config import ModelSettings, PlanningSettings, Settings
from larst.errors import ConfigError
from larst.planning.fallback import FallbackPlanner
from larst.planning.models.base import LanguageModel
from larst.planning.models.budget import Budget
from larst.planning.models.circuit_breaker import CircuitBreaker
from larst.planning.models.function import FunctionModel, load_handler
from larst.planning.models.instrumented import InstrumentedModel
from larst.planning.models.options import Effort
from larst.planning.models.planner import ModelPlanner
from larst.planning.models.retry import ModelCalls
from larst.planning.planner import Planner
from larst.planning.rules.planner import RulesPlanner
from larst.planning.rules_first import RulesFirstPlanner
from larst.prices import PRICES


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address of one model, the hosts that its client may connect to, and its effort."""

    model: str
    api_key: str
    base_url: str
    allowed_hosts: frozenset[str]
    effort: Effort | None = None


@dataclass(frozen=True, slots=True)
class _Provider:
    """`model` is a small one: a program is a few lines, and written once for each shape."""

    base_url: str
    model: str
    key_variable: str
    key: Callable[[ModelSettings], SecretStr | None]
    connect: Callable[[Endpoint], LanguageModel]


def _openai(endpoint: Endpoint) -> LanguageModel:
    # Imported here: together, both SDKs take more than a second to import.
    from larst.planning.models.openai import OpenAIModel

    return OpenAIModel(
        model=endpoint.model,
        api_key=endpoint.api_key,
        base_url=endpoint.base_url,
        allowed_hosts=endpoint.allowed_hosts,
        effort=endpoint.effort,
    )


def _anthropic(endpoint: Endpoint) -> LanguageModel:
    from larst.planning.models.anthropic import AnthropicModel

    return AnthropicModel(
        model=endpoint.model,
        api_key=endpoint.api_key,
        base_url=endpoint.base_url,
        allowed_hosts=endpoint.allowed_hosts,
        effort=endpoint.effort,
    )


PROVIDERS: Mapping[str, _Provider] = {
    "openai": _Provider(
        base_url="https://api.openai.com/v1",
        model="gpt-6-luna",
        key_variable="OPENAI_API_KEY",
        key=lambda settings: settings.openai_key,
        connect=_openai,
    ),
    "anthropic": _Provider(
        base_url="https://api.anthropic.com",
        model="claude-haiku-5-5",
        key_variable="ANTHROPIC_API_KEY",
        key=lambda settings: settings.anthropic_key,
        connect=_anthropic,
    ),
}
"""Providers of language models. If several have a key, the first one in this order is used."""


def make_planner(settings: Settings) -> Planner:
    """Return the planner: a model together with the rules, or the rules alone.

    Raises:
        ConfigError: the settings contradict each other.
    """
    rules = RulesPlanner()
    provider = choose_provider(settings)
    if provider == "rules":
        return rules
    model = _model(provider, settings.models)
    calls = model_calls(model, settings.models)
    budget = Budget(
        per_minute=settings.planning.budget_per_minute,
        total=settings.planning.budget_total,
        now=time.monotonic,
    )
    planner = ModelPlanner(
        model,
        calls,
        budget,
        {**PRICES, **settings.models.prices},
        server_url=settings.models.base_url,
        plans_plain_rest=settings.planning.rules != "first",
    )
    return _with_rules(planner, rules, settings.planning)


def _with_rules(model: Planner, rules: RulesPlanner, settings: PlanningSettings) -> Planner:
    """Return the model's planner, with the rules before it or in its place while it is away."""
    if settings.rules == "never":
        return model
    planner = model if settings.fallback == "none" else FallbackPlanner(model, rules)
    return RulesFirstPlanner(rules, planner) if settings.rules == "first" else planner


def make_model(settings: Settings) -> LanguageModel | None:
    """Return the language model that the settings select, or None if the rules plan alone.

    Raises:
        ConfigError: the settings contradict each other.
    """
    provider = choose_provider(settings)
    return None if provider == "rules" else _model(provider, settings.models)


def model_calls(model: LanguageModel, settings: ModelSettings) -> ModelCalls:
    """Return the calls to a model: with retries, a deadline and a circuit breaker."""
    environment = _SystemEnvironment()
    breaker = CircuitBreaker(open_s=settings.circuit_s, now=environment.now)
    return ModelCalls(model, breaker, settings, environment)


def choose_provider(settings: Settings) -> str:
    """Return the name of the provider: `mock`, `rules`, or a key of `PROVIDERS`.

    An explicit setting takes precedence, then a provider whose key is set, then a base URL.
    """
    models = settings.models
    if models.mock_handler is not None:
        return "mock"
    if models.default_provider is not None:
        return models.default_provider
    for name, provider in PROVIDERS.items():
        if provider.key(models) is not None:
            return name
    return "openai" if models.base_url is not None else "rules"


def _model(name: str, settings: ModelSettings) -> LanguageModel:
    if name == "mock":
        return InstrumentedModel(FunctionModel(load_handler(settings.mock_handler or "")), None)
    provider = PROVIDERS[name]
    base_url = settings.base_url or provider.base_url
    model = settings.name or (None if settings.base_url else provider.model)
    if model is None:
        raise ConfigError("LARS_LLM_BASE_URL needs LARS_MODEL: the name of a model on that server")
    endpoint = Endpoint(
        model=model,
        api_key=_api_key(provider, settings),
        base_url=base_url,
        allowed_hosts=_allowed_hosts(provider, base_url, settings),
        effort=None if settings.effort == "default" else settings.effort,
    )
    return InstrumentedModel(provider.connect(endpoint), base_url)


def _api_key(provider: _Provider, settings: ModelSettings) -> str:
    """Return the API key; a local server usually needs none."""
    if (secret := provider.key(settings)) is not None and secret.get_secret_value():
        return secret.get_secret_value()
    if settings.base_url is None:
        raise ConfigError(
            f"LARS_DEFAULT_PROVIDER={settings.default_provider} needs {provider.key_variable}"
        )
    return "none"


def _allowed_hosts(provider: _Provider, base_url: str, settings: ModelSettings) -> frozenset[str]:
    """Return the hosts that the model's client may call.

    Raises:
        ConfigError: the host of `base_url` is not one of them.
    """
    host = urlsplit(base_url).hostname or ""
    provider_host = urlsplit(provider.base_url).hostname or ""
    allowed = frozenset(settings.allowed_hosts or (host, provider_host))
    if host not in allowed:
        raise ConfigError(
            f"LARS_SANDBOX_LLM_ALLOWED_HOSTS={','.join(sorted(allowed))} does not contain {host},"
            " which the planner would call; add it, or change LARS_LLM_BASE_URL"
        )
    return allowed


class _SystemEnvironment:
    """The system's clock and randomness."""

    def now(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def random(self) -> float:
        return random.random()  # noqa: S311 - jitter, not a secret
