"""A test collector in a thread of its own, for a service that many tests share."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from threading import Thread
from typing import Any

from tests.wire.collector import Collector, ReceivedSpan


class SharedCollector:
    """Receives spans all the time, whichever event loop the present test runs in."""

    def __init__(self) -> None:
        self._collector = Collector()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> SharedCollector:
        self._thread.start()
        self._in_thread(self._collector.__aenter__()).result()
        return self

    def __exit__(self, *_error: object) -> None:
        self._in_thread(self._collector.__aexit__()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        return self._collector.url

    @property
    def spans(self) -> list[ReceivedSpan]:
        """The spans of all tests so far."""
        return self._collector.spans

    async def trace(self, trace_id: str) -> list[ReceivedSpan]:
        """Return the spans of a trace, oldest first, after its server span has arrived."""
        return await asyncio.wrap_future(self._in_thread(self._collector.trace(trace_id)))

    def _in_thread(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)
