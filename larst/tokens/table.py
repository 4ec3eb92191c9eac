"""The table of tokens: reading its file, and finding the access of a token.

The file is JSON or TOML and has one entry for each token:

    {"tokens": [{"name": "ann", "hash": "sha256:…", "tenant": "acme",
                 "scopes": ["read", "write"], "budgets": {"sessions": 20}}]}

A token has 256 random bits, so SHA-256 is enough: that many tokens cannot be tried. A slow hash
protects passwords, which people choose, and would cost each request milliseconds. Pure.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from larst.domain import DEFAULT_TENANT, DEFAULT_TENANT_NAME, TENANT_NAME, Tenant
from larst.errors import ConfigError
from larst.tokens.access import SCOPES, Access

TOKEN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
BUDGETS: Mapping[str, str] = {
    "planner_calls_per_minute": "planner_calls_per_minute",
    "sessions": "max_sessions",
}
"""The budgets of a token, and the fields of `Tenant` that hold them."""

MAX_BUDGET = 10**9

_HASH = re.compile(r"sha256:[0-9a-f]{64}")
_KEYS = frozenset({"name", "hash", "tenant", "scopes", "budgets", "created_at"})
_ENVIRONMENT_NAME = "LARS_AUTH_TOKEN"


@dataclass(frozen=True, slots=True)
class TokenTable:
    """The access of each token, by the token's hash."""

    by_hash: Mapping[str, Access] = field(default_factory=dict)

    def find(self, token: str) -> Access | None:
        """Return the access of a token, or None if it is unknown.

        The look-up needs no constant time: what it may betray is a part of a hash, and not of a
        token.
        """
        return self.by_hash.get(hash_of(token))

    def tenants(self) -> list[str]:
        """Return the names of all tenants but the default one."""
        names = {access.tenant.name for access in self.by_hash.values()}
        return sorted(name for name in names if name is not None)

    def with_token(self, token: str | None) -> TokenTable:
        """Return the table with the token of LARS_AUTH_TOKEN, if it is set."""
        if token is None:
            return self
        digest = hash_of(token)
        access = Access(_ENVIRONMENT_NAME, DEFAULT_TENANT, frozenset(SCOPES), identity=digest)
        return TokenTable({**self.by_hash, digest: access})


def hash_of(token: str) -> str:
    """Return the hash of a token, as the file has it."""
    return f"sha256:{hashlib.sha256(token.encode('utf-8', 'surrogateescape')).hexdigest()}"


def parse_entries(content: bytes, *, is_toml: bool) -> list[dict[str, Any]]:
    """Return the entries of a file.

    Raises:
        ConfigError: it is not a file of tokens; the message names the mistake.
    """
    try:
        text = content.decode()
        value = tomllib.loads(text) if is_toml else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"not {'TOML' if is_toml else 'JSON'}: {error}") from error
    entries = value.get("tokens") if isinstance(value, dict) and len(value) == 1 else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigError('it must have one key, "tokens", with a list of objects')
    return entries


def table_of(entries: Iterable[Mapping[str, Any]]) -> TokenTable:
    """Return the table of entries.

    Raises:
        ConfigError: an entry is wrong; the message names it and the allowed values.
    """
    by_hash: dict[str, Access] = {}
    names: set[str] = set()
    for number, entry in enumerate(entries, 1):
        access = _access(entry, number)
        if access.name in names or entry["hash"] in by_hash:
            raise ConfigError(f"the token {access.name} is there twice")
        names.add(str(access.name))
        by_hash[entry["hash"]] = access
    return TokenTable(by_hash)


def _access(entry: Mapping[str, Any], number: int) -> Access:
    name = entry.get("name")
    if not isinstance(name, str) or not TOKEN_NAME.fullmatch(name):
        raise ConfigError(f"token {number}: name must match {TOKEN_NAME.pattern}")
    if unknown := sorted(map(str, entry.keys() - _KEYS)):
        raise ConfigError(f"token {name}: {unknown[0][:40]} is unknown; use {', '.join(_KEYS)}")
    digest, scopes = entry.get("hash"), entry.get("scopes")
    if not isinstance(digest, str) or not _HASH.fullmatch(digest):
        raise ConfigError(f"token {name}: hash must be sha256: and 64 hex digits")
    if not isinstance(scopes, list) or not scopes or not all(scope in SCOPES for scope in scopes):
        raise ConfigError(f"token {name}: scopes must be a list of {', '.join(SCOPES)}")
    tenant = _tenant(entry, name)
    identity = f"{tenant.name or DEFAULT_TENANT_NAME}/{name}"
    return Access(name, tenant, frozenset(scopes), identity=identity)


def _tenant(entry: Mapping[str, Any], name: str) -> Tenant:
    tenant = entry.get("tenant", DEFAULT_TENANT_NAME)
    if not isinstance(tenant, str) or not TENANT_NAME.fullmatch(tenant):
        raise ConfigError(f"token {name}: tenant must match {TENANT_NAME.pattern}")
    budgets = entry.get("budgets", {})
    if not isinstance(budgets, dict) or budgets.keys() - BUDGETS.keys():
        raise ConfigError(f"token {name}: budgets must be an object of {', '.join(BUDGETS)}")
    for budget, value in budgets.items():
        if type(value) is not int or not 0 <= value <= MAX_BUDGET:
            raise ConfigError(f"token {name}: {budget} must be a whole number from 0")
    limits = {BUDGETS[budget]: value for budget, value in budgets.items()}
    return Tenant(None if tenant == DEFAULT_TENANT_NAME else tenant, **limits)
