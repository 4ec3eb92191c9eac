"""The files of a project. Pure: equal descriptions give equal files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from importlib.resources import files

from larst.eject.custom import ActionRoute, action_modules, action_routes, has_program_calls
from larst.eject.description import Api
from larst.eject.models import SCHEMAS, models_source
from larst.eject.openapi import document
from larst.eject.replays import MAX_SAMPLE, Replay
from larst.eject.routes import routes_source
from larst.eject.sql import migrations, seed
from larst.eject.suite import CONFTEST, TEST_OPENAPI, test_modules
from larst.eject.table import table_source
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
    yield from _package(api, actions)
    yield "tests/__init__.py", ""
    yield "tests/conftest.py", CONFTEST
    yield "tests/data.sql", seed(api, limit=MAX_SAMPLE)
    yield "tests/test_openapi.py", TEST_OPENAPI
    for name, source in test_modules(api, replays):
        yield f"tests/{name}", source


def _package(api: Api, actions: Sequence[ActionRoute]) -> Iterator[tuple[str, str]]:
    package = api.package
    modules = list(action_modules(api, actions))
    yield f"{package}/__init__.py", f'"""The API of {words(package)}."""\n'
    yield f"{package}/py.typed", ""
    yield f"{package}/app.py", _app(api, [name for name, _ in modules])
    yield f"{package}/schemas.py", SCHEMAS
    yield f"{package}/seed.sql", seed(api)
    for name in ("database", "errors", "queries"):
        yield f"{package}/{name}.py", _template(f"{name}.py")
    yield f"{package}/tables.py", _tables(has_aggregates=has_program_calls(actions, "aggregate"))
    if any("respond(" in source or "query_values(" in source for _, source in modules):
        yield f"{package}/replies.py", _template("replies.py")
    for name, source in modules:
        yield f"{package}/{name.replace('.', '/')}.py", source
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


def _tables(*, has_aggregates: bool) -> str:
    """Return the module of tables; only programs aggregate."""
    text = _template("tables.py")
    method, total = (_template("aggregate"), _template("total")) if has_aggregates else ("", "")
    return text.replace("__AGGREGATE__\n", method + "\n" if method else "\n") + total


def _app(api: Api, actions: Sequence[str]) -> str:
    """Return the application; actions first: `/orders/report` names a report, not an order."""
    routers = [(name, f"{name.replace('.', '_')}") for name in actions]
    routers += [(f"{resource.module}.routes", resource.module) for resource in api.resources]
    imports = [f"from {api.package}.{path} import router as {name}" for path, name in routers]
    imports += [f"from {api.package}.database import migrate"]
    imports += [f"from {api.package}.errors import add_error_handlers"]
    includes = "".join(f"app.include_router({name})\n" for _, name in routers)
    template = _template("app.py").replace("__IMPORTS__", "\n".join(sorted(imports)))
    return template.replace("__ROUTERS__\n", includes)
