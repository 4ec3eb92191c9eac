"""One refusal leaves per iteration of the event loop, in the order of arrival."""

from __future__ import annotations

import asyncio

from larst.http.refusal_throttle import RefusalThrottle


async def test_one_refusal_leaves_per_iteration_in_order() -> None:
    throttle = RefusalThrottle()
    refused: list[int] = []

    async def refuse(number: int) -> None:
        await throttle.wait()
        refused.append(number)

    waiting = [asyncio.ensure_future(refuse(number)) for number in range(5)]
    counts = []
    while len(refused) < 5:
        await asyncio.sleep(0)
        counts.append(len(refused))

    assert refused == [0, 1, 2, 3, 4]
    assert set(counts) == {0, 1, 2, 3, 4, 5}, "two left in one iteration"
    await asyncio.gather(*waiting)


async def test_a_client_that_has_left_does_not_block_the_others() -> None:
    throttle = RefusalThrottle()
    leaving = asyncio.ensure_future(throttle.wait())
    staying = asyncio.ensure_future(throttle.wait())
    await asyncio.sleep(0)
    leaving.cancel()

    async with asyncio.timeout(5):
        await staying
        await throttle.wait()

    assert leaving.cancelled()
