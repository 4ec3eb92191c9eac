"""The plan book: plans by shape, stored as readable files."""

from __future__ import annotations

from larst.planning.book.book import PlanBook
from larst.planning.book.files import NOT_SERVING, BookEntry, PlanState
from larst.planning.book.tenant_book import Plans, TenantBook
from larst.planning.book.versions import new_version

__all__ = [
    "NOT_SERVING",
    "BookEntry",
    "PlanBook",
    "PlanState",
    "Plans",
    "TenantBook",
    "new_version",
]
