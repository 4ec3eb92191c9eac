"""Values that are made for each request: immutable for the type checker, cheap at run time.

A frozen dataclass takes three times as long to create (3 us for ten fields, Python 3.11), and a
request makes a dozen of them. Must be used only where that is measured; all other values are frozen
at run time, too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar, dataclass_transform

Value = TypeVar("Value")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value_object(cls: type[Value]) -> type[Value]:
    """Make a class a dataclass whose fields must not be assigned: mypy reports it.

    It has slots, unless cached properties need a dict.

    >>> @value_object
    ... class Point:
    ...     x: int
    ...     y: int = 0
    >>> Point(1)
    Point(x=1, y=0)
    """
    has_cache = any(isinstance(item, cached_property) for item in vars(cls).values())
    return dataclass(slots=not has_cache)(cls)
