"""The plans of each tenant: its plan book, and the pipeline that finds and makes its plans.

Tenants share nothing of planning but the planner itself, and the plans that are pinned for all:
neither plan book, nor planner calls in progress, nor knowledge of a shape.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from larst.domain import SessionKey, tenant_of
from larst.planning.book import BookEntry, PlanBook, Plans, TenantBook
from larst.session.pipeline import Pipeline
from larst.store import DataRoot


@dataclass(frozen=True, slots=True)
class TenantPlans:
    """The plan book of a tenant, all plans that may serve it, and its pipeline."""

    book: PlanBook
    plans: Plans
    pipeline: Pipeline


class Tenants:
    """Opens the plans of tenants; None is the default tenant, which is opened first."""

    def __init__(
        self,
        root: DataRoot,
        make_book: Callable[[str | None], PlanBook],
        make_pipeline: Callable[[Plans], Pipeline],
    ) -> None:
        self._root = root
        self._make_book = make_book
        self._make_pipeline = make_pipeline
        self._plans: dict[str | None, TenantPlans] = {}
        self._opening = asyncio.Lock()

    def is_open(self, tenant: str | None) -> bool:
        """Return whether the plans of a tenant are open."""
        return tenant in self._plans

    def plans(self, tenant: str | None) -> TenantPlans:
        """Return the plans of a tenant, which must be open."""
        return self._plans[tenant]

    def served(self, session_key: SessionKey) -> list[BookEntry]:
        """Return the plans that have served a session."""
        return self._plans[tenant_of(session_key)].plans.served(session_key)

    async def open(self, tenant: str | None) -> TenantPlans:
        """Open the plans of a tenant, unless they are open, and return them.

        Raises:
            ConfigError: its plan book cannot be opened.
            OSError: its directory cannot be made.
        """
        async with self._opening:
            if (plans := self._plans.get(tenant)) is not None:
                return plans
            if tenant is not None:
                await asyncio.to_thread(self._root.add_tenant, tenant)
            book = self._make_book(tenant)
            await book.open()
            view = book if tenant is None else TenantBook(book, self._plans[None].book)
            plans = self._plans[tenant] = TenantPlans(book, view, self._make_pipeline(view))
            return plans

    async def close_planning(self) -> None:
        """Cancel planner calls in progress, and close the planner."""
        for plans in self._plans.values():
            await plans.pipeline.cancel()
        if (default := self._plans.get(None)) is not None:
            await default.pipeline.close()

    async def close_books(self) -> None:
        """Write all changes of all plan books, and stop their writers."""
        await asyncio.gather(*(plans.book.close() for plans in self._plans.values()))
