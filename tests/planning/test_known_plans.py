"""Plans that need no second search, as long as the plan book has not changed."""

from __future__ import annotations

from larst.planning.book import PlanBook
from tests.fakes import ScriptedPlanner
from tests.planning.resolving import (
    GOOD,
    READS_AMOUNT,
    SHAPE,
    TRANSFER,
    learn,
    resolver_of,
    shape,
    transfer,
)


async def test_a_known_plan_serves_without_a_search(book: PlanBook) -> None:
    resolver = resolver_of(book, ScriptedPlanner({SHAPE: [GOOD]}))
    await learn(resolver, shape())
    first = resolver.find(shape())

    assert resolver.find(shape()) is first
    assert resolver._known.get(shape().key) is first


async def test_a_rejected_plan_serves_no_more(book: PlanBook) -> None:
    """A user's decision counts at once."""
    resolver = resolver_of(book, ScriptedPlanner({SHAPE: [GOOD]}))
    ready = await learn(resolver, shape())
    assert resolver.find(shape()) is not None

    book.set_state(ready.key, "rejected")

    assert resolver.find(shape()) is None


async def test_a_removed_plan_serves_no_more(book: PlanBook) -> None:
    resolver = resolver_of(book, ScriptedPlanner({SHAPE: [GOOD]}))
    ready = await learn(resolver, shape())
    assert resolver.find(shape()) is not None

    book.remove(ready.key)

    assert resolver.find(shape()) is None


async def test_a_pinned_plan_is_known_as_pinned(book: PlanBook) -> None:
    resolver = resolver_of(book, ScriptedPlanner({SHAPE: [GOOD]}))
    ready = await learn(resolver, shape())
    assert resolver.find(shape()) is not None

    book.set_state(ready.key, "pinned")

    pinned = resolver.find(shape())
    assert pinned is not None
    assert pinned.is_pinned


async def test_a_plan_with_a_condition_is_searched_each_time(book: PlanBook) -> None:
    """It serves some requests of its shape only."""
    resolver = resolver_of(book, ScriptedPlanner({TRANSFER: [READS_AMOUNT]}, based_on="sketch"))
    await learn(resolver, transfer(b'{"amount": 5}'))

    assert resolver.find(transfer(b'{"amount": 6}')) is not None
    assert resolver._known.get(transfer(b'{"amount": 6}').key) is None
    assert resolver.find(transfer(b'{"sum": 6}')) is None


async def test_a_use_does_not_make_plans_unknown(book: PlanBook) -> None:
    """Each request counts a use."""
    resolver = resolver_of(book, ScriptedPlanner({SHAPE: [GOOD]}))
    ready = await learn(resolver, shape())
    resolver.find(shape())
    generation = book.generation

    book.count_use(ready.key, "session-1")
    assert book.get(ready.key) is not None

    assert book.generation == generation
