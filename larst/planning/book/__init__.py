"""The plan book: plans by shape, stored as readable files."""

from __future__ import annotations

from larst.planning.book.book import PlanBook
from larst.planning.book.files import BookEntry, PlanState

__all__ = ["BookEntry", "PlanBook", "PlanState"]
