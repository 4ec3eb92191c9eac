"""`larst reset`, `larst snapshot`, and the order of arguments of `larst import`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.service.api import Service
from tests.service.command import CommandResult, run_larst

DATA = {"posts": [{"id": 1, "title": "A"}, {"id": 5, "title": "B"}]}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that was started with a file, for session `shop`."""
    directory = tmp_path_factory.mktemp("snapshots")
    (directory / "db.json").write_text(json.dumps(DATA))
    service = Service(directory / "data", directory / "log")
    service.arguments = (str(directory / "db.json"), "--session", "shop")
    with service:
        yield service


def larst(service: Service, *arguments: str, stdin: bytes = b"") -> CommandResult:
    return run_larst(*arguments, "--url", service.url, stdin=stdin)


def add(service: Service, session: str) -> int:
    """Add a post; return its id."""
    request = Request(f"{service.url}/@{session}/posts", b'{"title":"C"}')  # noqa: S310
    request.add_header("Content-Type", "application/json")
    with urlopen(request) as reply:  # noqa: S310 - on loopback
        return int(json.load(reply)["id"])


def test_a_session_that_began_with_a_file_goes_back_to_it(service: Service) -> None:
    """Its ids, too: a test that expects post 6 gets it after each reset."""
    for _ in range(2):
        result = larst(service, "reset", "shop")

        assert result.stdout == "shop is as in start: 2 posts\n", result.stderr
        assert add(service, "shop") == 6


def test_snapshots_are_saved_loaded_listed_and_deleted(service: Service) -> None:
    assert add(service, "two") == 1
    of_two = ("--session", "two")
    saved = larst(service, "snapshot", "save", "one-post", *of_two)
    assert saved.stdout.startswith("two is saved as one-post: ")
    assert larst(service, "reset", "two").stdout == "two is empty: no records\n"
    loaded = larst(service, "snapshot", "load", "one-post", *of_two)
    assert loaded.stdout == "two is as in one-post: 1 post\n"
    assert larst(service, "reset", "two", "--to", "one-post").stdout == loaded.stdout
    listed = larst(service, "snapshot", *of_two, "--json")
    assert [item["name"] for item in json.loads(listed.stdout)] == ["one-post"]
    assert "one-post" in larst(service, "snapshot", "list", *of_two).stdout

    refused = larst(service, "snapshot", "delete", "one-post", *of_two)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--yes is required" in refused.stderr
    deleted = larst(service, "snapshot", "delete", "one-post", *of_two, "--yes")
    assert deleted.exit_code == 0
    missing = larst(service, "reset", "two", "--to", "one-post")
    assert (missing.exit_code, missing.stderr[:5]) == (1, "404: ")


def test_nothing_is_deleted_without_an_answer(service: Service) -> None:
    """A script that forgot --yes gets the reason, and keeps its data."""
    add(service, "kept")

    refused = larst(service, "sessions", "--delete", "kept")

    assert refused.exit_code == 2
    assert "--yes is required" in refused.stderr
    assert '"id": "kept"' in larst(service, "sessions", "--json").stdout
    assert larst(service, "plans", "delete", "0" * 8).exit_code == 2
    assert larst(service, "sessions", "--delete", "kept", "--yes").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "session"),
    [
        (("db.json", "blog"), "blog"),
        (("blog", "db.json"), "blog"),  # the order of 0.2
        (("-", "blog"), "blog"),
        (("blog", "-"), "blog"),
        (("data", "blog"), "blog"),  # a file without a suffix
        (("blog", "data"), "blog"),
        (("./data", "data2"), "data2"),
        (("-",), "default"),
        (("db.json",), "default"),
        (("data",), "default"),
    ],
)
def test_an_import_takes_the_file_first_and_the_session_second(
    service: Service,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    session: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    content = json.dumps(DATA)
    for name in ("db.json", "data", "data2"):
        Path(name).write_text(content)

    result = larst(service, "import", *arguments, "--replace", stdin=content.encode())

    assert result.stdout == f"imported into {session}: 2 posts\n", result.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("missing.json",), "missing.json does not exist"),
        (("shop",), "shop does not exist"),
        (("missing.json", "shop"), "missing.json does not exist"),
        (("shop", "missing.json"), "missing.json does not exist"),
        (("folder", "shop"), "folder does not exist"),
        (("data", "data2"), "both files"),
        (("data.json", "data2.json"), "neither data.json nor data2.json"),
    ],
)
def test_an_import_never_waits_for_an_input_that_was_not_asked_for(
    service: Service,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    reason: str,
) -> None:
    """`larst import` without a file read stdin, and seemed to hang at a terminal."""
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    for name in ("data", "data2", "data.json", "data2.json"):
        Path(name).write_text("{}")

    result = larst(service, "import", *arguments)

    assert result.exit_code == 2
    assert reason in result.stderr


def test_an_import_without_a_file_is_refused(service: Service) -> None:
    with pytest.raises(SystemExit, match="2"):
        larst(service, "import")
