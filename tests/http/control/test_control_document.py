"""The document of the control API lists every route, and its bounds are enforced."""

from __future__ import annotations

from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from larst.http.access import SESSION
from larst.http.problems import STATUS
from larst.http.routes import ROUTES
from tests.http.control.helpers import ONE, Client

UNDOCUMENTED = {"/", "/docs", "/redoc", "/openapi.json", "/_larst/ui/{name}", "/_larst", "/_larst/"}
"""Pages for browsers and their files; `/openapi.json` is an alias of `/swagger.json`."""

RECORDED = "/_larst/sessions/{id}/requests"

CATCH_ALL = {"/{path}", "/_larst/{path}"}


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


async def test_the_document_lists_every_route_with_its_methods(
    client: Client, document: dict[str, Any]
) -> None:
    """The routes come from the application itself, their methods from its replies."""
    assert client.app is not None
    canonical = {resource.canonical for resource in client.app.router.resources()}
    routes = {route for route in canonical if not route.startswith(SESSION)}
    documented = {
        path: {method.upper() for method in document["paths"][path]} for path in document["paths"]
    }

    assert routes - UNDOCUMENTED - CATCH_ALL == set(documented)
    for path, methods in documented.items():
        refused = await client.patch(
            path.replace("{key}", "0" * 64).replace("{id}", "one").replace("{name}", "a")
        )
        assert refused.status == 405
        served = methods | {"HEAD"} if "GET" in methods else methods
        assert set(refused.headers["Allow"].split(", ")) == served


async def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    assert not [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()]


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        ("limit", ["/_larst/plans", "/_larst/sessions", RECORDED, "/_larst/requests"]),
        ("offset", ["/_larst/plans", "/_larst/sessions", RECORDED]),
    ],
)
async def test_the_documented_maximum_is_enforced(
    client: Client, document: dict[str, Any], name: str, paths: list[str]
) -> None:
    cases = parameters(document, name)

    assert [path for path, _ in cases] == paths
    for template, schema in cases:
        path = template.replace("{id}", "one")
        accepted = await client.get(f"{path}?{name}={schema['maximum']}")
        refused = await client.get(f"{path}?{name}={schema['maximum'] + 1}")
        assert (accepted.status, refused.status) == (200, 400)


async def test_the_documented_default_is_applied(client: Client, document: dict[str, Any]) -> None:
    for path, schema in parameters(document, "limit"):
        page = (await (await client.get(path.replace("{id}", "one"))).json())["page"]
        assert page["limit"] == schema["default"]


async def test_exactly_the_documented_states_are_accepted(
    client: Client, document: dict[str, Any]
) -> None:
    ((path, schema),) = parameters(document, "state")

    for state in schema["enum"]:
        assert (await client.get(f"{path}?state={state}")).status == 200
    assert (await client.get(f"{path}?state=other")).status == 400


async def test_a_reason_can_be_as_long_as_documented(
    client: Client, document: dict[str, Any]
) -> None:
    path_item = document["paths"]["/_larst/plans/{key}/reject"]
    body = path_item["post"]["requestBody"]["content"]["application/json"]["schema"]
    longest = body["properties"]["reason"]["maxLength"]
    plan = (await (await client.get("/_larst/plans")).json())["items"][0]
    path = f"/_larst/plans/{plan['key']}/reject"

    assert (await client.post(path, json={"reason": "x" * (longest + 1)})).status == 400
    assert (await client.post(path, json={"reason": "x" * longest})).status == 200


async def test_replies_conform_to_their_schemas(client: Client, document: dict[str, Any]) -> None:
    for path in (
        "/_larst/plans",
        "/_larst/sessions",
        "/_larst/sessions/{id}",
        "/readyz",
        "/_larst/sessions/{id}/settings",
    ):
        (media_type,) = document["paths"][path]["get"]["responses"]["200"]["content"].values()
        schema = {**media_type["schema"], "components": document["components"]}

        reply = await (await client.get(path.replace("{id}", "one"), headers=ONE)).json()

        assert not [str(error) for error in OAS31Validator(schema).iter_errors(reply)]


def test_every_documented_error_status_is_one_that_the_service_sends() -> None:
    operations = [route.operation for route in ROUTES if route.operation is not None]

    assert {status for operation in operations for status in operation.errors} <= {*STATUS.values()}
