"""The settings of quotas: how much one session may hold, and how often it may be asked. Data."""

from __future__ import annotations

from larst.config.fields import GIB, Group, integer


class QuotaSettings(Group):
    """How much a session may hold, and how often it may be asked."""

    max_records: int = integer(
        "LARS_MAX_RECORDS", 1_000_000, 1, 10**9, "Records of a session; a change beyond gets 507."
    )
    max_session_bytes: int = integer(
        "LARS_MAX_SESSION_BYTES",
        GIB,
        1024,
        1024 * GIB,
        "Bytes that a session may take on the disk; a change beyond gets 507.",
    )
    max_resources: int = integer(
        "LARS_MAX_RESOURCES", 1000, 1, 10**6, "Resources of a session; a change beyond gets 507."
    )
    max_sessions: int | None = integer(
        "LARS_MAX_SESSIONS",
        lambda: None,
        1,
        10**7,
        "Sessions with data of a tenant whose token has no budget of its own; one more gets 507.",
    )
    max_requests_per_s: int | None = integer(
        "LARS_MAX_REQUESTS_PER_S",
        lambda: None,
        1,
        10**6,
        "Requests of a session within a second; more get 429. No limit if unset.",
    )
    max_watchers: int = integer(
        "LARS_MAX_WATCHERS",
        2000,
        1,
        10**6,
        "Open streams of live changes; one more gets 503.",
    )
    max_watchers_per_tenant: int = integer(
        "LARS_MAX_WATCHERS_PER_TENANT",
        1000,
        1,
        10**6,
        "Open streams of live changes of a tenant; one more gets 429.",
    )
    max_watchers_per_session: int = integer(
        "LARS_MAX_WATCHERS_PER_SESSION",
        1000,
        1,
        10**6,
        "Open streams of live changes of a session; one more gets 429.",
    )
