"""`larst sessions`, `export`, `import`, `check` and `repair` as a person types them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from larst.cli import client as commands
from tests.service.api import Api, Service

TOKEN = "t0ken"


@pytest.fixture
async def service(start_service: Callable[..., Service], http: aiohttp.ClientSession) -> Service:
    """A service with a token, in which session one has two members."""
    running = start_service(LARS_AUTH_TOKEN=TOKEN)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    made = await Api(http, running.url, "one").post(
        "/members", [{"name": "Alice"}, {"name": "Bob"}], headers=headers
    )
    assert made.status == 201
    return running


def larst(*arguments: str, stdin: bytes = b"", **variables: str) -> tuple[int, bytes, str]:
    """Run a command; return its exit code, and what it wrote to stdout and stderr."""
    run = subprocess.run(
        [sys.executable, "-m", "larst", *arguments],
        env={**os.environ, "COLUMNS": "160", "LARS_AUTH_TOKEN": TOKEN, **variables},
        input=stdin,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return run.returncode, run.stdout, run.stderr.decode()


def test_a_session_is_exported_and_imported_into_another(service: Service) -> None:
    code, exported, said = larst("export", "one", "--url", service.url)
    assert (code, said) == (0, "")

    told = larst("import", "two", "--url", service.url, stdin=exported)

    assert told == (0, b"imported into two: 2 members\n", "")
    assert larst("export", "two", "--url", service.url) == (0, exported, "")


def test_a_db_json_is_imported_and_the_sessions_listed_and_erased(service: Service) -> None:
    db = json.dumps({"posts": [{"id": 1, "title": "x"}], "profile": {"name": "me"}}).encode()

    imported = larst("import", "blog", "--url", service.url, stdin=db)
    again = larst("import", "blog", "--url", service.url, stdin=db)
    replaced = larst("import", "blog", "--replace", "--url", service.url, stdin=db)
    code, table, _ = larst("sessions", "--url", service.url)

    assert imported == (0, b"imported into blog: 1 posts, 1 profile\n", "")
    assert (again[0], again[1]) == (1, b"")
    assert "replace" in again[2]
    assert replaced[0] == 0
    header, *rows = (line.split() for line in table.decode().splitlines())
    assert (code, header) == (0, "session state last use records resources bytes".split())
    assert [row[:2] for row in rows] == [["blog", "awake"], ["one", "awake"]]
    assert [row[3:5] for row in rows] == [["2", "2"], ["2", "1"]]
    assert larst("sessions", "--delete", "blog", "--url", service.url)[0] == 0
    listed = json.loads(larst("sessions", "--json", "--url", service.url)[1])
    assert [one["id"] for one in listed] == ["one"]


@pytest.mark.parametrize("stdin", [b"", b"{", b"\xff\xfe", b"[1]", b'{"larst":"session"}\n'])
def test_what_can_be_no_import_is_refused_in_a_line(service: Service, stdin: bytes) -> None:
    code, out, said = larst("import", "two", "--url", service.url, stdin=stdin)

    assert (code, out) == (1, b"")
    assert said.startswith("400: ")
    assert len(said.splitlines()) == 1
    listed = json.loads(larst("sessions", "--json", "--url", service.url)[1])
    assert [one["id"] for one in listed] == ["one"]


def test_what_goes_wrong_is_said_in_a_line(service: Service) -> None:
    wrong = {
        "404": larst("export", "nobody", "--url", service.url),
        "401": larst("sessions", "--url", service.url, LARS_AUTH_TOKEN="wrong"),
        "no service": larst("export", "one", "--url", "http://127.0.0.1:9"),
    }

    for said, (code, out, err) in wrong.items():
        assert (code, out, len(err.splitlines())) == (1, b"", 1)
        assert said in err
        assert TOKEN not in err


@pytest.mark.parametrize(
    ("target", "said"), [("> /dev/full", "No space left on device"), ("| true", "closed")]
)
def test_an_output_that_takes_no_more_is_not_the_services_fault(
    service: Service, target: str, said: str
) -> None:
    db = json.dumps({"posts": [{"text": "x" * 1000} for _ in range(1000)]}).encode()
    assert larst("import", "blog", "--url", service.url, stdin=db)[0] == 0

    run = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {sys.executable} -m larst export blog {target}"],
        env={**os.environ, "LARS_AUTH_TOKEN": TOKEN, "LARS_PORT": service.url.rpartition(":")[2]},
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert run.returncode == 1
    assert said in run.stderr.decode()
    assert "no service" not in run.stderr.decode()
    assert len(run.stderr.decode().splitlines()) == 1


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (b"", "broke the connection off"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{}", "broke off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", "broke off"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}\n", "broke off"),
        (b"no HTTP at all\r\n\r\n", "broke the connection off"),
    ],
)
def test_a_service_that_dies_in_an_export_is_told_in_a_line(reply: bytes, said: str) -> None:
    """What was written so far must not pass for the session."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        answering = threading.Thread(target=answer_once, args=(listener, reply))
        answering.start()
        code, _, err = larst("export", "one", "--url", f"http://127.0.0.1:{port_of(listener)}")
        answering.join()

    assert (code, len(err.splitlines())) == (1, 1)
    assert said in err


def test_what_is_not_larst_is_told_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        reply = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>"
        answering = threading.Thread(target=answer_once, args=(listener, reply))
        answering.start()
        told = larst("sessions", "--url", f"http://127.0.0.1:{port_of(listener)}")
        answering.join()

    assert told[0] == 1
    assert told[2].endswith("is not LARST\n")


def test_a_service_that_is_slow_is_not_told_as_missing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        slow = commands.Service(f"http://127.0.0.1:{port_of(listener)}", None)

        with (
            pytest.raises(commands.ServiceError, match="did not answer in time"),
            slow.opened("GET", "/_larst/sessions", None, timeout_s=0.05),
        ):
            pass


def answer_once(listener: socket.socket, reply: bytes) -> None:
    """Take one request, send these bytes, and be gone."""
    listener.settimeout(20)
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(reply)


def port_of(listener: socket.socket) -> int:
    port: int = listener.getsockname()[1]
    return port


def test_a_damaged_session_goes_back_to_its_backup(
    service: Service, start_service: Callable[..., Service]
) -> None:
    _, backup, _ = larst("export", "one", "--url", service.url)
    service.stop()
    file = service.data_root / "one" / "members.json"
    file.write_bytes(file.read_bytes().replace(b'"Bob"', b'"Bo'))
    again = start_service(LARS_AUTH_TOKEN=TOKEN)

    refused = larst("import", "one", "--url", again.url, stdin=backup)
    replaced = larst("import", "one", "--replace", "--url", again.url, stdin=backup)

    assert (refused[0], refused[2][:4]) == (1, "503:")
    assert replaced == (0, b"imported into one: 2 members\n", "")
    assert larst("export", "one", "--url", again.url) == (0, backup, "")
    kept = list(again.data_root.glob("one/.before-import-*/members.json.damaged-*"))
    assert [b'"Bo' in path.read_bytes() for path in kept] == [True]
    again.stop()
    assert larst("check", str(again.data_root))[0] == 0


def test_a_running_service_keeps_its_data_root_to_itself(service: Service) -> None:
    for command in (["check"], ["repair", "one"]):
        code, _, said = larst(*command, SANDBOX_DATA_ROOT=str(service.data_root))

        assert code == 1
        assert "stop it" in said


def test_a_damaged_session_is_found_and_repaired(service: Service) -> None:
    service.stop()
    root = str(service.data_root)
    file = service.data_root / "one" / "members.json"
    assert larst("check", root)[0] == 0
    file.write_bytes(file.read_bytes().replace(b'"Bob"', b'"Bo'))

    code, out, _ = larst("check", root)
    told = json.loads(larst("check", root, "--json")[1])

    assert code == 1
    assert "one damaged" in " ".join(out.decode().split())
    assert "larst repair" in out.decode()
    assert [one["state"] for one in told] == ["damaged"]

    code, out, _ = larst("repair", "one", "--data-root", root)

    assert code == 0
    assert "1 whole records kept, 1 damaged left out" in out.decode()
    assert "kept: 1 members" in out.decode()
    assert larst("check", root)[0] == 0
    assert larst("repair", "one", "--data-root", root) == (
        0,
        b"one is whole: nothing was changed\n",
        "",
    )


def test_a_check_changes_nothing(service: Service) -> None:
    """Also not what an erasure left, nor in a copy that was never served."""
    service.stop()
    (service.data_root / ".lock").unlink()
    (service.data_root / ".erased-mine" / "precious").mkdir(parents=True)
    before = sorted(service.data_root.rglob("*"))

    assert larst("check", str(service.data_root))[0] == 0

    assert sorted(service.data_root.rglob("*")) == before


def test_odd_files_are_told_moved_aside_and_the_rest_is_whole(service: Service) -> None:
    service.stop()
    root, one = str(service.data_root), service.data_root / "one"
    (one / "notes.json").symlink_to("members.json")
    (one / "plans.json").mkdir()
    os.mkfifo(one / "films.json")

    code, out, said = larst("check", root)
    assert (code, said) == (1, "")
    assert "films.json: it is not an ordinary file" in out.decode()

    code, out, said = larst("repair", "one", "--data-root", root)
    assert (code, said) == (0, "")
    assert "films.json is no ordinary file: moved" in out.decode()
    assert "kept: 2 members" in out.decode()
    (originals,) = one.glob(".before-repair-*")
    assert {path.name for path in originals.iterdir()} >= {"films.json", "notes.json", "plans.json"}
    assert larst("check", root)[0] == 0


def test_a_root_that_cannot_be_read_or_held_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "pets.json").write_text("[")
    (tmp_path / ".lock").mkdir()
    (tmp_path / "link").symlink_to("one")

    code, _, said = larst("repair", "one", "--data-root", str(tmp_path))
    assert (code, len(said.splitlines())) == (1, 1)
    assert ".lock" in said
    (tmp_path / ".lock").rmdir()
    assert larst("repair", "link", "--data-root", str(tmp_path))[0] == 2
    (tmp_path / ".lock").unlink()
    (tmp_path / ".lock").symlink_to("nothing")
    code, _, said = larst("check", str(tmp_path))
    assert (code, len(said.splitlines())) == (1, 1)


def test_where_nothing_is_there_is_nothing_to_check(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")

    assert larst("check", missing) == (2, b"", f"there is no data root {missing}\n")
    assert larst("check", str(tmp_path))[0] == 0
    code, _, said = larst("repair", "one", "--data-root", str(tmp_path))
    assert (code, said) == (2, f"there is no session one in {tmp_path}\n")
    assert larst("repair", "../one", "--data-root", str(tmp_path))[0] == 1
