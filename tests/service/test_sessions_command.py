"""`larst sessions`, `export`, `import`, `check` and `repair`, run as client."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

from larst.cli import client
from tests.service.api import Api, Service
from tests.service.command import run_larst

TOKEN = "t0ken"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def service_with_token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The process that the tests of this module share."""
    directory = tmp_path_factory.mktemp("token")
    with Service(directory / "data", directory / "log", LARS_AUTH_TOKEN=TOKEN) as running:
        yield running


@pytest.fixture
async def service(service_with_token: Service, http: aiohttp.ClientSession) -> Service:
    """A running service with one session, `one`, which has two members; not to be stopped."""
    api = Api(http, service_with_token.url, "one")
    for session in (await api.get("/_larst/sessions", headers=HEADERS)).body["items"]:
        await api.delete(f"/_larst/sessions/{session['id']}", headers=HEADERS)
    await add_members(http, service_with_token)
    return service_with_token


@pytest.fixture
async def own_service(
    start_service: Callable[..., Service], http: aiohttp.ClientSession
) -> Service:
    """The same for one test, which may stop it."""
    running = start_service(LARS_AUTH_TOKEN=TOKEN)
    await add_members(http, running)
    return running


async def add_members(http: aiohttp.ClientSession, service: Service) -> None:
    created = await Api(http, service.url, "one").post(
        "/members", [{"name": "Alice"}, {"name": "Bob"}], headers=HEADERS
    )
    assert created.status == 201


def larst(*arguments: str, stdin: bytes = b"", **variables: str) -> tuple[int, bytes, str]:
    """Run a command with the token; return its exit code, stdout and stderr."""
    settings = {"LARS_AUTH_TOKEN": TOKEN, **variables}
    result = run_larst(*arguments, variables=settings, stdin=stdin)
    return result.exit_code, result.stdout.encode(), result.stderr


def test_all_sessions_are_exported_into_a_directory(service: Service, tmp_path: Path) -> None:
    """A backup of everything must not need a loop in the shell."""
    larst(
        "import",
        "-",
        "two",
        "--url",
        service.url,
        stdin=larst("export", "one", "--url", service.url)[1],
    )

    code, out, err = larst("export", "--all", str(tmp_path / "b"), "--url", service.url)

    assert (code, out.decode(), err) == (0, f"exported 2 sessions to {tmp_path / 'b'}\n", "")
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == ["one.ndjson", "two.ndjson"]
    one = larst("export", "one", "--url", service.url)[1]
    assert (tmp_path / "b" / "one.ndjson").read_bytes() == one


def test_an_export_of_all_sessions_replaces_no_file(service: Service, tmp_path: Path) -> None:
    (tmp_path / "one.ndjson").write_text("mine")

    code, _, err = larst("export", "--all", str(tmp_path), "--url", service.url)

    assert code == 1
    assert "one.ndjson exists already: choose an empty directory" in err
    assert (tmp_path / "one.ndjson").read_text() == "mine"
    assert larst("export", "one", "--all", str(tmp_path), "--url", service.url)[0] == 2


def test_a_session_is_exported_and_imported_into_another(service: Service) -> None:
    code, exported, err = larst("export", "one", "--url", service.url)
    assert (code, err) == (0, "")

    imported = larst("import", "-", "two", "--url", service.url, stdin=exported)

    assert imported == (0, b"imported into two: 2 members\n", "")
    assert larst("export", "two", "--url", service.url) == (0, exported, "")


def test_a_db_json_is_imported_and_the_sessions_listed_and_erased(service: Service) -> None:
    db = json.dumps({"posts": [{"id": 1, "title": "x"}], "profile": {"name": "me"}}).encode()

    imported = larst("import", "-", "blog", "--url", service.url, stdin=db)
    again = larst("import", "-", "blog", "--url", service.url, stdin=db)
    replaced = larst("import", "-", "blog", "--replace", "--url", service.url, stdin=db)
    code, table, _ = larst("sessions", "--url", service.url)

    assert imported == (0, b"imported into blog: 1 post, 1 profile\n", "")
    assert (again[0], again[1]) == (1, b"")
    assert "replace" in again[2]
    assert replaced[0] == 0
    header, *rows = (line.split() for line in table.decode().splitlines())
    assert (code, header) == (0, "session state last use records resources bytes".split())
    assert [row[:2] for row in rows] == [["blog", "awake"], ["one", "awake"]]
    assert [row[3:5] for row in rows] == [["2", "2"], ["2", "1"]]
    assert larst("sessions", "--delete", "blog", "--yes", "--url", service.url)[0] == 0
    sessions = json.loads(larst("sessions", "--json", "--url", service.url)[1])
    assert [session["id"] for session in sessions] == ["one"]


def test_a_session_whose_records_are_unknown_is_listed(own_service: Service) -> None:
    """Its files came from elsewhere, and the list does not read them."""
    (own_service.data_root / "copied").mkdir()
    (own_service.data_root / "copied" / "pets.json").write_text("[{}]")

    _, table, _ = larst("sessions", "--url", own_service.url)
    sessions = json.loads(larst("sessions", "--json", "--url", own_service.url)[1])

    row = next(line.split() for line in table.decode().splitlines() if "copied" in line)
    assert row[1:2] + row[3:] == ["asleep", "?", "?", "4"]
    assert [session["records"] for session in sessions] == [None, 2]


@pytest.mark.parametrize("stdin", [b"", b"{", b"\xff\xfe", b"[1]", b'{"larst":"session"}\n'])
def test_an_invalid_import_is_refused_with_one_line(service: Service, stdin: bytes) -> None:
    code, out, err = larst("import", "-", "two", "--url", service.url, stdin=stdin)

    assert (code, out) == (1, b"")
    assert err.startswith("400: ")
    assert len(err.splitlines()) == 1
    sessions = json.loads(larst("sessions", "--json", "--url", service.url)[1])
    assert [session["id"] for session in sessions] == ["one"]


def test_an_error_is_printed_as_one_line(service: Service) -> None:
    failures = {
        "404": larst("export", "missing", "--url", service.url),
        "401": larst("sessions", "--url", service.url, LARS_AUTH_TOKEN="wrong"),
        "no service": larst("export", "one", "--url", "http://127.0.0.1:9"),
    }

    for text, (code, out, err) in failures.items():
        assert (code, out, len(err.splitlines())) == (1, b"", 1)
        assert text in err
        assert TOKEN not in err


@pytest.mark.parametrize(
    ("target", "text"), [("> /dev/full", "No space left on device"), ("| true", "closed")]
)
def test_an_output_that_cannot_be_written_is_not_blamed_on_the_service(
    service: Service, target: str, text: str
) -> None:
    db = json.dumps({"posts": [{"text": "x" * 1000} for _ in range(1000)]}).encode()
    assert larst("import", "-", "blog", "--url", service.url, stdin=db)[0] == 0

    process = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {sys.executable} -m larst export blog {target}"],
        env={**os.environ, "LARS_AUTH_TOKEN": TOKEN, "LARS_PORT": service.url.rpartition(":")[2]},
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert process.returncode == 1
    assert text in process.stderr.decode()
    assert "no service" not in process.stderr.decode()
    assert len(process.stderr.decode().splitlines()) == 1


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (b"", "closed the connection"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{}", "broke off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", "broke off"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}\n", "broke off"),
        (b"not HTTP\r\n\r\n", "closed the connection"),
    ],
)
def test_an_export_that_the_service_does_not_finish_fails(reply: bytes, text: str) -> None:
    """The incomplete output must not pass for the session."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        answering = threading.Thread(target=answer_once, args=(listener, reply))
        answering.start()
        code, _, err = larst("export", "one", "--url", f"http://127.0.0.1:{port_of(listener)}")
        answering.join()

    assert (code, len(err.splitlines())) == (1, 1)
    assert text in err


def test_a_server_that_is_not_larst_is_recognized() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        reply = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>"
        answering = threading.Thread(target=answer_once, args=(listener, reply))
        answering.start()
        code, _, err = larst("sessions", "--url", f"http://127.0.0.1:{port_of(listener)}")
        answering.join()

    assert code == 1
    assert err.endswith("is not LARST\n")


def test_a_slow_service_is_not_reported_as_missing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        slow = client.Service(f"http://127.0.0.1:{port_of(listener)}", None)

        with (
            pytest.raises(client.ServiceError, match="did not answer in time"),
            slow.open("GET", "/_larst/sessions", None, timeout_s=0.05),
        ):
            pass


def answer_once(listener: socket.socket, reply: bytes) -> None:
    """Accept one request, send these bytes, and close the connection."""
    listener.settimeout(20)
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(reply)


def port_of(listener: socket.socket) -> int:
    port: int = listener.getsockname()[1]
    return port


def test_a_damaged_session_is_replaced_by_its_backup(
    own_service: Service, start_service: Callable[..., Service]
) -> None:
    _, backup, _ = larst("export", "one", "--url", own_service.url)
    own_service.stop()
    damage(own_service)
    restarted = start_service(LARS_AUTH_TOKEN=TOKEN)

    refused = larst("import", "-", "one", "--url", restarted.url, stdin=backup)
    replaced = larst("import", "-", "one", "--replace", "--url", restarted.url, stdin=backup)

    assert (refused[0], refused[2][:4]) == (1, "503:")
    assert replaced == (0, b"imported into one: 2 members\n", "")
    assert larst("export", "one", "--url", restarted.url) == (0, backup, "")
    originals = list(restarted.data_root.glob("one/.before-import-*/members.json.damaged-*"))
    assert [b'"Bo' in path.read_bytes() for path in originals] == [True]
    restarted.stop()
    assert larst("check", str(restarted.data_root))[0] == 0


def damage(service: Service) -> None:
    """Cut a quote out of the file of members."""
    file = service.data_root / "one" / "members.json"
    file.write_bytes(file.read_bytes().replace(b'"Bob"', b'"Bo'))


def test_a_running_service_has_its_data_root_for_itself(service: Service) -> None:
    for command in (["check"], ["repair", "one"]):
        code, _, err = larst(*command, SANDBOX_DATA_ROOT=str(service.data_root))

        assert code == 1
        assert "stop it" in err


def test_a_damaged_session_is_detected_and_repaired(own_service: Service) -> None:
    own_service.stop()
    root = str(own_service.data_root)
    assert larst("check", root)[0] == 0
    damage(own_service)

    code, out, _ = larst("check", root)
    checked = json.loads(larst("check", root, "--json")[1])

    assert code == 1
    assert "one damaged" in " ".join(out.decode().split())
    assert "larst repair" in out.decode()
    assert [session["state"] for session in checked] == ["damaged"]

    code, out, _ = larst("repair", "one", "--data-root", root)

    assert code == 0
    assert "1 whole records kept, 1 damaged left out" in out.decode()
    assert "kept: 1 member" in out.decode()
    assert larst("check", root)[0] == 0
    assert larst("repair", "one", "--data-root", root) == (
        0,
        b"one is whole: nothing was changed\n",
        "",
    )


def test_a_check_changes_nothing(own_service: Service) -> None:
    """Neither the rest of an erasure, nor a copy that was never served."""
    own_service.stop()
    (own_service.data_root / ".lock").unlink()
    (own_service.data_root / ".erased-mine" / "precious").mkdir(parents=True)
    before = sorted(own_service.data_root.rglob("*"))

    assert larst("check", str(own_service.data_root))[0] == 0

    assert sorted(own_service.data_root.rglob("*")) == before


def test_files_that_are_not_regular_are_reported_and_moved_aside(own_service: Service) -> None:
    own_service.stop()
    root, directory = str(own_service.data_root), own_service.data_root / "one"
    (directory / "notes.json").symlink_to("members.json")
    (directory / "plans.json").mkdir()
    os.mkfifo(directory / "films.json")

    code, out, err = larst("check", root)
    assert (code, err) == (1, "")
    assert "films.json: it is not an ordinary file" in out.decode()

    code, out, err = larst("repair", "one", "--data-root", root)
    assert (code, err) == (0, "")
    assert "films.json is not an ordinary file: moved" in out.decode()
    assert "kept: 2 members" in out.decode()
    (originals,) = directory.glob(".before-repair-*")
    assert {path.name for path in originals.iterdir()} >= {"films.json", "notes.json", "plans.json"}
    assert larst("check", root)[0] == 0


def test_a_data_root_that_cannot_be_read_or_locked_is_reported_in_one_line(
    tmp_path: Path,
) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "pets.json").write_text("[")
    (tmp_path / ".lock").mkdir()
    (tmp_path / "link").symlink_to("one")

    code, _, err = larst("repair", "one", "--data-root", str(tmp_path))
    assert (code, len(err.splitlines())) == (1, 1)
    assert ".lock" in err
    (tmp_path / ".lock").rmdir()
    assert larst("repair", "link", "--data-root", str(tmp_path))[0] == 2
    (tmp_path / ".lock").unlink()
    (tmp_path / ".lock").symlink_to("nothing")
    code, _, err = larst("check", str(tmp_path))
    assert (code, len(err.splitlines())) == (1, 1)


def test_a_missing_data_root_and_a_missing_session_are_reported(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")

    assert larst("check", missing) == (2, b"", f"no data root at {missing}\n")
    assert larst("check", str(tmp_path))[0] == 0
    code, _, err = larst("repair", "one", "--data-root", str(tmp_path))
    assert (code, err) == (2, f"no session one in {tmp_path}\n")
    assert larst("repair", "../one", "--data-root", str(tmp_path))[0] == 1


async def test_without_a_name_a_copy_is_that_of_requests_that_name_no_session(
    service: Service, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    """A file is not a session's name, so `larst import db.json` needs no other argument."""
    file = tmp_path / "db.json"
    file.write_text('{"posts":[{"id":1}]}')
    variables = {"LARS_AUTH_TOKEN": TOKEN}

    imported = run_larst("import", str(file), "--url", service.url, variables=variables)
    exported = run_larst("export", "--url", service.url, variables=variables)

    read = await Api(http, service.url, None).get("/posts/1", headers=HEADERS)
    assert imported.exit_code == 0, imported.stderr
    assert read.body == {"id": 1}
    assert '{"record":{"id":1}}' in exported.stdout
