"""JSON values and records, as types."""

from __future__ import annotations

from typing import Any, TypeAlias

Json: TypeAlias = Any
"""A JSON value: None, bool, int (64 bits), finite float, str, list, or dict with str keys."""

Record: TypeAlias = dict[str, Json]
"""A JSON object with an `id`. Never changed once stored: an update stores a new object."""

RecordId: TypeAlias = int | str
"""An id as clients write it; `1` and `"1"` identify the same record."""

INTEGER_MIN, INTEGER_MAX = -(2**63), 2**64 - 1
"""The integers that JSON readers and the files keep exactly: signed and unsigned 64 bits."""

SINGLETON_ID = "@singleton"
"""The id of the only record of a singleton: `/settings` is an object, not a list."""

SINGLETON_OWN_ID = "@singleton.id"
"""The stored name of a field `id` that a singleton has itself."""
