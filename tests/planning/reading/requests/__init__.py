"""Requests as users of each server write them, with the ids of the records that they mean. Data.

Each row: a target, and the expected ids. Spaces stand for `+`, as browsers and clients encode them.
"""

from __future__ import annotations

from collections.abc import Mapping

from larst.domain import Json
from tests.planning.reading.requests.expressions import ODATA, RSQL, SPRING
from tests.planning.reading.requests.filters import FILTERS
from tests.planning.reading.requests.frameworks import LARAVEL, NESTJS, RAILS
from tests.planning.reading.requests.json_server import JSON_SERVER, JSON_SERVER_1, SIMPLE_REST
from tests.planning.reading.requests.jsonapi import DRF, JSON_API
from tests.planning.reading.requests.mongo import MONGO
from tests.planning.reading.requests.nested_filters import NESTED_FILTERS
from tests.planning.reading.requests.node import FEATHERS, LOOPBACK, STRAPI
from tests.planning.reading.requests.paging import DATATABLES, PAGING, SORTING
from tests.planning.reading.requests.postgrest import POSTGREST
from tests.planning.reading.requests.public import GITHUB, GOOGLE, STRIPE
from tests.planning.reading.requests.services import DIRECTUS, FIREBASE, POCKETBASE
from tests.planning.reading.requests.sets import Row

BY_DIALECT: Mapping[str, list[Row]] = {
    "json-server 0.17": JSON_SERVER,
    "json-server 1": JSON_SERVER_1,
    "simple REST": SIMPLE_REST,
    "PostgREST": POSTGREST,
    "OData": ODATA,
    "JSON:API": JSON_API,
    "Django REST framework": DRF,
    "Spring": SPRING,
    "RSQL and RQL": RSQL,
    "Strapi": STRAPI,
    "LoopBack": LOOPBACK,
    "Feathers": FEATHERS,
    "Mongo style": MONGO,
    "NestJS": NESTJS,
    "Laravel": LARAVEL,
    "Rails": RAILS,
    "PocketBase": POCKETBASE,
    "Directus": DIRECTUS,
    "Firebase": FIREBASE,
    "GitHub": GITHUB,
    "Stripe": STRIPE,
    "Google": GOOGLE,
    "paging": PAGING,
    "sorting": SORTING,
    "filters": FILTERS,
    "nested filters": NESTED_FILTERS,
    "DataTables": DATATABLES,
}
OPTIONS: Mapping[str, Mapping[str, Json]] = {
    "Spring": {"page_base": 0},
    "Laravel": {"matches_parts": True},
}
"""What the dialect decides, as the table of dialects has it."""
