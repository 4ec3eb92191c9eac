"""The settings of the HTTP service and of its console. Data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, SecretStr

from larst.config import fields
from larst.config.fields import GIB, Group, Network, Switch, integer, seconds, setting

RequestValues = Literal["loopback", "always", "never"]


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
