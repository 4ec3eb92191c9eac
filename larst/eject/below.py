"""The routes of a resource below other records as Python source. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from larst.eject.description import Api, Below, Resource
from larst.eject.table import table_type
from larst.openapi.names import type_name, with_article, words


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A record above in a path: its resource, its variable, and the links to the one above it."""

    resource: Resource
    name: str
    links: tuple[str, ...]

    @property
    def key(self) -> str:
        """The name of its path parameter."""
        return f"{self.name}_id"


@dataclass(frozen=True, slots=True)
class Nesting:
    """A resource below its ancestors; the last of them is its parent."""

    resource: Resource
    ancestors: tuple[Ancestor, ...]
    below: Below

    @property
    def parent(self) -> Ancestor:
        """The record directly above."""
        return self.ancestors[-1]

    @property
    def path(self) -> str:
        """The path of the collection."""
        steps = "".join(f"/{item.resource.name}/{{{item.key}}}" for item in self.ancestors)
        return f"{self.resource.prefix}{steps}/{self.resource.name}"

    @property
    def stem(self) -> str:
        """What the names of its functions have in common: `post_comment`."""
        return "_".join([*(item.name for item in self.ancestors), self.resource.singular])

    @property
    def many(self) -> str:
        """The stem for several records: `post_comments`."""
        return "_".join([*(item.name for item in self.ancestors), self.resource.module])

    @property
    def new_type(self) -> str:
        """The model of the body of a new record, which need not name its parent."""
        return f"New{type_name(self.stem)}"


def nesting_of(api: Api, resource: Resource, below: Below) -> Nesting:
    """Return the resource below the records that the steps of `below` name."""
    ancestors = []
    for step in below.steps:
        above = api.resource(step.resource)
        if above is None:
            raise LookupError(f"no resource {step.resource}")
        prefix = "parent_" if above is resource else ""
        ancestors.append(Ancestor(above, f"{prefix}{above.singular}", step.links))
    return Nesting(resource, tuple(ancestors), below)


def below_blocks(api: Api, resource: Resource, below: Below) -> list[str]:
    """Return the routes of the resource below its parent."""
    nesting = nesting_of(api, resource, below)
    blocks: list[str] = []
    if below.methods:
        blocks.append(_parent(nesting))
        blocks += [
            block(nesting) for method, block in _COLLECTION.items() if method in below.methods
        ]
    if below.record_methods:
        blocks.append(_child(nesting))
        blocks += [
            block(nesting) for method, block in _RECORD.items() if method in below.record_methods
        ]
    return blocks


def _parent(nesting: Nesting) -> str:
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


{_parent_type(nesting)} = Annotated[Record, Depends(parent_of_{nesting.many})]
'''


def _parent_type(nesting: Nesting) -> str:
    return f"ParentOf{type_name(nesting.many)}"


def _child(nesting: Nesting) -> str:
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


{_child_type(nesting)} = Annotated[Record, Depends(child_{nesting.stem})]
'''


def _child_type(nesting: Nesting) -> str:
    return f"Child{type_name(nesting.stem)}"


def _child_arguments(nesting: Nesting) -> str:
    resource = nesting.resource
    table = f"{resource.module}: {table_type(resource)}"
    return f"{resource.singular}: {_child_type(nesting)}, {table}"


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


def _criteria(nesting: Nesting) -> str:
    parent = nesting.parent.name
    links = ", ".join(f'{json.dumps(link)}: {parent}["id"]' for link in nesting.below.links)
    own = f'{{"|": {{{links}}}}}' if len(nesting.below.links) > 1 else f"{{{links}}}"
    return f'{{"&": [criteria_of(query.filters, COLUMNS), {own}]}}'


def _arguments(nesting: Nesting) -> str:
    resource = nesting.resource
    return (
        f"{nesting.parent.name}: {_parent_type(nesting)}, {resource.module}: {table_type(resource)}"
    )


def _list(nesting: Nesting) -> str:
    resource, many = nesting.resource, nesting.resource.module
    a_parent = with_article(nesting.parent.name)
    return f'''
@router.get(
    "{nesting.path}",
    response_model={resource.type_name}Page,
    response_model_exclude_unset=True,
)
def list_{nesting.many}({_arguments(nesting)}, query: Query, response: Response) -> Record:
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
def create_{nesting.stem}(body: {model}, {_arguments(nesting)}, response: Response) -> Record:
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
    body: {model} | list[{model}], {_arguments(nesting)}, response: Response
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
    body: {resource.type_name}Changes, {_arguments(nesting)}, query: Query
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
def delete_all_{nesting.many}({_arguments(nesting)}, query: Query) -> dict[str, int]:
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
def get_{nesting.stem}({singular}: {_child_type(nesting)}) -> Record:
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
    body: {resource.type_name}Changes, {_child_arguments(nesting)}
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
    body: {nesting.new_type}, {_child_arguments(nesting)}
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
def delete_{nesting.stem}({_child_arguments(nesting)}) -> None:
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
