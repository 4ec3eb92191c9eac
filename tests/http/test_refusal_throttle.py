"""Refusals leave one in each turn of the loop, in their order."""

from __future__ import annotations

import asyncio

from larst.http.refusal_throttle import RefusalThrottle


async def test_one_leaves_in_each_turn_in_order() -> None:
    pacer = RefusalThrottle()
    left: list[int] = []

    async def refuse(number: int) -> None:
        await pacer.turn()
        left.append(number)

    waiting = [asyncio.ensure_future(refuse(number)) for number in range(5)]
    seen = []
    while len(left) < 5:
        await asyncio.sleep(0)
        seen.append(len(left))

    assert left == [0, 1, 2, 3, 4]
    assert set(seen) == {0, 1, 2, 3, 4, 5}, "two left in one turn"
    await asyncio.gather(*waiting)


async def test_one_whose_client_left_stops_nobody() -> None:
    pacer = RefusalThrottle()
    gone = asyncio.ensure_future(pacer.turn())
    staying = asyncio.ensure_future(pacer.turn())
    await asyncio.sleep(0)
    gone.cancel()

    async with asyncio.timeout(5):
        await staying
        await pacer.turn()

    assert gone.cancelled()
