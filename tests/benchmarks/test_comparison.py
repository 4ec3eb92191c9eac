"""The comparison goes on without a peer that cannot be measured; the generator checks replies."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from benchmarks.peers import comparison
from benchmarks.peers.alone import QUICK, Bench
from benchmarks.peers.comparison import Plan, compare
from benchmarks.peers.generator import Job, WrongReplyError, run_job
from benchmarks.peers.installation import Cache, NotInstalledError
from benchmarks.peers.loads import Routes, requests_of
from benchmarks.peers.measuring import Span
from benchmarks.peers.pins import JSON_SERVER_1
from benchmarks.peers.processes import NotStartedError, Server
from benchmarks.peers.targets.constant import Constant


class Broken:
    """A server that is refused by the package index, or ends at its start."""

    routes = Routes()
    has_store = False

    def __init__(self, title: str, *, is_installable: bool) -> None:
        self.title = title
        self._is_installable = is_installable

    def install(self, cache: Cache) -> None:
        if not self._is_installable:
            raise NotInstalledError("no network")

    def serve(self, folder: Path, records: int) -> AbstractContextManager[Server]:
        raise NotStartedError("port in use")


def test_a_peer_that_cannot_be_measured_is_skipped_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without Node.js still gets the figures of all other servers."""
    targets = {
        "absent": lambda: Broken("Absent", is_installable=False),
        "broken": lambda: Broken("Broken", is_installable=True),
        "aiohttp": Constant,
    }
    monkeypatch.setattr(comparison, "TARGETS", targets)
    lines: list[str] = []
    bench = Bench(tmp_path, Span(0.5, 0.1), QUICK, lines.append)

    results = compare(Plan(list(targets), ["get"], 1, 1000), Cache(tmp_path), bench)

    assert {name: result.skipped for name, result in results.items()} == {
        "absent": "no network",
        "broken": "port in use",
        "aiohttp": "",
    }
    assert results["aiohttp"].loads["get"].requests_per_s > 100
    assert results["aiohttp"].loads["get"].cpu_us > 0
    assert "  skipped: no network" in lines
    assert list(tmp_path.iterdir()) == []


def test_a_reply_of_another_status_fails_the_load(tmp_path: Path) -> None:
    """An error is cheap to send: counted, it would make the server look fast."""
    with Constant().serve(tmp_path, 1) as server:
        requests = requests_of("get", Routes(one="/absent/{id}"), 10)
        with pytest.raises(WrongReplyError, match="404"):
            run_job(Job(server.port, server.pid, requests, [200], 2, 0.5, 0.1))


def test_requests_that_may_be_sent_once_end_the_load_early(tmp_path: Path) -> None:
    with Constant().serve(tmp_path, 1) as server:
        requests = requests_of("delete", Routes(), 1, created_ids=["1"] * 3000)
        job = Job(server.port, server.pid, requests, [204], 4, 30.0, 0.0, is_once=True)
        outcome = run_job(job)

    assert 0 < outcome.requests <= 3000
    assert outcome.seconds < 10


def test_without_node_the_reason_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(NotInstalledError, match="node and npm are not installed"):
        Cache(tmp_path).node_package(JSON_SERVER_1)
