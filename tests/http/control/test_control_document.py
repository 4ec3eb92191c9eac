"""The document of the control API: it lists every route, and its bounds are those in force."""

from __future__ import annotations

from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from larst.http.problems import STATUS
from larst.http.routes import ROUTES
from tests.http.control.asking import ONE, Client

UNDOCUMENTED = {"/", "/docs", "/redoc", "/openapi.json", "/_larst/ui/{name}"}
"""Pages for browsers and their files; `/openapi.json` is another name of `/swagger.json`."""

CATCH_ALL = {"/{path}", "/_larst", "/_larst/{path}"}


@pytest.fixture
async def document(client: Client) -> dict[str, Any]:
    body: dict[str, Any] = await (await client.get("/_larst/openapi.json")).json()
    return body


def parameters(document: dict[str, Any], name: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the path and the schema of each query parameter of that name."""
    return [
        (path, parameter["schema"])
        for path, path_item in document["paths"].items()
        for operation in path_item.values()
        for parameter in operation.get("parameters", ())
        if (parameter["name"], parameter["in"]) == (name, "query")
    ]


async def test_it_lists_every_route_with_its_methods(
    client: Client, document: dict[str, Any]
) -> None:
    """The routes come from the application itself, their methods from its replies."""
    assert client.app is not None
    routes = {resource.canonical for resource in client.app.router.resources()}
    documented = {
        path: {method.upper() for method in document["paths"][path]} for path in document["paths"]
    }

    assert routes - UNDOCUMENTED - CATCH_ALL == set(documented)
    for path, methods in documented.items():
        refused = await client.patch(path.replace("{key}", "0" * 64).replace("{id}", "one"))
        assert refused.status == 405
        assert set(refused.headers["Allow"].split(", ")) - {"HEAD"} == methods


async def test_it_is_valid(document: dict[str, Any]) -> None:
    assert not [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()]


@pytest.mark.parametrize("name", ["limit", "offset"])
async def test_the_documented_maximum_is_the_one_in_force(
    client: Client, document: dict[str, Any], name: str
) -> None:
    cases = parameters(document, name)

    assert [path for path, _ in cases] == ["/_larst/plans", "/_larst/sessions"]
    for path, schema in cases:
        accepted = await client.get(f"{path}?{name}={schema['maximum']}")
        refused = await client.get(f"{path}?{name}={schema['maximum'] + 1}")
        assert (accepted.status, refused.status) == (200, 400)


async def test_a_documented_default_is_the_one_in_force(
    client: Client, document: dict[str, Any]
) -> None:
    for path, schema in parameters(document, "limit"):
        page = (await (await client.get(path)).json())["page"]
        assert page["limit"] == schema["default"]


async def test_the_documented_states_are_those_that_exist(
    client: Client, document: dict[str, Any]
) -> None:
    ((path, schema),) = parameters(document, "state")

    for state in schema["enum"]:
        assert (await client.get(f"{path}?state={state}")).status == 200
    assert (await client.get(f"{path}?state=other")).status == 400


async def test_a_reason_may_be_as_long_as_documented(
    client: Client, document: dict[str, Any]
) -> None:
    path_item = document["paths"]["/_larst/plans/{key}/reject"]
    body = path_item["post"]["requestBody"]["content"]["application/json"]["schema"]
    longest = body["properties"]["reason"]["maxLength"]
    plan = (await (await client.get("/_larst/plans")).json())["items"][0]
    path = f"/_larst/plans/{plan['key']}/reject"

    assert (await client.post(path, json={"reason": "x" * (longest + 1)})).status == 400
    assert (await client.post(path, json={"reason": "x" * longest})).status == 200


async def test_replies_match_their_schemas(client: Client, document: dict[str, Any]) -> None:
    for path in ("/_larst/plans", "/_larst/sessions", "/_larst/sessions/{id}", "/readyz"):
        (media_type,) = document["paths"][path]["get"]["responses"]["200"]["content"].values()
        schema = {**media_type["schema"], "components": document["components"]}

        reply = await (await client.get(path.replace("{id}", "one"), headers=ONE)).json()

        assert not [str(error) for error in OAS31Validator(schema).iter_errors(reply)]


def test_documented_errors_have_a_status_that_the_service_sends() -> None:
    operations = [route.operation for route in ROUTES if route.operation is not None]

    assert {status for operation in operations for status in operation.errors} <= {*STATUS.values()}
