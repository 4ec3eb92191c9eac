"""LARST as a disposable backend for tests: one service for the run, one session for each test.

Copy this file, replace `Backend` with your own application, and run `pytest <file>`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from uuid import uuid4

import pytest


class Backend:
    """Sends requests in one session of the service."""

    def __init__(self, url: str, session: str) -> None:
        self.url = url
        self.session = session

    def send(self, method: str, path: str, body: object = None) -> Any:
        """Return the JSON of the reply, None without a body. Statuses from 400 raise HTTPError."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"X-Session-ID": self.session, "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.loads(reply.read() or b"null")


@pytest.fixture(scope="session")
def larst_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start `larst serve` once, on a free port, with data in a temporary folder."""
    data_root = tmp_path_factory.mktemp("larst")
    command = [sys.executable, "-m", "larst", "serve", "--port=0", f"--data-root={data_root}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        address = re.search(r"http://\S+", service.stdout.readline())
        assert address, "larst did not start; the reason is above"
        yield address[0]
        service.terminate()


@pytest.fixture
def backend(larst_url: str) -> Iterator[Backend]:
    """Give the test a new session, and erase it afterwards."""
    session = Backend(larst_url, session=uuid4().hex)
    yield session
    try:
        session.send("DELETE", f"/_larst/sessions/{session.session}")
    except HTTPError as error:
        if error.code != 404:  # a test that stored nothing leaves no session
            raise


def test_an_order_can_be_read_and_searched(backend: Backend) -> None:
    order = backend.send("POST", "/orders", {"customer": "Ann", "total": 12.5})

    assert backend.send("GET", f"/orders/{order['id']}") == order
    assert backend.send("GET", "/orders/search?total_gte=10") == [order]


def test_each_test_starts_without_data(backend: Backend) -> None:
    assert backend.send("GET", "/orders")["items"] == []
    assert backend.send("POST", "/orders", {"customer": "Ben"})["id"] == 1


def test_a_deleted_order_is_gone(backend: Backend) -> None:
    backend.send("POST", "/orders", [{"customer": "Ann"}, {"customer": "Ben"}])
    backend.send("DELETE", "/orders/1")

    with pytest.raises(HTTPError, match="404"):
        backend.send("GET", "/orders/1")
    assert backend.send("GET", "/orders")["page"]["total"] == 1
