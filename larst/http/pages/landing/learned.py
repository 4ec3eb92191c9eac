"""What a session has learned, for its landing page. Must never load or change a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import orjson

from larst.http.pages.landing import MAX_FORM_CHARACTERS, Sample
from larst.planning.shapes.links import is_singleton
from larst.store import SessionStore

MAX_COUNTED = 1_000
"""The resources that are counted."""

_MAX_EXAMINED = 20
_NEWCOMERS = "members"
"""The resource of the first commands: a session that has no other still gets those."""


class Learned(NamedTuple):
    """The number of records of each resource, and one of them to try."""

    resources: Mapping[str, int] = {}
    sample: Sample | None = None


async def learned_by(store: SessionStore) -> Learned:
    """Return the resources of a session."""
    counts = dict(list(store.data.counts().items())[:MAX_COUNTED])
    if counts.keys() <= {_NEWCOMERS}:
        return Learned(counts)
    names = sorted(counts, key=lambda name: (not counts[name], name == _NEWCOMERS))
    samples = [_sample(store, name) for name in names[:_MAX_EXAMINED]]
    return Learned(counts, next((sample for sample in samples if sample.form), samples[0]))


def _sample(store: SessionStore, name: str) -> Sample:
    """Return a record that exists, and the values to create another."""
    schema, id = store.data.schema(name), store.data.first_id(name)
    example = None if schema is None else schema.get("example")
    if not isinstance(example, dict) or is_singleton(schema):
        return Sample(name)
    form = orjson.dumps({key: value for key, value in example.items() if key != "id"}).decode()
    return Sample(name, _short(id), _short(form))


def _short(text: str | None) -> str | None:
    return None if text is None or len(text) > MAX_FORM_CHARACTERS else text
