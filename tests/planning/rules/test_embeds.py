"""Embedded records, wherever the link is held."""

from __future__ import annotations

import ast

import pytest

from larst.domain import Json, Record
from larst.domain.total import TotalProgram
from larst.policy.total import translate
from larst.store.session_data import SessionData
from tests.fakes import request
from tests.planning.sessions import answer_of, plan_of, session_of, shaped_of

_USERS: list[Record] = [{"name": "Ann"}, {"name": "Ben"}, {"name": "Cai"}]
_ROLES: list[Record] = [{"name": "admin"}, {"name": "guest"}]

_HELD_IN: dict[str, dict[str, list[Record]]] = {
    "a list of the record": {
        "users": [
            {"name": "Ann", "roleIds": [2, 1]},
            {"name": "Ben", "roleIds": ["2", 7]},
            {"name": "Cai", "roleIds": None},
        ],
        "roles": _ROLES,
    },
    "a list of the other record": {
        "users": _USERS,
        "roles": [{"name": "admin", "userIds": [1]}, {"name": "guest", "userIds": [1, "2"]}],
    },
    "records of their own": {
        "users": _USERS,
        "roles": _ROLES,
        "memberships": [
            {"userId": 1, "roleId": 2},
            {"userId": "2", "roleId": 2},
            {"userId": 1, "roleId": "1"},
            {"userId": 3, "roleId": None},
        ],
    },
}


def _names(rows: Json) -> list[Json]:
    return [[role["name"] for role in row["roles"]] for row in rows]


def _embedded(target: str, session: SessionData) -> Json:
    body = answer_of(request("GET", target), session).body
    return body.get("items", body)


@pytest.mark.parametrize("held_in", _HELD_IN)
def test_records_that_link_many_to_many_are_embedded(held_in: str) -> None:
    """In the order of their collection, as the path below the record lists them."""
    session = session_of(_HELD_IN[held_in])

    assert _names(_embedded("/users?_embed=roles", session)) == [["admin", "guest"], ["guest"], []]
    assert _names([_embedded("/users/1?_embed=roles", session)]) == [["admin", "guest"]]
    listed = _embedded("/users/1/roles", session)
    assert [role["name"] for role in listed] == ["admin", "guest"]


@pytest.mark.parametrize("held_in", _HELD_IN)
def test_options_apply_to_each_record(held_in: str) -> None:
    session = session_of(_HELD_IN[held_in])

    newest = _embedded("/users?select=name,roles(name)&roles.order=id.desc&roles.limit=1", session)

    assert newest[0] == {"name": "Ann", "roles": [{"id": 2, "name": "guest"}]}
    assert _names(newest) == [["guest"], ["guest"], []]


def test_a_link_that_was_just_put_is_followed() -> None:
    session = session_of({"users": _USERS, "roles": _ROLES})
    assert answer_of(request("PUT", "/users/1/roles/2"), session).status == 200

    assert _names(_embedded("/users?_embed=roles", session)) == [["guest"], [], []]


def test_a_list_of_ids_that_has_the_name_of_the_relation_is_replaced() -> None:
    session = session_of({"users": [{"name": "Ann", "roles": [2]}], "roles": _ROLES})

    assert _names(_embedded("/users?populate=roles", session)) == [["guest"]]
    assert _embedded("/users", session)[0]["roles"] == [2]


def test_relations_of_linked_records_are_embedded_too() -> None:
    records: dict[str, list[Record]] = {
        "teams": [{"name": "A"}],
        "users": [{"teamId": 1, "roleIds": [2]}],
        "roles": _ROLES,
    }

    (team,) = _embedded("/teams?include=users.roles&fields[users]=id", session_of(records))

    assert _names(team["users"]) == [["guest"]]


def test_the_program_needs_no_worker() -> None:
    session = session_of(_HELD_IN["records of their own"])
    plan = plan_of(shaped_of(request("GET", "/users?_embed=roles"), session))

    assert isinstance(translate(ast.parse(plan.code.block)), TotalProgram)
