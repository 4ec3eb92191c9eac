"""The operations of a session's API, one row each. Data only; operations.py reads it.

`{one}` and `{many}` are names of the resource, `order_line` and `order_lines`; `{a_one}` and
`{words}` are the same in English, `an order line` and `order lines`. Below a parent, `{below}` is
`order_`, `{of_parent}` is ` of an order`, and `{for_parent}` is ` for an order`; elsewhere they are
empty.
"""

from __future__ import annotations

from typing import TypeAlias

from larst.openapi.operations import FILTERS, Operation, Reply

Table: TypeAlias = tuple[Operation, ...]
"""The operations of one path."""

_LIST_PARAMETERS = ("Limit", "Offset", "Sort", "Text", FILTERS)
_LIST_HEADERS = ("X-Total-Count", "Content-Range", "Link", "X-LARST-Reading")
_IN_ONE_TRANSACTION = "All matching records change in one transaction."

_WATCH = (
    "To follow changes, send `Accept: text/event-stream`, or add `watch` to the query: first comes"
    " the state, then an event for each change, with an id for `Last-Event-ID`."
)

_CHANGE_MANY = (
    Operation(
        "put",
        "replace_several_{below}{many}",
        "Replace several {words}{of_parent}",
        (Reply("200", "The stored records.", "list"),),
        description="Each record replaces the stored one that has its id: all of them or none.",
        body="many new",
        errors=("NotFound", "SchemaBroken"),
    ),
    Operation(
        "patch",
        "update_matching_{below}{many}",
        "Update all matching {words}{of_parent}",
        (Reply("200", "The number of updated records.", "updated"),),
        description=_IN_ONE_TRANSACTION,
        parameters=("Filter",),
        body="changes",
        errors=("NotFound", "SchemaBroken"),
    ),
    Operation(
        "delete",
        "delete_matching_{below}{many}",
        "Delete all matching {words}{of_parent}",
        (Reply("200", "The number of deleted records.", "deleted"),),
        description=_IN_ONE_TRANSACTION,
        parameters=("Filter",),
        errors=("NotFound",),
    ),
)

COLLECTION: Table = (
    Operation(
        "get",
        "list_{many}",
        "List {words}",
        (Reply("200", "A page of records.", "page", _LIST_HEADERS),),
        description=_WATCH,
        parameters=_LIST_PARAMETERS,
    ),
    Operation(
        "post",
        "create_{one}",
        "Create {a_one}",
        (Reply("201", "The stored record or records.", "one or many", ("Location",)),),
        description="A list creates several records: all of them or none.",
        body="one or many new",
        errors=("Conflict", "SchemaBroken"),
    ),
    *_CHANGE_MANY,
)
"""`/{resource}`"""

SEARCH: Table = (
    Operation(
        "get",
        "search_{many}",
        "Search {words}",
        (Reply("200", "The matching records.", "matches", _LIST_HEADERS),),
        parameters=_LIST_PARAMETERS,
    ),
    Operation(
        "post",
        "search_{many}_by_body",
        "Search {words} by a body",
        (Reply("200", "The matching records.", "matches", _LIST_HEADERS),),
        description="The body holds the filters: an object of field values or comparisons.",
        parameters=_LIST_PARAMETERS,
        body="criteria",
    ),
)
"""`/{resource}/search`"""

COUNT: Table = (
    Operation(
        "get",
        "count_{many}",
        "Count {words}",
        (Reply("200", "The number of matching records.", "count"),),
        parameters=("Text", FILTERS),
    ),
)
"""`/{resource}/count`"""

SINGLETON: Table = (
    Operation(
        "get",
        "get_{many}",
        "Get {words}",
        (Reply("200", "The object.", "object"),),
        errors=("NotFound",),
    ),
    Operation(
        "put",
        "replace_{many}",
        "Replace {words}",
        (
            Reply("200", "The stored object.", "object"),
            Reply("201", "The stored object, if it is new.", "object"),
        ),
        body="object",
        errors=("PreconditionFailed", "SchemaBroken"),
    ),
    Operation(
        "patch",
        "update_{many}",
        "Update {words}",
        (Reply("200", "The stored object.", "object"),),
        description="Fields that the body does not name keep their values.",
        body="object or patch",
        errors=("NotFound", "Conflict", "PreconditionFailed", "SchemaBroken"),
    ),
    Operation(
        "delete",
        "delete_{many}",
        "Delete {words}",
        (Reply("204", "The object is deleted."),),
        errors=("NotFound", "PreconditionFailed"),
    ),
)
"""`/{resource}`, where the resource is a single object."""

RECORD: Table = (
    Operation(
        "get",
        "get_{one}",
        "Get {a_one}",
        (
            Reply("200", "The record.", "record", ("ETag",)),
            Reply("304", "The stored version has the ETag of `If-None-Match`."),
        ),
        description=_WATCH,
        parameters=("IfNoneMatch",),
        errors=("NotFound",),
    ),
    Operation(
        "put",
        "replace_{one}",
        "Replace {a_one}",
        (Reply("200", "The stored record.", "record"),),
        description="The id stays the same.",
        body="new",
        errors=("NotFound", "PreconditionFailed", "SchemaBroken"),
    ),
    Operation(
        "patch",
        "update_{one}",
        "Update {a_one}",
        (Reply("200", "The stored record.", "record"),),
        description="Fields that the body does not name keep their values.",
        body="changes or patch",
        errors=("NotFound", "Conflict", "PreconditionFailed", "SchemaBroken"),
    ),
    Operation(
        "delete",
        "delete_{one}",
        "Delete {a_one}",
        (Reply("204", "The record is deleted."),),
        description="Its id is never used again.",
        errors=("NotFound", "PreconditionFailed"),
    ),
)
"""`/{resource}/{id}`"""

BELOW_PARENT: Table = (
    Operation(
        "get",
        "list_{below}{many}",
        "List {words}{of_parent}",
        (Reply("200", "A page of records.", "page", _LIST_HEADERS),),
        description=_WATCH,
        parameters=_LIST_PARAMETERS,
        errors=("NotFound",),
    ),
    Operation(
        "post",
        "create_{below}{one}",
        "Create {a_one}{for_parent}",
        (Reply("201", "The stored record.", "record", ("Location",)),),
        body="new",
        errors=("NotFound", "Conflict", "SchemaBroken"),
    ),
    *_CHANGE_MANY,
)
"""`/{parent}/{parent_id}/{resource}`"""

ANYTHING: Table = (
    Operation(
        "get",
        "list_anything",
        "List any other resource",
        (
            Reply(
                "200",
                "A page of records; empty if nothing was ever stored.",
                "page",
                _LIST_HEADERS,
            ),
        ),
    ),
    Operation(
        "post",
        "create_anything",
        "Create a record of any other resource",
        (Reply("201", "The stored record.", "record", ("Location",)),),
        description="The first record creates the resource.",
        body="new",
        errors=("Conflict", "SchemaBroken"),
    ),
    Operation(
        "patch",
        "update_anything",
        "Update all matching records of any other resource",
        (Reply("200", "The number of updated records.", "updated"),),
        parameters=("Filter",),
        body="changes",
    ),
    Operation(
        "delete",
        "delete_anything",
        "Delete all matching records of any other resource",
        (Reply("200", "The number of deleted records.", "deleted"),),
        parameters=("Filter",),
    ),
)
"""`/{resource}`, where the name stands for any resource that the document does not list."""
