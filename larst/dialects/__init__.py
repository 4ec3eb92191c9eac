"""Dialects: which servers' clients are understood, how they show, and what they want back.

Pure data and templates. Must never decide which records a request means: all dialects ask alike.
"""

from __future__ import annotations

from larst.dialects.forms import list_body, record_body
from larst.dialects.marks import Detected, detect
from larst.dialects.pages import ListPage
from larst.dialects.table import DIALECTS, LARST, Dialect

__all__ = [
    "DIALECTS",
    "LARST",
    "Detected",
    "Dialect",
    "ListPage",
    "detect",
    "list_body",
    "record_body",
]
