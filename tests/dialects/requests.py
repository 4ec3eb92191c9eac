"""Every request that the tests of the dialects send, and how many there are of each server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from tests.dialects.changes import CHANGES
from tests.dialects.forms import FORMS
from tests.planning.reading.requests import BY_DIALECT

HEADERS: Mapping[str, str] = {"Spring": "spring"}
"""The dialects that decide what a request means; the others are sent without a header."""

_TITLES: Mapping[str, str] = {
    "larst": "LARST",
    "json-server": "json-server 0.17",
    "json-server-1": "json-server 1",
    "simple-rest": "simple REST",
    "postgrest": "PostgREST",
    "odata": "OData",
    "jsonapi": "JSON:API",
    "drf": "Django REST framework",
    "strapi": "Strapi",
    "rails": "Rails",
    "pocketbase": "PocketBase",
    "directus": "Directus",
    "parse": "Parse",
    "loopback": "LoopBack",
    "stripe": "Stripe",
    "datatables": "DataTables",
    "firebase": "Firebase",
    "github": "GitHub",
    "laravel": "Laravel",
    "nestjsx": "NestJS",
    "restheart": "RESTHeart",
}


def counts() -> Mapping[str, int]:
    """Return the number of requests by the server whose clients write them."""
    counter = Counter({name: len(rows) for name, rows in BY_DIALECT.items()})
    dialects = [row.dialect for row in CHANGES] + [row.dialect for row in FORMS]
    counter.update(_TITLES.get(name, name) for name in dialects)
    return dict(sorted(counter.items(), key=lambda item: item[0].lower()))
