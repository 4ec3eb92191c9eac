"""The routes of a resource below other records as Python source. Pure."""

from __future__ import annotations

import json

from larst.eject.dependencies import (
    arguments,
    child_arguments,
    child_dependency,
    child_type,
    parent_dependency,
)
from larst.eject.description import Api, Below, Resource
from larst.eject.nesting import Nesting, nesting_of
from larst.openapi.names import with_article, words


def below_blocks(api: Api, resource: Resource, below: Below) -> list[str]:
    """Return the routes of the resource below its parent."""
    nesting = nesting_of(api, resource, below)
    blocks: list[str] = []
    if below.methods:
        blocks.append(parent_dependency(nesting))
        blocks += [
            block(nesting) for method, block in _COLLECTION.items() if method in below.methods
        ]
    if below.record_methods:
        blocks.append(child_dependency(nesting))
        blocks += [
            block(nesting) for method, block in _RECORD.items() if method in below.record_methods
        ]
    return blocks


def _criteria(nesting: Nesting) -> str:
    parent = nesting.parent.name
    links = ", ".join(f'{json.dumps(link)}: {parent}["id"]' for link in nesting.below.links)
    own = f'{{"|": {{{links}}}}}' if len(nesting.below.links) > 1 else f"{{{links}}}"
    return f'{{"&": [criteria_of(query.filters, COLUMNS), {own}]}}'


def _list(nesting: Nesting) -> str:
    resource, many = nesting.resource, nesting.resource.module
    a_parent = with_article(nesting.parent.name)
    return f'''
@router.get(
    "{nesting.path}",
    response_model={resource.type_name}Page,
    response_model_exclude_unset=True,
)
def list_{nesting.many}({arguments(nesting)}, query: Query, response: Response) -> Record:
    """Return a page of the {words(many)} of {a_parent} that meet the filters in the query."""
    criteria = {_criteria(nesting)}
    items = {many}.search(criteria, query.limit, query.offset, query.sort)
    total = {many}.count(criteria)
    response.headers["X-Total-Count"] = str(total)
    page = {{"total": total, "limit": query.limit, "offset": query.offset}}
    return {{"items": items, "page": page}}
'''


def _create(nesting: Nesting) -> str:
    resource, parent, below = nesting.resource, nesting.parent.name, nesting.below
    singular, many, model = resource.singular, resource.module, nesting.new_type
    link = json.dumps(below.links[0])
    if below.creates_many:
        return _create_any(nesting)
    return f'''
@router.post(
    "{nesting.path}",
    status_code=201,
    response_model={resource.type_name},
    response_model_exclude_unset=True,
)
def create_{nesting.stem}(body: {model}, {arguments(nesting)}, response: Response) -> Record:
    """Store {with_article(singular)} of {with_article(parent)}."""
    fields = body.model_dump(exclude_unset=True, by_alias=True)
    if str(fields.get({link}, {parent}["id"])) != str({parent}["id"]):
        raise ApiError(
            409, "other parent", "the body names another parent than the path; send one of them"
        )
    {singular} = {many}.insert({{**fields, {link}: {parent}["id"]}})
    response.headers["Location"] = f"{resource.path}/{{{singular}['id']}}"
    return {singular}
'''


def _create_any(nesting: Nesting) -> str:
    resource, parent, below = nesting.resource, nesting.parent.name, nesting.below
    singular, many, model = resource.singular, resource.module, nesting.new_type
    link = json.dumps(below.links[0])
    return f'''
@router.post(
    "{nesting.path}",
    status_code=201,
    response_model={resource.type_name} | list[{resource.type_name}],
    response_model_exclude_unset=True,
)
def create_{nesting.many}(
    body: {model} | list[{model}], {arguments(nesting)}, response: Response
) -> Record | list[Record]:
    """Store {with_article(singular)} of {with_article(parent)}, or all of a list or none."""
    created = []
    for item in body if isinstance(body, list) else [body]:
        fields = item.model_dump(exclude_unset=True, by_alias=True)
        if str(fields.get({link}, {parent}["id"])) != str({parent}["id"]):
            raise ApiError(
                409, "other parent", "the body names another parent than the path; send one of them"
            )
        created.append({many}.insert({{**fields, {link}: {parent}["id"]}}))
    if isinstance(body, list):
        return created
    response.headers["Location"] = f"{resource.path}/{{created[0]['id']}}"
    return created[0]
'''


_NO_CRITERION = """\
    if not query.filters:
        raise ApiError(
            400,
            "no criterion",
            "name what to change, as in ?status=old, or one record by its path",
        )
"""


def _change_all(nesting: Nesting) -> str:
    resource, many = nesting.resource, nesting.resource.module
    return f'''
@router.patch("{nesting.path}")
def change_all_{nesting.many}(
    body: {resource.type_name}Changes, {arguments(nesting)}, query: Query
) -> dict[str, int]:
    """Change the {words(many)} of {with_article(nesting.parent.name)} that meet the filters."""
{_NO_CRITERION}\
    changes = body.model_dump(exclude_unset=True, by_alias=True)
    changed = {many}.update_where({_criteria(nesting)}, changes)
    return {{"updated": len(changed)}}
'''


def _delete_all(nesting: Nesting) -> str:
    many = nesting.resource.module
    return f'''
@router.delete("{nesting.path}")
def delete_all_{nesting.many}({arguments(nesting)}, query: Query) -> dict[str, int]:
    """Delete the {words(many)} of {with_article(nesting.parent.name)} that meet the filters."""
{_NO_CRITERION}\
    deleted = {many}.delete_where({_criteria(nesting)})
    return {{"deleted": len(deleted)}}
'''


def _get_child(nesting: Nesting) -> str:
    resource, singular = nesting.resource, nesting.resource.singular
    return f'''
@router.get(
    "{nesting.path}/{{{resource.key}}}",
    response_model={resource.type_name},
    response_model_exclude_unset=True,
)
def get_{nesting.stem}({singular}: {child_type(nesting)}) -> Record:
    """Return {with_article(singular)} of {with_article(nesting.parent.name)}."""
    return {singular}
'''


def _change_child(nesting: Nesting) -> str:
    resource, singular, many = nesting.resource, nesting.resource.singular, nesting.resource.module
    return f'''
@router.patch(
    "{nesting.path}/{{{resource.key}}}",
    response_model={resource.type_name},
    response_model_exclude_unset=True,
)
def change_{nesting.stem}(
    body: {resource.type_name}Changes, {child_arguments(nesting)}
) -> Record | None:
    """Change fields of {with_article(singular)} of {with_article(nesting.parent.name)}."""
    return {many}.update({singular}["id"], body.model_dump(exclude_unset=True, by_alias=True))
'''


def _replace_child(nesting: Nesting) -> str:
    resource, singular, many = nesting.resource, nesting.resource.singular, nesting.resource.module
    links = ", ".join(json.dumps(link) for link in nesting.below.links)
    return f'''
@router.put(
    "{nesting.path}/{{{resource.key}}}",
    response_model={resource.type_name},
    response_model_exclude_unset=True,
)
def replace_{nesting.stem}(
    body: {nesting.new_type}, {child_arguments(nesting)}
) -> Record | None:
    """Replace {with_article(singular)}; its id and its {words(nesting.parent.name)} stay."""
    links = {{link: {singular}[link] for link in ({links},) if link in {singular}}}
    fields = body.model_dump(exclude_unset=True, by_alias=True)
    return {many}.replace({singular}["id"], {{**fields, **links}})
'''


def _delete_child(nesting: Nesting) -> str:
    resource, singular, many = nesting.resource, nesting.resource.singular, nesting.resource.module
    return f'''
@router.delete("{nesting.path}/{{{resource.key}}}", status_code=204)
def delete_{nesting.stem}({child_arguments(nesting)}) -> None:
    """Delete {with_article(singular)} of {with_article(nesting.parent.name)}."""
    {many}.delete({singular}["id"])
'''


_COLLECTION = {
    "GET": _list,
    "POST": _create,
    "PATCH": _change_all,
    "DELETE": _delete_all,
}
_RECORD = {
    "GET": _get_child,
    "PUT": _replace_child,
    "PATCH": _change_child,
    "DELETE": _delete_child,
}
