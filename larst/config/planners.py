"""The settings of planning, and of the models that plan. Data."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, SecretStr

from larst.config import fields
from larst.config.fields import Group, Switch, integer, seconds, setting
from larst.prices import Price

PlanMode = Literal["learn", "fresh", "locked"]
Provider = Literal["rules", "openai", "anthropic"]
Fallback = Literal["rules", "none"]
RulesUse = Literal["first", "fallback", "never"]

PromptValues = Literal["sketch", "full", "never"]
"""When a planner sees the values of a request: if it cannot plan without them, always, or never."""

Effort = Literal["low", "medium", "high", "default"]


class PlanningSettings(Group):
    """How requests get their plans, and how many plans are kept."""

    mode: Annotated[PlanMode, BeforeValidator(fields.lower)] = setting(
        "LARS_PLAN_MODE",
        "learn",
        "learn, fresh or locked",
        "learn keeps plans in the plan book, fresh plans every request, locked uses the book only.",
    )
    attempts: int = integer(
        "LARS_PLAN_ATTEMPTS", 3, 1, 100, "How often a planner may try before the reply is 502."
    )
    prompt_values: Annotated[PromptValues, BeforeValidator(fields.lower)] = setting(
        "LARS_PROMPT_VALUES",
        "sketch",
        "sketch, full or never",
        "When a model sees values: only if it cannot plan without them, always, or never.",
    )
    prompt_vocabulary: Annotated[Switch, BeforeValidator(fields.lower)] = setting(
        "LARS_PROMPT_VOCABULARY",
        "off",
        "on or off",
        "Show a model the values of text fields that have few different ones, such as the names of "
        "states. Off: it takes the word from the request.",
    )
    rules: Annotated[RulesUse, BeforeValidator(fields.lower)] = setting(
        "LARS_RULES",
        "first",
        "first, fallback or never",
        "When the built-in rules plan beside a model: wherever they are certain, only while the"
        " provider cannot be reached, or never.",
    )
    fallback: Annotated[Fallback, BeforeValidator(fields.lower)] = setting(
        "LARS_FALLBACK",
        "rules",
        "rules or none",
        "The planner of new shapes while the provider cannot be reached; none: they get 503.",
    )
    has_proof: Annotated[bool, BeforeValidator(fields.boolean)] = setting(
        "LARS_PROOF",
        True,
        "on or off",
        "Ask a model once about a program whose first success is odd, and rehearse new writes.",
    )
    budget_per_minute: int = integer(
        "LARS_PLAN_BUDGET_PER_MINUTE", 60, 1, 10**6, "Planner calls per minute for one session."
    )
    budget_total: int | None = integer(
        "LARS_PLAN_BUDGET_TOTAL",
        lambda: None,
        1,
        10**9,
        "Planner calls of all sessions until the service stops; no limit if unset.",
    )
    book_size: int = integer(
        "LARS_PLAN_BOOK_SIZE",
        10_000,
        1,
        10**6,
        "Plans in the plan book; beyond that, the least used are deleted.",
    )
    max_code_bytes: int = integer(
        "LARS_MAX_CODE_BYTES",
        16 * 1024,
        1,
        1024**2,
        "The longest program; a longer one is refused.",
    )


class ModelSettings(Group):
    """The language model that plans: its provider, its address, and limits of its calls."""

    default_provider: Annotated[Provider | None, BeforeValidator(fields.lower)] = setting(
        "LARS_DEFAULT_PROVIDER",
        None,
        "openai, anthropic or rules",
        "The planner; if unset, the provider whose key is set, else the built-in rules.",
    )
    openai_key: SecretStr | None = setting(
        "OPENAI_API_KEY", None, "text", "The key for OpenAI, or for the server at the base URL."
    )
    anthropic_key: SecretStr | None = setting(
        "ANTHROPIC_API_KEY", None, "text", "The key for Anthropic."
    )
    name: str | None = setting(
        "LARS_MODEL",
        None,
        "the name of a model",
        "The model to call; the provider's small one if unset.",
        pattern=r"^[!-~]{1,200}$",
    )
    base_url: Annotated[str | None, BeforeValidator(fields.base_url)] = setting(
        "LARS_LLM_BASE_URL",
        None,
        "an address such as http://127.0.0.1:11434/v1",
        "Another server that speaks the provider's protocol: Ollama, vLLM, llama.cpp.",
    )
    allowed_hosts: Annotated[tuple[str, ...], BeforeValidator(fields.hosts)] = setting(
        "LARS_SANDBOX_LLM_ALLOWED_HOSTS",
        (),
        "a comma-separated list of host names",
        "Hosts that the planner may call; the provider's and the base URL's if unset.",
    )
    timeout_s: float | None = seconds(
        "LARS_LLM_TIMEOUT_S",
        lambda: None,
        0.1,
        "Seconds that a planner call may take, retries included. Unset: 30, and for a model server "
        "in the own network four times its slowest answer so far, from 30 to 600.",
    )
    effort: Annotated[Effort, BeforeValidator(fields.lower)] = setting(
        "LARS_EFFORT",
        "low",
        "low, medium, high or default",
        "How much a reasoning model thinks; default leaves it to the model. A model that has no "
        "such setting is called without it.",
    )
    concurrency: int = integer(
        "LARS_LLM_CONCURRENCY", 16, 1, 1000, "Planner calls at the same time; further calls wait."
    )
    circuit_s: float = seconds(
        "LARS_LLM_CIRCUIT_S",
        15,
        0.1,
        "Seconds without a call after a provider has failed five times in a row.",
    )
    prices: Annotated[dict[str, Price], BeforeValidator(fields.prices)] = setting(
        "LARS_PRICES",
        dict,
        "model=input/output, in US dollars per million tokens, several separated by commas",
        "Prices of models that the built-in table lacks, or that have changed.",
    )
    mock_handler: str | None = setting(
        "LLM_MOCK_HANDLER",
        None,
        "module.function",
        "Your own planner: a function that takes the prompt and returns the plan as JSON text.",
        pattern=fields.HANDLER_PATTERN,
    )
