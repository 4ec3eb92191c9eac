"""The dialects: what clients of each server expect in replies, and how they ask. Data.

A dialect decides the form of replies and a few habits of its server; what a request asks for is
read alike in all of them. `docs/dialects.md` is made from this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

DeleteReply = Literal["empty", "object", "record"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """One dialect.

    `list_form` and `record_form` name templates of forms.py. `delete_reply`: 204 without a body,
    200 with `{}`, or 200 with the record. `creates_on_put`: PUT to a missing id creates it.
    `created_status`: the status of a reply with a new record.
    `updates_by_post`: POST to a record's own path changes fields of it.
    `ignores_unknown`: unknown query keys are dropped, as the server does. `has_camel_links`: a new
    link field is `postId`, not `post_id`. `has_empty_404`: the body of a 404 is `{}`. `cascades`:
    deleting a record deletes its children. `matches_parts`: `filter[title]=part` matches a part
    where no record has the whole text. `selects_id`: a selection of fields always shows the id too.
    `sorts_by_code_points`: upper case sorts before lower case, as the server's database does it:
    json-server issue 522, PocketBase issue 4580, Parse issue 3973, MongoDB's binary comparison,
    the collation C.UTF-8 of hosted Supabase, Firebase's order of strings.
    """

    name: str
    title: str
    list_form: str = "bare"
    record_form: str = "bare"
    delete_reply: DeleteReply = "empty"
    creates_on_put: bool = False
    created_status: int = 201
    updates_by_post: bool = False
    ignores_unknown: bool = False
    has_camel_links: bool = False
    has_empty_404: bool = False
    cascades: bool = False
    page_base: int = 1
    page_size: int = 10
    answers_range_with_206: bool = False
    matches_parts: bool = False
    selects_id: bool = False
    sorts_by_code_points: bool = False


_ALL = (
    Dialect("larst", "LARST", list_form="larst"),
    Dialect(
        "json-server",
        "json-server 0.17, jsonplaceholder, ra-data-json-server, refine simple-rest",
        delete_reply="object",
        ignores_unknown=True,
        has_camel_links=True,
        has_empty_404=True,
        cascades=True,
        sorts_by_code_points=True,
    ),
    Dialect(
        "json-server-1",
        "json-server 1",
        list_form="json-server-1",
        delete_reply="record",
        has_camel_links=True,
        sorts_by_code_points=True,
    ),
    Dialect(
        "simple-rest",
        "react-admin simple REST",
        delete_reply="record",
        has_camel_links=True,
    ),
    Dialect(
        "postgrest",
        "PostgREST, Supabase",
        answers_range_with_206=True,
        sorts_by_code_points=True,
    ),
    Dialect("odata", "OData 4", list_form="odata", has_camel_links=True),
    Dialect("jsonapi", "JSON:API", list_form="jsonapi", record_form="jsonapi", selects_id=True),
    Dialect("drf", "Django REST framework", list_form="drf"),
    Dialect(
        "spring", "Spring Data", list_form="spring", page_base=0, page_size=20, has_camel_links=True
    ),
    Dialect(
        "strapi",
        "Strapi 4 and 5",
        list_form="strapi",
        record_form="strapi",
        delete_reply="record",
        page_size=25,
        selects_id=True,
    ),
    Dialect("loopback", "LoopBack 3 and 4", has_camel_links=True),
    Dialect(
        "feathers",
        "Feathers",
        list_form="feathers",
        delete_reply="record",
        has_camel_links=True,
        selects_id=True,
    ),
    Dialect(
        "restheart", "RESTHeart, Mongo-style filters", selects_id=True, sorts_by_code_points=True
    ),
    Dialect(
        "eve", "Eve", list_form="eve", page_size=25, selects_id=True, sorts_by_code_points=True
    ),
    Dialect("parse", "Parse", list_form="parse", delete_reply="object", sorts_by_code_points=True),
    Dialect("nestjsx", "@nestjsx/crud", list_form="nestjsx", has_camel_links=True),
    Dialect(
        "laravel",
        "Laravel API resources",
        list_form="laravel",
        record_form="data",
        page_size=15,
        matches_parts=True,
    ),
    Dialect("rails", "Rails"),
    Dialect(
        "pocketbase",
        "PocketBase",
        list_form="pocketbase",
        record_form="pocketbase",
        page_size=30,
        created_status=200,
        sorts_by_code_points=True,
    ),
    Dialect("directus", "Directus", list_form="data", record_form="data", created_status=200),
    Dialect(
        "firebase",
        "Firebase Realtime Database",
        list_form="by-id",
        delete_reply="object",
        creates_on_put=True,
        created_status=200,
        sorts_by_code_points=True,
    ),
    Dialect("github", "GitHub-style REST", page_size=30),
    Dialect(
        "stripe",
        "Stripe",
        list_form="stripe",
        delete_reply="record",
        created_status=200,
        updates_by_post=True,
    ),
    Dialect("google", "Google AIP", list_form="google", delete_reply="object"),
    Dialect("cursor", "cursor paging", list_form="cursor"),
    Dialect("datatables", "DataTables", list_form="datatables"),
)
DIALECTS: Mapping[str, Dialect] = {dialect.name: dialect for dialect in _ALL}
"""Every dialect, by its name: the values of X-LARST-Dialect and LARS_DIALECT."""

LARST = DIALECTS["larst"]
