"""The files of a project. Pure: equal descriptions give equal files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from importlib.resources import files

from larst.eject.cases import MAX_SAMPLE, Replay
from larst.eject.custom import action_routes
from larst.eject.description import Api
from larst.eject.models import SCHEMAS, models_source
from larst.eject.openapi import document
from larst.eject.routes import routes_source
from larst.eject.sql import migrations, seed
from larst.eject.table import table_source
from larst.eject.test_files import CONFTEST, TEST_OPENAPI, test_modules
from larst.openapi.names import words


def project_files(api: Api, replays: Sequence[Replay]) -> dict[str, str]:
    """Return the text of each file of the project, by its path."""
    return {
        path: text.replace("__PACKAGE__", api.package).replace("__UPPER__", api.package.upper())
        for path, text in _files(api, replays)
    }


def _files(api: Api, replays: Sequence[Replay]) -> Iterator[tuple[str, str]]:
    actions = action_routes(api)
    yield "README.md", _template("README.md")
    yield "pyproject.toml", _template("pyproject.toml")
    yield "Dockerfile", _template("Dockerfile")
    yield ".dockerignore", "tests\n*.db*\n.venv\n"
    yield ".gitignore", "*.db\n*.db-*\n.venv/\n__pycache__/\n*.egg-info/\n"
    yield "openapi.json", json.dumps(document(api, actions), indent=2, ensure_ascii=False) + "\n"
    yield from _package(api)
    yield "tests/__init__.py", ""
    yield "tests/conftest.py", CONFTEST
    yield "tests/data.sql", seed(api, limit=MAX_SAMPLE)
    yield "tests/test_openapi.py", TEST_OPENAPI
    for name, source in test_modules(api, replays):
        yield f"tests/{name}", source


def _package(api: Api) -> Iterator[tuple[str, str]]:
    package = api.package
    yield f"{package}/__init__.py", f'"""The API of {words(package)}."""\n'
    yield f"{package}/py.typed", ""
    yield f"{package}/app.py", _app(api)
    yield f"{package}/schemas.py", SCHEMAS
    yield f"{package}/seed.sql", seed(api)
    for name in ("database", "errors", "queries"):
        yield f"{package}/{name}.py", _template(f"{name}.py")
    yield f"{package}/tables.py", _tables(api)
    for name, text in migrations(api):
        yield f"{package}/migrations/{name}", text
    for resource in api.resources:
        folder = f"{package}/{resource.module}"
        yield f"{folder}/__init__.py", f'"""{words(resource.module).capitalize()}."""\n'
        yield f"{folder}/models.py", models_source(api, resource)
        yield f"{folder}/table.py", table_source(api, resource)
        yield f"{folder}/routes.py", routes_source(api, resource)


def _template(name: str) -> str:
    return (files(__package__) / "templates" / f"{name}.txt").read_text("utf-8")


def _tables(api: Api) -> str:
    """Return the module of tables; only programs aggregate."""
    has_aggregates = any(".aggregate(" in route.program for route in api.custom)
    text = _template("tables.py")
    method, total = (_template("aggregate"), _template("total")) if has_aggregates else ("", "")
    return text.replace("__AGGREGATE__\n", method + "\n" if method else "\n") + total


def _app(api: Api) -> str:
    routers = [resource.module for resource in api.resources]
    imports = [f"from {api.package}.{name}.routes import router as {name}" for name in routers]
    imports += [f"from {api.package}.database import migrate"]
    imports += [f"from {api.package}.errors import add_error_handlers"]
    return (
        _template("app.py")
        .replace("__IMPORTS__", "\n".join(sorted(imports)))
        .replace("__ROUTERS__\n", "".join(f"app.include_router({name})\n" for name in routers))
    )
