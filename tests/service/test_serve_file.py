"""`larst serve db.json`: what becomes of the file, and of data in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.service.api import Service

DATA = {"posts": [{"id": 1, "title": "A"}]}


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def service_of(tmp_path: Path, *arguments: str) -> Service:
    (tmp_path / "db.json").write_text(json.dumps(DATA))
    service = Service(tmp_path / "data", tmp_path / "log")
    service.arguments = (str(tmp_path / "db.json"), *arguments)
    return service


def titles(service: Service, path: str = "/posts") -> list[str]:
    with urlopen(service.url + path) as reply:  # noqa: S310 - on loopback
        return [post["title"] for post in json.load(reply)]


def add(service: Service, title: str, path: str = "/posts") -> int:
    """Add a post; return its id."""
    request = Request(service.url + path, json.dumps({"title": title}).encode())  # noqa: S310
    request.add_header("Content-Type", "application/json")
    with urlopen(request) as reply:  # noqa: S310
        assert reply.status == 201
        return int(json.load(reply)["id"])


def reset(service: Service) -> None:
    with urlopen(Request(f"{service.url}/_larst/sessions/default/reset", b"")) as reply:  # noqa: S310
        assert reply.status == 200


def test_fresh_begins_with_the_file_again(tmp_path: Path) -> None:
    with service_of(tmp_path) as service:
        add(service, "B")
    with service_of(tmp_path) as service:
        assert titles(service) == ["A", "B"]
        assert "has data already (--fresh replaces it)" in service.banner

    with service_of(tmp_path, "--fresh") as service:
        assert titles(service) == ["A"]
        assert add(service, "C") == 2, "ids begin again, too"
        reset(service)
        assert add(service, "D") == 2, "also in the snapshot that a reset goes back to"


def test_the_file_can_go_into_a_session(tmp_path: Path) -> None:
    with service_of(tmp_path, "--session", "shop") as service:
        assert titles(service, "/@shop/posts") == ["A"]
        with urlopen(f"{service.url}/posts") as reply:  # noqa: S310
            assert json.load(reply)["items"] == []


def test_data_in_memory_is_gone_after_the_stop(tmp_path: Path) -> None:
    with service_of(tmp_path, "--memory") as service:
        assert "the data is gone then" in service.banner
        add(service, "B")
        assert titles(service) == ["A", "B"]
        root = Path(service.banner.partition("  data ")[2].splitlines()[0].strip())
        assert list(root.glob("default/.journal"))

    assert not root.exists()
    assert not (tmp_path / "data").exists()
