"""The file of tokens: the entries that it may hold, and the refusal of all others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from larst.domain import Tenant
from larst.errors import ConfigError, ForbiddenError
from larst.tokens.table import TokenTable, hash_of, parse_entries, table_of

ENTRY = {"name": "ann", "hash": hash_of("secret"), "scopes": ["read"]}


def test_a_token_is_found_by_its_hash() -> None:
    budgets = {"sessions": 2, "planner_calls_per_minute": 0}
    table = table_of([{**ENTRY, "tenant": "acme", "budgets": budgets}])

    access = table.find("secret")

    assert access is not None
    assert access.tenant == Tenant("acme", max_sessions=2, planner_calls_per_minute=0)
    assert table.find("Secret") is None
    assert table.find("") is None
    assert table.find("\udcff") is None
    assert table.tenants() == ["acme"]


def test_a_token_without_a_tenant_is_of_the_default_one() -> None:
    for entry in (ENTRY, {**ENTRY, "tenant": "default"}):
        access = table_of([entry]).find("secret")
        assert access is not None
        assert access.tenant.name is None


def test_json_and_toml_say_the_same() -> None:
    text = f'[[tokens]]\nname = "ann"\nhash = "{ENTRY["hash"]}"\nscopes = ["read"]\n'

    assert parse_entries(text.encode(), is_toml=True) == [ENTRY]
    assert parse_entries(json.dumps({"tokens": [ENTRY]}).encode(), is_toml=False) == [ENTRY]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": ""}, "name must match"),
        ({"name": "a b"}, "name must match"),
        ({"hash": "secret"}, "hash must be"),
        ({"hash": None}, "hash must be"),
        ({"scopes": []}, "scopes must be"),
        ({"scopes": ["root"]}, "scopes must be"),
        ({"scopes": "read"}, "scopes must be"),
        ({"scopes": [["read"]]}, "scopes must be"),
        ({"tenant": "Acme"}, "tenant must match"),
        ({"tenant": "../x"}, "tenant must match"),
        ({"budgets": {"records": 1}}, "budgets must be"),
        ({"budgets": {"sessions": -1}}, "sessions must be"),
        ({"budgets": {"sessions": True}}, "sessions must be"),
        ({"scope": ["admin"]}, "scope is unknown"),
    ],
)
def test_a_wrong_entry_is_refused_by_name(change: dict[str, Any], reason: str) -> None:
    """A typing error must not silently widen what a token may do."""
    with pytest.raises(ConfigError, match=reason):
        table_of([{**ENTRY, **change}])


@pytest.mark.parametrize("second", [{"name": "ben"}, {"hash": hash_of("other")}])
def test_a_name_or_a_token_that_is_there_twice_is_refused(second: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="there twice"):
        table_of([ENTRY, {**ENTRY, **second}])


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"tokens":{}}', b'{"tokens":[1]}', b"\xff", b"["]
)
def test_a_file_of_another_form_is_refused(content: bytes) -> None:
    with pytest.raises(ConfigError):
        parse_entries(content, is_toml=False)


def test_the_token_of_the_environment_may_do_everything() -> None:
    access = TokenTable().with_token("secret").find("secret")

    assert access is not None
    assert access.is_operator
    assert access.may_send("DELETE")


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [
        (["read"], "GET HEAD OPTIONS"),
        (["write"], "GET HEAD OPTIONS POST PUT PATCH DELETE"),
        (["admin"], ""),
    ],
)
def test_scopes_allow_methods(scopes: list[str], allowed: str) -> None:
    access = table_of([{**ENTRY, "scopes": scopes}]).find("secret")
    assert access is not None

    for method in "GET HEAD OPTIONS POST PUT PATCH DELETE".split():
        assert access.may_send(method) == (method in allowed.split())
        if method not in allowed.split():
            with pytest.raises(ForbiddenError, match="needs the scope"):
                access.require_method(method)
