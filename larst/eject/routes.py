"""The routes of a resource as Python source. Pure."""

from __future__ import annotations

from larst.eject.below import below_blocks
from larst.eject.description import Api, Resource
from larst.eject.nesting import nesting_of
from larst.eject.source import module
from larst.eject.table import table_type
from larst.openapi.names import snake_case, with_article, words


def routes_source(api: Api, resource: Resource) -> str:
    """Return the module `routes.py` of a resource."""
    blocks = [_opening(resource), _list(resource)]
    blocks += [_search(resource, verb) for verb in resource.searches]
    blocks += [_COUNT] if resource.counts else []
    blocks.append(_CREATE_ANY if resource.creates_many else _CREATE)
    blocks += [_CHANGE_ALL] if resource.changes_many else []
    blocks += [_DELETE_ALL] if resource.deletes_many else []
    blocks.append(_RECORD)
    sources = [_filled(block, resource) for block in blocks]
    for below in resource.below:
        sources += below_blocks(api, resource, below)
    return module(
        f"The routes of {words(resource.module)}.",
        sources,
        {**own_names(api), "COLUMNS": f"{api.package}.{resource.module}.table"},
    )


def own_names(api: Api) -> dict[str, str]:
    """Return the names that modules of routes import from the project, with their modules."""
    package = api.package
    names = {
        "ApiError": f"{package}.errors",
        "not_found": f"{package}.errors",
        "Query": f"{package}.queries",
        "criteria_of": f"{package}.queries",
        "Count": f"{package}.schemas",
        "Record": f"{package}.tables",
    }
    for resource in api.resources:
        names[table_type(resource)] = f"{package}.{resource.module}.table"
        models = f"{package}.{resource.module}.models"
        forms = [form.format(resource.type_name) for form in ("New{}", "{}", "{}Changes", "{}Page")]
        forms += [nesting_of(api, resource, below).new_type for below in resource.below]
        names |= dict.fromkeys(forms, models)
    return names


def _filled(block: str, resource: Resource) -> str:
    values = {
        "PATH": resource.path,
        "MANY_WORDS": words(resource.module),
        "MANY": resource.module,
        "TABLE": table_type(resource),
        "A_RECORD": with_article(resource.singular),
        "RECORD": resource.singular,
        "TYPE": resource.type_name,
        "KEY_TYPE": resource.key_type,
        "KEY": resource.key,
    }
    for name in sorted(values, key=len, reverse=True):
        block = block.replace(f"${name}$", values[name])
    return block


def _opening(resource: Resource) -> str:
    return 'router = APIRouter(tags=["$MANY_WORDS$"])\n'


_LIST = """
@router.get("$PATH$", response_model=$TYPE$Page, response_model_exclude_unset=True)
def list_$MANY$($MANY$: $TABLE$, query: Query, response: Response) -> Record:
    \"\"\"Return a page of the $MANY_WORDS$ that meet the filters in the query.\"\"\"
    criteria = criteria_of(query.filters, COLUMNS)
    items = $MANY$.search(criteria, query.limit, query.offset, query.sort)
    total = $MANY$.count(criteria)
    response.headers["X-Total-Count"] = str(total)
    page = {"total": total, "limit": query.limit, "offset": query.offset}
    return {"items": items, "page": page}
"""


def _list(resource: Resource) -> str:
    return _LIST


def _search(resource: Resource, verb: str) -> str:
    name = snake_case(verb)
    return f"""
@router.get("$PATH$/{verb}", response_model=list[$TYPE$], response_model_exclude_unset=True)
def {name}_$MANY$($MANY$: $TABLE$, query: Query, response: Response) -> list[Record]:
    \"\"\"Return the $MANY_WORDS$ that meet the filters in the query.\"\"\"
    criteria = criteria_of(query.filters, COLUMNS)
    response.headers["X-Total-Count"] = str($MANY$.count(criteria))
    return $MANY$.search(criteria, query.limit, query.offset, query.sort)
"""


_COUNT = """
@router.get("$PATH$/count", response_model=Count)
def count_$MANY$($MANY$: $TABLE$, query: Query) -> Record:
    \"\"\"Return how many $MANY_WORDS$ meet the filters in the query.\"\"\"
    return {"count": $MANY$.count(criteria_of(query.filters, COLUMNS))}
"""
_CREATE = """
@router.post("$PATH$", status_code=201, response_model=$TYPE$, response_model_exclude_unset=True)
def create_$RECORD$(body: New$TYPE$, $MANY$: $TABLE$, response: Response) -> Record:
    \"\"\"Store $A_RECORD$.\"\"\"
    $RECORD$ = $MANY$.insert(body.model_dump(exclude_unset=True, by_alias=True))
    response.headers["Location"] = f"$PATH$/{$RECORD$['id']}"
    return $RECORD$
"""
_CREATE_ANY = """
@router.post(
    "$PATH$",
    status_code=201,
    response_model=$TYPE$ | list[$TYPE$],
    response_model_exclude_unset=True,
)
def create_$MANY$(
    body: New$TYPE$ | list[New$TYPE$], $MANY$: $TABLE$, response: Response
) -> Record | list[Record]:
    \"\"\"Store $A_RECORD$, or all of a list or none.\"\"\"
    if isinstance(body, list):
        return [
            $MANY$.insert(item.model_dump(exclude_unset=True, by_alias=True)) for item in body
        ]
    $RECORD$ = $MANY$.insert(body.model_dump(exclude_unset=True, by_alias=True))
    response.headers["Location"] = f"$PATH$/{$RECORD$['id']}"
    return $RECORD$
"""
_NO_CRITERION = """\
    if not query.filters:
        raise ApiError(
            400,
            "no criterion",
            "name what to change, as in ?status=old, or one record by its path",
        )
"""
_CHANGE_ALL = f"""
@router.patch("$PATH$")
def change_all_$MANY$(
    body: $TYPE$Changes, $MANY$: $TABLE$, query: Query
) -> dict[str, int]:
    \"\"\"Change the fields of all $MANY_WORDS$ that meet the filters in the query.\"\"\"
{_NO_CRITERION}\
    changes = body.model_dump(exclude_unset=True, by_alias=True)
    changed = $MANY$.update_where(criteria_of(query.filters, COLUMNS), changes)
    return {{"updated": len(changed)}}
"""
_DELETE_ALL = f"""
@router.delete("$PATH$")
def delete_all_$MANY$($MANY$: $TABLE$, query: Query) -> dict[str, int]:
    \"\"\"Delete all $MANY_WORDS$ that meet the filters in the query.\"\"\"
{_NO_CRITERION}\
    deleted = $MANY$.delete_where(criteria_of(query.filters, COLUMNS))
    return {{"deleted": len(deleted)}}
"""
_RECORD = """
@router.get("$PATH$/{$KEY$}", response_model=$TYPE$, response_model_exclude_unset=True)
def get_$RECORD$($KEY$: $KEY_TYPE$, $MANY$: $TABLE$) -> Record:
    \"\"\"Return $A_RECORD$.\"\"\"
    $RECORD$ = $MANY$.get($KEY$)
    if $RECORD$ is None:
        raise not_found()
    return $RECORD$


@router.put("$PATH$/{$KEY$}", response_model=$TYPE$, response_model_exclude_unset=True)
def replace_$RECORD$($KEY$: $KEY_TYPE$, body: New$TYPE$, $MANY$: $TABLE$) -> Record:
    \"\"\"Replace $A_RECORD$; its id stays.\"\"\"
    fields = body.model_dump(exclude_unset=True, by_alias=True)
    $RECORD$ = $MANY$.replace($KEY$, fields)
    if $RECORD$ is None:
        raise not_found()
    return $RECORD$


@router.patch("$PATH$/{$KEY$}", response_model=$TYPE$, response_model_exclude_unset=True)
def change_$RECORD$($KEY$: $KEY_TYPE$, body: $TYPE$Changes, $MANY$: $TABLE$) -> Record:
    \"\"\"Change fields of $A_RECORD$.\"\"\"
    changes = body.model_dump(exclude_unset=True, by_alias=True)
    $RECORD$ = $MANY$.update($KEY$, changes)
    if $RECORD$ is None:
        raise not_found()
    return $RECORD$


@router.delete("$PATH$/{$KEY$}", status_code=204)
def delete_$RECORD$($KEY$: $KEY_TYPE$, $MANY$: $TABLE$) -> None:
    \"\"\"Delete $A_RECORD$.\"\"\"
    if not $MANY$.delete($KEY$):
        raise not_found()
"""
