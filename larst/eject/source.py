"""Python source: modules with the imports that their code needs, and JSON as literals. Pure."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from larst.domain import Json

WIDTH = 96

STANDARD: Mapping[str, str] = {
    "Annotated": "typing",
    "Any": "typing",
    "datetime": "",
    "json": "",
    "math": "",
    "re": "",
}
"""Names of the standard library with their modules; empty: the name is the module."""

PUBLIC: Mapping[str, str] = {
    "APIRouter": "fastapi",
    "Body": "fastapi",
    "Depends": "fastapi",
    "Request": "fastapi",
    "Response": "fastapi",
    "Field": "pydantic",
}


def module(docstring: str, blocks: Sequence[str], own: Mapping[str, str]) -> str:
    """Return a module: its docstring, the imports of the names that it uses, and the blocks.

    `own` maps names to the modules of the project that have them.
    """
    body = "\n\n\n".join(block.strip("\n") for block in blocks)
    names_in_use = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    sections = [
        "\n".join(_imports(names_in_use, names))
        for names in (STANDARD, PUBLIC, own)
        if names_in_use & names.keys()
    ]
    head = "\n\n".join([f'"""{docstring}"""', *sections])
    gap = "\n\n" if sections and not body.startswith(("def ", "class ", "@")) else "\n\n\n"
    return f"{head}{gap}{body}\n"


def _imports(used: Iterable[str], names: Mapping[str, str]) -> Iterator[str]:
    by_module: dict[str, list[str]] = {}
    for name in used:
        if name in names:
            by_module.setdefault(names[name], []).append(name)
    for name in sorted(by_module.pop("", ())):
        yield f"import {name}"
    for path, imported in sorted(by_module.items()):
        yield f"from {path} import {', '.join(sorted(imported, key=_rank))}"


def _rank(name: str) -> tuple[int, str]:
    """Return the place of a name in an import: constants, classes, then functions."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name


def literal(value: Json, indent: int = 0, used: int = 0) -> str:
    """Return JSON as a Python literal that fits the width, `used` of which are in use.

    >>> print(literal({"name": "Ann", "done": False}))
    {"name": "Ann", "done": False}
    """
    line = _on_one_line(value)
    if indent + used + len(line) <= WIDTH or not isinstance(value, dict | list) or not value:
        return line
    inner = indent + 4
    if isinstance(value, dict):
        items = [
            f"{json.dumps(key, ensure_ascii=False)}: {literal(item, inner, len(key) + 5)}"
            for key, item in value.items()
        ]
    else:
        items = [literal(item, inner, 1) for item in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    lines = "".join(f"{' ' * inner}{item},\n" for item in items)
    return f"{opening}\n{lines}{' ' * indent}{closing}"


def _on_one_line(value: Json) -> str:
    if isinstance(value, dict):
        items = (f"{_on_one_line(key)}: {_on_one_line(item)}" for key, item in value.items())
        return f"{{{', '.join(items)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_on_one_line, value))}]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
