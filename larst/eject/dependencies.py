"""The dependencies that find the records in a path, or answer 404, as Python source. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from larst.eject.nesting import Ancestor, Nesting
from larst.eject.table import table_type
from larst.openapi.names import type_name, words


def parent_dependency(nesting: Nesting) -> str:
    """Return the dependency that is the parent in the path, or answers 404."""
    parameters = ", ".join(_parameters(nesting.ancestors))
    parent = nesting.parent
    return f'''
def parent_of_{nesting.many}({parameters}) -> Record:
    """Return the {words(parent.name)} in the path."""
{_lookups(nesting.ancestors)}\
    if {_is_broken(nesting.ancestors)}:
        raise ApiError(404, "not found", "a record above in the path does not exist")
    return {parent.name}


{parent_type(nesting)} = Annotated[Record, Depends(parent_of_{nesting.many})]
'''


def parent_type(nesting: Nesting) -> str:
    """Return the name of the type of a parent in the path."""
    return f"ParentOf{type_name(nesting.many)}"


def child_dependency(nesting: Nesting) -> str:
    """Return the dependency that is the record in the path, or answers 404."""
    resource = nesting.resource
    child = Ancestor(resource, resource.singular, nesting.below.links)
    chain = [*nesting.ancestors, child]
    return f'''
def child_{nesting.stem}({", ".join(_parameters(chain))}) -> Record:
    """Return the {words(resource.singular)} in the path."""
{_lookups(chain)}\
    if {_is_broken(chain)}:
        raise not_found()
    return {resource.singular}


{child_type(nesting)} = Annotated[Record, Depends(child_{nesting.stem})]
'''


def child_type(nesting: Nesting) -> str:
    """Return the name of the type of a record in the path."""
    return f"Child{type_name(nesting.stem)}"


def child_arguments(nesting: Nesting) -> str:
    """Return the arguments of a route of one record."""
    resource = nesting.resource
    table = f"{resource.module}: {table_type(resource)}"
    return f"{resource.singular}: {child_type(nesting)}, {table}"


def _parameters(chain: Sequence[Ancestor]) -> Iterator[str]:
    for item in chain:
        yield f"{item.key}: {item.resource.key_type}"
    for resource in dict.fromkeys(item.resource.name for item in chain):
        table = next(item.resource for item in chain if item.resource.name == resource)
        yield f"{table.module}: {table_type(table)}"


def _lookups(chain: Sequence[Ancestor]) -> str:
    return "".join(f"    {item.name} = {item.resource.module}.get({item.key})\n" for item in chain)


def _is_broken(chain: Sequence[Ancestor]) -> str:
    conditions = []
    for index, item in enumerate(chain):
        conditions.append(f"{item.name} is None")
        if index:
            above = chain[index - 1].name
            conditions.append(_has_other_parent(item, above))
    return " or ".join(conditions)


def _has_other_parent(item: Ancestor, above: str) -> str:
    if len(item.links) == 1:
        link = json.dumps(item.links[0])
        return f'str({item.name}.get({link})) != str({above}["id"])'
    links = ", ".join(json.dumps(link) for link in item.links)
    return f'str({above}["id"]) not in [str({item.name}.get(link)) for link in ({links})]'


def arguments(nesting: Nesting) -> str:
    """Return the arguments of a route of the collection."""
    resource = nesting.resource
    return (
        f"{nesting.parent.name}: {parent_type(nesting)}, {resource.module}: {table_type(resource)}"
    )
