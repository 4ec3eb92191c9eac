"""Measure what reading a query costs: in full, and when one like it was read before.

    python benchmarks/reading.py [--rounds 5]

Prints microseconds for each query, the shortest of all rounds: from the parsed request to its shape
and what it asks for, dialect included, without planning and without the program.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from larst.domain import Body, BodyKind, RequestContext
from larst.http.parsing import parse_target
from larst.planning.reading.request import ReadingSettings
from larst.planning.shapes import ShapeMemory, shape_request
from larst.store import DiskFiles, SessionStore

QUERIES = {
    "": "",
    "_page=2&_limit=10": "_page=2&_limit=10",
    "status=draft": "status=live",
    "views_gte=20&views_lte=40": "views_gte=30&views_lte=50",
    "status=draft&_sort=-views&_page=2&_limit=10": "status=live&_sort=-views&_page=2&_limit=10",
    "q=ant": "q=bee",
    "filters[views][$gte]=20&sort=views:desc": "filters[views][$gte]=30&sort=views:desc",
    "$filter=views ge 20&$top=3&$orderby=views desc": (
        "$filter=views ge 20&$top=3&$orderby=views desc"
    ),
    "views=gte.20&order=views.desc": "views=gte.20&order=views.desc",
    'filter={"status":"draft"}&range=[0,9]': 'filter={"status":"draft"}&range=[0,9]',
}
"""Queries, and later ones of the same meaning with other values."""

_CALLS = 2000
_SETTINGS = ReadingSettings()


def _session() -> SessionStore:
    store = SessionStore(Path("unused"), files=DiskFiles(), now=lambda: datetime.now(UTC))
    transaction = store.commits.begin()
    for number in range(1000):
        state = "draft" if number % 3 else "live"
        transaction.resource("posts").insert(
            {"title": f"Post {number}", "views": number % 101, "status": state}
        )
    store.commits.commit(transaction)
    return store


def _request(query: str) -> RequestContext:
    target = parse_target(f"/posts?{quote(query, safe='=&[]$,')}")
    return RequestContext(
        method="GET",
        path=target.path,
        segments=target.segments,
        query=target.query,
        headers={"accept": "*/*"},
        body=Body(BodyKind.NONE),
        client_ip="127.0.0.1",
        session_id="bench",
        request_id="bench",
    )


def _best_us(call: Callable[[], object], rounds: int) -> float:
    times: list[float] = []
    for _ in range(rounds):
        start_s = time.perf_counter()
        for _ in range(_CALLS):
            call()
        times.append(time.perf_counter() - start_s)
    return min(times) / _CALLS * 1e6


def main() -> None:
    """Read each query in full and from memory, and print both costs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    session = _session()
    sys.stdout.write(f"{'in full':>8} {'again':>8}  us\n")
    for first, later in QUERIES.items():
        memory, request = ShapeMemory(), _request(later)
        memory.shape(_request(first), session.data, _SETTINGS)
        full = _best_us(lambda r=request: shape_request(r, session.data, _SETTINGS), rounds)
        again = _best_us(
            lambda r=request, m=memory: m.shape(r, session, _SETTINGS),
            rounds,
        )
        sys.stdout.write(f"{full:8.1f} {again:8.1f}  {later or 'no query'}\n")


if __name__ == "__main__":
    main()
