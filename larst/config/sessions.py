"""The settings of sessions, and of the runs of their programs. Data."""

from __future__ import annotations

import os
from typing import Annotated, Literal

from pydantic import BeforeValidator

from larst.config import fields
from larst.config.fields import GIB, Group, integer, seconds, setting

SchemaMode = Literal["learn", "warn", "enforce"]
"""How a write that differs from the learned schema ends: widens it, also warns, or gets 422."""

Executor = Literal["direct", "sandbox"]

Watch = Literal["auto", "on", "off"]

UnknownQuery = Literal["match-nothing", "refuse", "ignore"]
"""What a filter on a field that no record ever had does: matches nothing, gets 400, or nothing."""


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
    watch: Annotated[Watch, BeforeValidator(fields.lower)] = setting(
        "LARS_WATCH",
        "auto",
        "auto, on or off",
        "See edits of the files of sessions in memory within a second; auto: on a terminal.",
    )
    unknown_query: Annotated[UnknownQuery, BeforeValidator(fields.lower)] = setting(
        "LARS_UNKNOWN_QUERY",
        "match-nothing",
        "match-nothing, refuse or ignore",
        "A filter on a field that no record ever had matches nothing, gets 400, or is ignored.",
    )
