"""Settings: flags, environment variables and `.env`, read once at the start into a frozen value.

The fields are the table that documentation can be made from: variable, default, description, and
what is allowed. Must never name a secret's value, in no error and no log.
"""

from __future__ import annotations

import difflib
import logging
import os
import re
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, cast

import platformdirs
from pydantic import BeforeValidator, Field, SecretStr, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, DotEnvSettingsSource, NoDecode, SettingsConfigDict

from larst.errors import ConfigError
from larst.prices import Price, parse_prices

Network: TypeAlias = IPv4Network | IPv6Network
LogLevel = Literal["debug", "info", "warning", "error"]
PlanMode = Literal["learn", "fresh", "locked"]
Provider = Literal["rules", "openai", "anthropic"]
Fallback = Literal["rules", "none"]
PromptValues = Literal["sketch", "full", "never"]
SchemaMode = Literal["learn", "warn", "enforce"]

_ENV_FILE = ".env"
_GIB = 1024**3
_WEEK_S = 7 * 24 * 3600
_MAX_SHOWN_CHARACTERS = 200
_BOOL = TypeAdapter(bool)
_TOKEN = re.compile(r"[!-~]+")
_HANDLER = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")
_BASE_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")
_HOST = re.compile(r"[a-z0-9_.:-]+")
_ORIGIN = re.compile(r"null|[a-z][a-z0-9+.-]*://[^\s/?#@*]+")

_log = logging.getLogger("larst.config")


def load_settings(overrides: Mapping[str, object]) -> Settings:
    """Return the settings; `overrides` are by variable and win over environment and `.env`.

    A LARS_ variable that does not exist is logged, with the name it may have been meant to be.

    Raises:
        ConfigError: values are wrong; its detail has one line for each of them.
    """
    try:
        given = {**variables_of_env_file(), **os.environ, **overrides}
        settings = Settings(**dict[str, Any](overrides))
    except ValidationError as error:
        raise ConfigError("\n".join(_line(wrong, given) for wrong in error.errors())) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{_ENV_FILE} cannot be read: {error}") from error
    _warn_of_unknown(given)
    return settings


def variables_of_env_file() -> dict[str, str]:
    """Return what `.env` in the working directory holds; nothing where there is none.

    Raises:
        OSError, UnicodeDecodeError: it cannot be read.
    """
    found = DotEnvSettingsSource(Settings).env_vars
    return {name: value for name, value in found.items() if value is not None}


def _setting(variable: str, default: Any, allowed: str, description: str, **more: Any) -> Any:
    """Return one row of the table; a `default` that can be called is called at each start.

    `note` follows what is allowed in an error's line; anything else goes to pydantic.
    """
    row = {
        "default_factory" if callable(default) else "default": default,
        "validation_alias": variable,
        "description": description,
        "json_schema_extra": {"allowed": allowed, "note": more.pop("note", "")},
    }
    return Field(**row, **more)


def _integer(
    variable: str, default: int | Callable[[], int | None], low: int, high: int, description: str
) -> Any:
    allowed = f"an integer from {low} to {high}"
    return _setting(variable, default, allowed, description, ge=low, le=high)


def _seconds(variable: str, default: float, low: float, description: str) -> Any:
    allowed = f"a number of seconds from {low:g} to {_WEEK_S}"
    return _setting(variable, default, allowed, description, ge=low, le=_WEEK_S)


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _items(value: object) -> tuple[str, ...]:
    return tuple(item.strip() for item in str(value).split(",") if item.strip())


def _as_path(value: object) -> Path:
    if not str(value).strip():
        raise ValueError("no path")
    try:
        return Path(str(value)).expanduser().absolute()
    except RuntimeError as error:
        raise ValueError("no such home directory") from error


def _as_token(value: object) -> object:
    """Refuse what no client could send in a header: every request would be unauthorized."""
    if value and not _TOKEN.fullmatch(str(value)):
        raise ValueError("no token")
    return value or None


def _as_origins(value: object) -> tuple[str, ...]:
    origins = tuple(item.lower() for item in _items(value))
    if origins != ("*",) and not (origins and all(map(_ORIGIN.fullmatch, origins))):
        raise ValueError("no origins")
    return origins


def _as_base_url(value: object) -> str:
    url = str(value).strip().rstrip("/")
    if not _BASE_URL.fullmatch(url):
        raise ValueError("no address of a server")
    return url


def _as_hosts(value: object) -> tuple[str, ...]:
    hosts = tuple(item.lower().strip("[]") for item in _items(value))
    if not (hosts and all(map(_HOST.fullmatch, hosts))):
        raise ValueError("no hosts")
    return hosts


def _as_prices(value: object) -> dict[str, Price]:
    return parse_prices(str(value))


def _as_networks(value: object) -> tuple[Network, ...]:
    return tuple(map(ip_network, _items(value)))


class Settings(BaseSettings):
    """What an operator can choose. A variable of the environment that is empty counts as unset."""

    model_config = SettingsConfigDict(
        frozen=True,
        env_file=_ENV_FILE,
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        case_sensitive=True,
        extra="ignore",
        hide_input_in_errors=True,
        validate_default=False,
    )

    data_root: Annotated[Path, BeforeValidator(_as_path)] = _setting(
        "SANDBOX_DATA_ROOT",
        lambda: platformdirs.user_data_path("larst", appauthor=False),
        "the path of a directory",
        "Where sessions and plans are kept; the platform's place for user data if unset.",
    )
    host: str = _setting(
        "LARS_HOST",
        "127.0.0.1",
        "a host name or an IP address",
        "The address to listen on.",
        pattern=r"^[A-Za-z0-9_.:%-]+$",
    )
    port: int = _integer(
        "LARS_PORT", 8000, 0, 65535, "The port to listen on; 0 takes any that is free."
    )
    log_level: Annotated[LogLevel, BeforeValidator(_lower)] = _setting(
        "LARS_LOG_LEVEL", "info", "debug, info, warning or error", "What is logged, at the least."
    )
    auth_secret: Annotated[SecretStr | None, BeforeValidator(_as_token)] = _setting(
        "LARS_AUTH_TOKEN",
        None,
        "text of visible ASCII characters without spaces",
        "Demand the header Authorization: Bearer <token>; unset, everybody may call.",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_as_origins)] = _setting(
        "LARS_CORS_ORIGINS",
        ("*",),
        "*, or a comma-separated list of origins such as https://app.example.com (no path)",
        "The pages of other origins that may call.",
    )
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_as_networks)] = (
        _setting(
            "LARS_TRUSTED_PROXIES",
            (),
            "a comma-separated list of addresses and networks such as 10.0.0.0/8",
            "Whose X-Forwarded-For and X-Forwarded-Proto are believed; nobody's if unset.",
        )
    )

    max_body_bytes: int = _integer(
        "LARS_MAX_BODY_BYTES", 10 * 1024**2, 1, _GIB, "Longer request bodies get 413."
    )
    max_import_bytes: int = _integer(
        "LARS_MAX_IMPORT_BYTES", 64 * 1024**2, 1, _GIB, "Longer imports of sessions get 413."
    )
    max_result_bytes: int = _integer(
        "LARS_MAX_RESULT_BYTES", 1024**2, 1, _GIB, "Longer replies get 400, asking to page."
    )
    max_exec_ms: int = _integer(
        "LARS_MAX_EXEC_MS", 8000, 1, 3_600_000, "Milliseconds that a program may run."
    )
    max_memory_mb: int = _integer(
        "LARS_MAX_MEMORY_MB", 128, 1, 65536, "MiB of memory that a program may use."
    )
    max_stdout_bytes: int = _integer(
        "LARS_MAX_STDOUT_BYTES", 4096, 0, _GIB, "Bytes that a program may print."
    )
    max_store_calls: int = _integer(
        "LARS_MAX_STORE_CALLS", 10_000, 1, 10**9, "Store calls that a program may make in a run."
    )
    max_code_bytes: int = _integer(
        "LARS_MAX_CODE_BYTES", 16 * 1024, 1, 1024**2, "Longer programs are refused."
    )
    sandbox_workers: int = _integer(
        "LARS_SANDBOX_WORKERS",
        lambda: os.cpu_count() or 1,
        1,
        1024,
        "Processes that programs run in; as many as there are processors if unset.",
    )
    sandbox_deny_net: Annotated[Literal[True], BeforeValidator(_BOOL.validate_python)] = _setting(
        "LARS_SANDBOX_DENY_NET",
        True,
        "only true",
        "That programs have no network, said aloud.",
        note="no program ever gets a network",
    )

    mailbox_size: int = _integer(
        "LARS_MAILBOX_SIZE", 256, 1, 10**6, "Requests that may wait in one session; more get 503."
    )
    restart_limit: int = _integer(
        "LARS_RESTART_LIMIT", 5, 0, 10**6, "Crashes of a session after which it has to cool down."
    )
    restart_window_s: float = _seconds(
        "LARS_RESTART_WINDOW_S", 30, 0.1, "Seconds within which those crashes are counted."
    )
    idle_s: float = _seconds("LARS_IDLE_S", 300, 1, "Seconds after which an idle session sleeps.")
    max_sessions_in_memory: int = _integer(
        "LARS_MAX_SESSIONS_IN_MEMORY", 1000, 1, 10**6, "Past it, the longest unused sleep first."
    )
    drain_s: float = _seconds(
        "LARS_DRAIN_S", 20, 0, "Seconds that accepted requests are given when the service stops."
    )
    request_timeout_s: float = _seconds(
        "LARS_REQUEST_TIMEOUT_S", 60, 0.001, "A request's deadline in seconds, planning included."
    )

    default_provider: Annotated[Provider | None, BeforeValidator(_lower)] = _setting(
        "LARS_DEFAULT_PROVIDER",
        None,
        "openai, anthropic or rules",
        "Who writes the programs; the one whose key is there if unset, else the built-in rules.",
    )
    openai_key: SecretStr | None = _setting(
        "OPENAI_API_KEY", None, "text", "The key for OpenAI, or for the server at the base URL."
    )
    anthropic_key: SecretStr | None = _setting(
        "ANTHROPIC_API_KEY", None, "text", "The key for Anthropic."
    )
    model: str | None = _setting(
        "LARS_MODEL",
        None,
        "the name of a model",
        "The model to ask; the provider's small one if unset.",
        pattern=r"^[!-~]{1,200}$",
    )
    llm_base_url: Annotated[str | None, BeforeValidator(_as_base_url)] = _setting(
        "LARS_LLM_BASE_URL",
        None,
        "an address such as http://127.0.0.1:11434/v1",
        "Another server that speaks the provider's language: Ollama, vLLM, llama.cpp.",
    )
    llm_allowed_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_as_hosts)] = _setting(
        "LARS_SANDBOX_LLM_ALLOWED_HOSTS",
        (),
        "a comma-separated list of host names",
        "Hosts that the planner may call; the provider's own and the base URL's if unset.",
    )
    llm_timeout_s: float = _seconds(
        "LARS_LLM_TIMEOUT_S", 30, 0.1, "Seconds that a planner call may take, retries included."
    )
    llm_concurrency: int = _integer(
        "LARS_LLM_CONCURRENCY", 8, 1, 1000, "Planner calls at once; more wait for a place."
    )
    llm_circuit_s: float = _seconds(
        "LARS_LLM_CIRCUIT_S",
        15,
        0.1,
        "Seconds that a provider is left alone after five failures in a row.",
    )
    fallback: Annotated[Fallback, BeforeValidator(_lower)] = _setting(
        "LARS_FALLBACK",
        "rules",
        "rules or none",
        "Who stands in for new shapes while the provider cannot be reached.",
    )
    prompt_values: Annotated[PromptValues, BeforeValidator(_lower)] = _setting(
        "LARS_PROMPT_VALUES",
        "sketch",
        "sketch, full or never",
        "When a model sees values: if it cannot plan without, always, or never.",
    )
    plan_budget_per_minute: int = _integer(
        "LARS_PLAN_BUDGET_PER_MINUTE", 60, 1, 10**6, "Planner calls a minute for one session."
    )
    plan_budget_total: int | None = _integer(
        "LARS_PLAN_BUDGET_TOTAL",
        lambda: None,
        1,
        10**9,
        "Planner calls of all sessions until the service stops; no limit if unset.",
    )
    prices: Annotated[dict[str, Price], NoDecode, BeforeValidator(_as_prices)] = _setting(
        "LARS_PRICES",
        dict,
        "model=input/output, in US dollars per million tokens, several separated by commas",
        "Prices of models, where the built-in table is missing one or out of date.",
    )
    mock_handler: str | None = _setting(
        "LLM_MOCK_HANDLER",
        None,
        "module.function",
        "A function of one's own that takes the prompt and returns the plan as JSON text.",
        pattern=_HANDLER.pattern,
    )
    plan_mode: Annotated[PlanMode, BeforeValidator(_lower)] = _setting(
        "LARS_PLAN_MODE",
        "learn",
        "learn, fresh or locked",
        "learn keeps plans in the plan book, fresh plans each time, locked uses the book alone.",
    )
    plan_attempts: int = _integer(
        "LARS_PLAN_ATTEMPTS", 3, 1, 100, "How often the planner is asked before 502."
    )
    plan_book_size: int = _integer(
        "LARS_PLAN_BOOK_SIZE", 10_000, 1, 10**6, "Plans kept; then the least used leave."
    )
    schema_mode: Annotated[SchemaMode, BeforeValidator(_lower)] = _setting(
        "LARS_SCHEMA_MODE",
        "learn",
        "learn, warn or enforce",
        "Records that differ from what was learned widen it, do so with a header, or get 422.",
    )

    @property
    def auth_token(self) -> str | None:
        """The token in clear, for comparing alone; the field's repr, dump and log hide it."""
        return self.auth_secret.get_secret_value() if self.auth_secret else None


_FIELDS = {str(field.validation_alias): field for field in Settings.model_fields.values()}


def _line(wrong: ErrorDetails, given: Mapping[str, object]) -> str:
    variable = str(wrong["loc"][0])
    field = _FIELDS[variable]
    words = cast("dict[str, str]", field.json_schema_extra)
    shown = repr(given[variable])[:_MAX_SHOWN_CHARACTERS]
    if "SecretStr" in str(field.annotation):
        shown = "(not shown)"
    note = f" ({words['note']})" if words["note"] else ""
    return f"{variable}={shown}: {words['allowed']} is allowed{note}"


def _warn_of_unknown(names: Iterable[str]) -> None:
    for name in sorted(names):
        if not name.startswith("LARS_") or name in _FIELDS:
            continue
        nearest = difflib.get_close_matches(name, _FIELDS, n=1)
        meant = f"; did you mean {nearest[0]}?" if nearest else ""
        _log.warning("%s is no setting and has no effect%s", name, meant)
