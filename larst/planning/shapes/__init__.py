"""Shapes: a request without its values, how REST reads its path, and what a planner sees of it."""

from __future__ import annotations

from larst.planning.reading.nouns import folded, link_candidates, link_fields_of, new_link, singular
from larst.planning.shapes.binding import Binding, bind, read_leniently
from larst.planning.shapes.links import is_singleton
from larst.planning.shapes.memory import ShapeMemory
from larst.planning.shapes.request import ShapedRequest, shape_request
from larst.planning.shapes.rest_path import RestPath, is_plain_path
from larst.planning.shapes.shape import SEARCH_VERBS, Segment, Shape
from larst.planning.shapes.sketch import sketch_of_schema, sketches_of_schemas, with_vocabulary
from larst.planning.shapes.watching import watched_records

__all__ = [
    "SEARCH_VERBS",
    "Binding",
    "RestPath",
    "Segment",
    "Shape",
    "ShapeMemory",
    "ShapedRequest",
    "bind",
    "folded",
    "is_plain_path",
    "is_singleton",
    "link_candidates",
    "link_fields_of",
    "new_link",
    "read_leniently",
    "shape_request",
    "singular",
    "sketch_of_schema",
    "sketches_of_schemas",
    "watched_records",
    "with_vocabulary",
]
