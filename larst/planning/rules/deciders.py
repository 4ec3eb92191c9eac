"""Chooses the programs for single objects, fields, items and linked records. Pure."""

from __future__ import annotations

from larst.domain import Action, BodyKind
from larst.planning.rules import files, lists, nested, programs, single
from larst.planning.rules.case import Case, Deciders
from larst.planning.rules.nested import children_of
from larst.planning.rules.showing import shown_record
from larst.planning.rules.text import CRITERIA, answer


def criteria_of(case: Case) -> str:
    """Return the expression that selects the records of the case."""
    return children_of(case.link, case.many) if case.is_nested else CRITERIA


def bad_body(case: Case, detail: str) -> str:
    """Return a program that refuses the body."""
    if case.shape.body is BodyKind.TEXT:
        return files.unsupported()
    return answer(400, {"error": "bad body", "detail": detail})


def _get_singleton(case: Case) -> tuple[Action, str]:
    return "get", single.get_singleton(shown_record(case.shape.asks))


def _put_singleton(case: Case) -> tuple[Action, str]:
    if not case.has_object():
        return "replace", bad_body(case, "PUT needs a JSON object")
    return "replace", single.put_singleton(is_create=False)


def _post_singleton(case: Case) -> tuple[Action, str]:
    if not case.has_object():
        detail = f"{case.collection} is a single object: POST or PUT a JSON object"
        return "create", bad_body(case, detail)
    return "create", single.put_singleton(is_create=True)


def _patch_singleton(case: Case) -> tuple[Action, str]:
    if case.shape.body not in (BodyKind.OBJECT, BodyKind.PATCH):
        return "patch", bad_body(case, "PATCH needs a JSON object of the fields to change")
    return "patch", single.patch_singleton(is_patch=case.shape.body is BodyKind.PATCH)


def _delete_singleton(case: Case) -> tuple[Action, str]:
    return "delete", single.delete_singleton(returns_record=case.asks("records"))


def _database(case: Case) -> tuple[Action, str]:
    del case
    return "custom", single.database()


def _latest(case: Case) -> tuple[Action, str]:
    if case.path.is_first:
        lines = single.first(criteria_of(case), is_sorted=case.asks("sort"))
        return "get", lines + programs.show(case.shape.asks)
    if case.asks("limit"):
        return "custom", single.latest_of(criteria_of(case))
    lines = single.latest(criteria_of(case))
    return "get", lines + programs.show(case.shape.asks)


def _to_one(case: Case) -> tuple[Action, str]:
    assert case.many is not None  # noqa: S101 - such a path has this link
    return "get", programs.on_record(nested.to_one(case.many), case.shape.asks)


def _get_field(case: Case) -> tuple[Action, str]:
    if case.path.field == files.CONTENT and not case.path.is_singleton:
        return "custom", files.get_content()
    return "custom", single.get_field(case.path.field or "")


def _set_field(case: Case) -> tuple[Action, str]:
    if case.shape.body in (BodyKind.NONE, BodyKind.TEXT):
        return "custom", bad_body(case, "PUT needs the new value of the field, as JSON")
    return "custom", single.set_field(case.path.field or "")


def _patch_field(case: Case) -> tuple[Action, str]:
    if case.shape.body in (BodyKind.SCALAR, BodyKind.LIST):
        return _set_field(case)  # PATCH /posts/3/status "draft"
    if not case.has_object():
        return "custom", bad_body(case, "PATCH needs a JSON object of the fields to change")
    return "custom", single.patch_field(case.path.field or "")


def _append(case: Case) -> tuple[Action, str]:
    if case.shape.body in (BodyKind.NONE, BodyKind.TEXT):
        return "custom", bad_body(case, "POST needs the new item of the list, as JSON")
    return "custom", single.append_to_field(case.path.field or "", is_object=case.has_object())


def _delete_field(case: Case) -> tuple[Action, str]:
    return "custom", single.delete_field(case.path.field or "")


def _keep_id(case: Case) -> tuple[Action, str]:
    del case
    return "custom", answer(400, lists.ID_CHANGED)


def _item(case: Case) -> tuple[Action, str]:
    method = case.shape.method
    if method in ("PUT", "PATCH") and not case.has_object():
        return "custom", bad_body(case, f"{method} needs a JSON object")
    if method == "GET" and case.shape.path[-1].text == files.CONTENT:
        return "custom", files.get_content(case.path.field)
    return "custom", single.item(case.path.field or "", method)


def _link(case: Case) -> tuple[Action, str]:
    assert case.many is not None  # noqa: S101 - such a path has this link
    parent = case.path.parents[-1].resource
    return "replace", nested.link(parent, case.many, has_payload=case.has_object())


def _unlink(case: Case) -> tuple[Action, str]:
    assert case.many is not None  # noqa: S101 - such a path has this link
    return "delete", nested.unlink(case.path.parents[-1].resource, case.many)


def _create_linked(case: Case) -> tuple[Action, str]:
    assert case.many is not None  # noqa: S101 - such a path has this link
    if not case.has_object():
        return "create", bad_body(case, "POST needs a JSON object")
    parent = case.path.parents[-1].resource
    return "create", nested.create_linked(parent, case.many, case.collection)


def _list_linked(case: Case) -> tuple[Action, str]:
    criteria = criteria_of(case)
    if case.asks("search"):
        return "search", lists.page_of_records(case.shape.asks, criteria, is_plain=True)
    return "list", lists.page_of_records(case.shape.asks, criteria, is_plain=False)


ON_SINGLETON: Deciders = {
    "GET": _get_singleton,
    "POST": _post_singleton,
    "PUT": _put_singleton,
    "PATCH": _patch_singleton,
    "DELETE": _delete_singleton,
}
ON_DATABASE: Deciders = {"GET": _database}
ON_LATEST: Deciders = {"GET": _latest}
ON_TO_ONE: Deciders = {"GET": _to_one}
ON_FIELD: Deciders = {
    "GET": _get_field,
    "POST": _append,
    "PUT": _set_field,
    "PATCH": _patch_field,
    "DELETE": _delete_field,
}
ON_ID: Deciders = {
    "GET": _get_field,
    "PUT": _keep_id,
    "PATCH": _keep_id,
    "DELETE": _keep_id,
}
"""The path of a record's own id."""
ON_ITEM: Deciders = {"GET": _item, "PUT": _item, "PATCH": _item, "DELETE": _item}
ON_LINKED: Deciders = {"GET": _list_linked, "POST": _create_linked}
ON_LINKED_RECORD: Deciders = {"PUT": _link, "DELETE": _unlink}
"""Only where the link is held elsewhere; the other methods are those of any record."""
