"""The settings, in groups: each room takes its own group as a whole. Data.

docs/configuration.md is generated from the fields: variable, default, allowed values, description.
Must never contain a secret outside of a `SecretStr`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import BeforeValidator, Field, SecretStr

from larst.config import fields
from larst.config.fields import GIB, Group, Network, integer, seconds, setting
from larst.config.quotas import QuotaSettings
from larst.prices import Price

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["auto", "text", "json"]
PlanMode = Literal["learn", "fresh", "locked"]
Provider = Literal["rules", "openai", "anthropic"]
Fallback = Literal["rules", "none"]
RulesUse = Literal["first", "fallback", "never"]
PromptValues = Literal["sketch", "full", "never"]
"""When a planner sees the values of a request: if it cannot plan without them, always, or never."""

SchemaMode = Literal["learn", "warn", "enforce"]
"""How a write that differs from the learned schema ends: widens it, also warns, or gets 422."""

Switch = Literal["on", "off"]
RequestValues = Literal["loopback", "always", "never"]
Executor = Literal["direct", "sandbox"]
Effort = Literal["low", "medium", "high", "default"]
UnknownQuery = Literal["match-nothing", "refuse", "ignore"]
"""What a filter on a field that no record ever had does: matches nothing, gets 400, or nothing."""


class HttpSettings(Group):
    """The address, who may call, and how large and slow a request may be."""

    host: str = setting(
        "LARS_HOST",
        "127.0.0.1",
        "a host name or an IP address",
        "The address to listen on.",
        pattern=r"^[A-Za-z0-9_.:%-]+$",
    )
    port: int = integer("LARS_PORT", 8000, 0, 65535, "The port to listen on; 0 takes a free one.")
    auth_secret: Annotated[SecretStr | None, BeforeValidator(fields.token)] = setting(
        "LARS_AUTH_TOKEN",
        None,
        "text of visible ASCII characters without spaces",
        "The token that clients must send (Authorization: Bearer <token>); unset, anyone may call.",
    )
    tokens_file: Annotated[Path | None, BeforeValidator(fields.optional_path)] = setting(
        "LARS_AUTH_TOKENS_FILE",
        None,
        "the path of a JSON or TOML file",
        "Tokens with tenants, scopes and budgets (docs/operations.md); `larst token` writes it.",
    )
    cors_origins: Annotated[tuple[str, ...], BeforeValidator(fields.origins)] = setting(
        "LARS_CORS_ORIGINS",
        (),
        "*, or a comma-separated list of origins such as https://app.example.com (no path)",
        "The origins whose pages may call the service; unset, those of loopback addresses and of "
        "the host that is called, and with LARS_AUTH_TOKEN all.",
    )
    allowed_hosts: Annotated[tuple[str, ...], BeforeValidator(fields.host_patterns)] = setting(
        "LARS_ALLOWED_HOSTS",
        (),
        "*, or a comma-separated list of names such as api.example.com, *.example.com (no port)",
        "The names of the service, beside IP addresses, localhost and the machine's own name; a "
        "request for another host gets 421.",
    )
    trusted_proxies: Annotated[tuple[Network, ...], BeforeValidator(fields.networks)] = setting(
        "LARS_TRUSTED_PROXIES",
        (),
        "a comma-separated list of addresses and networks such as 10.0.0.0/8",
        "The proxies whose X-Forwarded-For and X-Forwarded-Proto are trusted; none if unset.",
    )
    max_body_bytes: int = integer(
        "LARS_MAX_BODY_BYTES",
        10 * 1024**2,
        1,
        GIB,
        "The largest request body; a larger one gets 413.",
    )
    max_import_bytes: int = integer(
        "LARS_MAX_IMPORT_BYTES", 64 * 1024**2, 1, GIB, "The largest import; a larger one gets 413."
    )
    max_body_bytes_in_flight: int = integer(
        "LARS_MAX_BODY_BYTES_IN_FLIGHT",
        128 * 1024**2,
        1,
        1024 * GIB,
        "The bytes of the bodies of all requests together; over it, a request gets 503.",
    )
    head_timeout_s: float = seconds(
        "LARS_HEAD_TIMEOUT_S", 10, 0.001, "The time in which the head of a request must arrive."
    )
    min_bytes_per_s: int = integer(
        "LARS_MIN_BYTES_PER_S",
        500,
        0,
        GIB,
        "The least rate, over 10 seconds, at which a client sends a body and reads a reply.",
    )
    keepalive_s: float = seconds(
        "LARS_KEEPALIVE_S", 25, 0.001, "How long a connection without a request stays open."
    )
    max_connections_per_address: int = integer(
        "LARS_MAX_CONNECTIONS_PER_ADDRESS",
        1000,
        1,
        1_000_000,
        "Connections of one client address (of IPv6, one network of 64 bits), other than a trusted "
        "proxy's; one more gets 429.",
    )
    request_timeout_s: float = seconds(
        "LARS_REQUEST_TIMEOUT_S", 60, 0.001, "The deadline of a request, planning included."
    )

    fast_lane: Annotated[Switch, BeforeValidator(fields.lower)] = setting(
        "LARS_FAST_LANE",
        "on",
        "on or off",
        "Answer known requests without a task for each; the replies are the same either way.",
    )

    @property
    def has_tokens(self) -> bool:
        """Whether clients need a token."""
        return self.auth_secret is not None or self.tokens_file is not None

    @property
    def auth_token(self) -> str | None:
        """The token in clear, for comparison only; repr, dump and logs hide it."""
        return self.auth_secret.get_secret_value() if self.auth_secret else None


class ConsoleSettings(Group):
    """The console at `/_larst/`, and what it shows of requests."""

    switch: Annotated[Switch, BeforeValidator(fields.lower)] = setting(
        "LARS_CONSOLE", "on", "on or off", "Serve the console at /_larst/."
    )
    values: Annotated[RequestValues, BeforeValidator(fields.lower)] = setting(
        "LARS_CONSOLE_BODIES",
        "loopback",
        "loopback, always or never",
        "Which requests in the console and in larst tail have bodies, records and query values: "
        "those from this machine to a loopback name, all, or none.",
    )
    trace_url: Annotated[str | None, BeforeValidator(fields.base_url)] = setting(
        "LARS_TRACE_URL",
        None,
        "an address such as http://localhost:16686/trace",
        "Where the traces of requests are to be seen; the console adds a slash and the trace id.",
    )

    @property
    def is_on(self) -> bool:
        """Whether the console is served."""
        return self.switch == "on"


class SandboxSettings(Group):
    """What one run of a program may use, and how many run at the same time."""

    max_exec_ms: int = integer(
        "LARS_MAX_EXEC_MS", 8000, 1, 3_600_000, "Milliseconds that a program may run."
    )
    max_memory_mb: int = integer(
        "LARS_MAX_MEMORY_MB", 128, 1, 65536, "MiB of memory that a program may use."
    )
    max_result_bytes: int = integer(
        "LARS_MAX_RESULT_BYTES", 1024**2, 1, GIB, "The largest reply; a larger one gets 400."
    )
    max_stdout_bytes: int = integer(
        "LARS_MAX_STDOUT_BYTES", 4096, 0, GIB, "Bytes that a program may print."
    )
    max_store_calls: int = integer(
        "LARS_MAX_STORE_CALLS", 10_000, 1, 10**9, "Store calls that a program may make in one run."
    )
    workers: int = integer(
        "LARS_SANDBOX_WORKERS",
        lambda: max(2, os.cpu_count() or 1),
        1,
        1024,
        "Worker processes for programs; one per processor if unset, but at least two.",
    )
    executor: Annotated[Executor, BeforeValidator(fields.lower)] = setting(
        "LARS_EXECUTOR",
        "direct",
        "direct or sandbox",
        "Run programs that are proven to end in the service itself, or all programs in workers.",
    )
    require_jail: Annotated[bool, BeforeValidator(fields.boolean)] = setting(
        "LARS_SANDBOX_REQUIRE_JAIL",
        False,
        "true or false",
        "Refuse to start if a part of the jail around the workers is missing.",
    )
    deny_net: Annotated[Literal[True], BeforeValidator(fields.boolean)] = setting(
        "LARS_SANDBOX_DENY_NET",
        True,
        "only true",
        "States that programs have no network access.",
        note="programs never get network access",
    )

    @property
    def max_exec_s(self) -> float:
        """How long a program may run, in seconds."""
        return self.max_exec_ms / 1000


class SessionSettings(Group):
    """Mailboxes, restarts, sleep, and how strictly records must match their schema."""

    mailbox_size: int = integer(
        "LARS_MAILBOX_SIZE", 256, 1, 10**6, "Requests that may wait in a session; more get 503."
    )
    restart_limit: int = integer(
        "LARS_RESTART_LIMIT", 5, 0, 10**6, "Crashes after which a session has to cool down."
    )
    restart_window_s: float = seconds(
        "LARS_RESTART_WINDOW_S", 30, 0.1, "Seconds within which those crashes are counted."
    )
    idle_s: float = seconds("LARS_IDLE_S", 300, 1, "Seconds after which an idle session sleeps.")
    max_in_memory: int = integer(
        "LARS_MAX_SESSIONS_IN_MEMORY",
        1000,
        1,
        10**6,
        "Sessions in memory; beyond that the least recently used sleep first.",
    )
    drain_s: float = seconds(
        "LARS_DRAIN_S", 20, 0, "Seconds in which accepted requests finish when the service stops."
    )
    schema_mode: Annotated[SchemaMode, BeforeValidator(fields.lower)] = setting(
        "LARS_SCHEMA_MODE",
        "learn",
        "learn, warn or enforce",
        "A record that differs from the learned schema widens it, also sets a header, or gets 422.",
    )
    dialect: Annotated[str | None, BeforeValidator(fields.dialect)] = setting(
        "LARS_DIALECT",
        None,
        "the name of a dialect (docs/dialects.md)",
        "The form of replies in sessions that have not set one. Unset: from the requests.",
    )
    unknown_query: Annotated[UnknownQuery, BeforeValidator(fields.lower)] = setting(
        "LARS_UNKNOWN_QUERY",
        "match-nothing",
        "match-nothing, refuse or ignore",
        "A filter on a field that no record ever had matches nothing, gets 400, or is ignored.",
    )


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
        "LARS_LLM_CONCURRENCY", 8, 1, 1000, "Planner calls at the same time; further calls wait."
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


class Settings(Group):
    """All settings, by group."""

    data_root: Annotated[Path, BeforeValidator(fields.path)] = setting(
        "SANDBOX_DATA_ROOT",
        lambda: platformdirs.user_data_path("larst", appauthor=False),
        "the path of a directory",
        "The directory for sessions and plans; the platform's place for user data if unset.",
    )
    log_level: Annotated[LogLevel, BeforeValidator(fields.lower)] = setting(
        "LARS_LOG_LEVEL", "info", "debug, info, warning or error", "The lowest level to log."
    )
    log_format: Annotated[LogFormat, BeforeValidator(fields.lower)] = setting(
        "LARS_LOG_FORMAT",
        "auto",
        "auto, text or json",
        "How to log: as JSON lines, or as text for people; auto chooses text on a terminal.",
    )
    http: HttpSettings = Field(default_factory=HttpSettings)
    console: ConsoleSettings = Field(default_factory=ConsoleSettings)
    sandbox: SandboxSettings = Field(default_factory=SandboxSettings)
    sessions: SessionSettings = Field(default_factory=SessionSettings)
    quotas: QuotaSettings = Field(default_factory=QuotaSettings)
    planning: PlanningSettings = Field(default_factory=PlanningSettings)
    models: ModelSettings = Field(default_factory=ModelSettings)
