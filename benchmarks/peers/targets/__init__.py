"""The servers under load, one adapter each: how to start it, and its paths."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from benchmarks.peers.targets.base import Target
from benchmarks.peers.targets.constant import Constant
from benchmarks.peers.targets.fastapi_sqlite import FastapiSqlite
from benchmarks.peers.targets.json_server import JsonServer0, JsonServer1
from benchmarks.peers.targets.larst import Larst, TracedLarst
from benchmarks.peers.targets.pocketbase import Pocketbase

TARGETS: Mapping[str, Callable[[], Target]] = {
    "aiohttp": Constant,
    "larst": Larst,
    "larst-traced": TracedLarst,
    "json-server-1": JsonServer1,
    "json-server-0": JsonServer0,
    "pocketbase": Pocketbase,
    "fastapi": lambda: FastapiSqlite("NORMAL"),
    "fastapi-full": lambda: FastapiSqlite("FULL"),
}
"""The servers, in the order of the table."""

__all__ = ["TARGETS", "Larst", "Target"]
