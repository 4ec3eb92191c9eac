"""The dialect of a session, and a service that is started with a db.json: real processes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.service.api import Api, Service

POSTS = [{"id": 1, "title": "a"}, {"id": 2, "title": "b"}]
DB = {"posts": POSTS, "tags": [{"id": 1}]}


@pytest.fixture
def serve_file(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Return a function that starts `larst serve FILE` with more arguments, on the same data."""
    file = tmp_path / "db.json"
    file.write_text(json.dumps(DB))
    started: list[Service] = []

    def start(*arguments: str) -> Service:
        running = Service(tmp_path / "data", tmp_path / "log")
        running.arguments = (*arguments, "db.json")
        running.cwd = tmp_path
        running.start()
        started.append(running)
        return running

    yield start
    for running in started:
        running.stop()


async def form_of(api: Api, path: str = "/posts") -> tuple[str, str | None]:
    """Return whether a list is bare or in an envelope, and the dialect that the reply names."""
    reply = await api.get(path)
    assert reply.status == 200
    form = "bare" if isinstance(reply.body, list) else ",".join(reply.body)
    return form, reply.headers.get("X-LARST-Dialect")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_a_setting_changes_the_form_of_lists_and_survives_the_process(
    start_service: Callable[..., Service], http: aiohttp.ClientSession, how: signal.Signals
) -> None:
    service = start_service()
    api = Api(http, service.url, "one")
    await api.post("/posts", {"title": "a"})
    assert await form_of(api) == ("items,page", None)

    reply = await api.put("/_larst/sessions/one/settings", {"dialect": "drf"})

    assert (reply.status, reply.body) == (200, {"dialect": "drf", "unknown_query": None})
    expected = ("count,next,previous,results", "drf (setting)")
    assert await form_of(api) == expected
    service.stop(how)
    service.start()
    assert await form_of(Api(http, service.url, "one")) == expected
    assert await form_of(Api(http, service.url, "two")) == ("items,page", None)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_a_lesson_survives_the_process(
    start_service: Callable[..., Service], http: aiohttp.ClientSession, how: signal.Signals
) -> None:
    """The reply that shows it is a receipt."""
    service = start_service()
    api = Api(http, service.url, "one")
    await api.post("/posts", {"title": "a"})
    taught = await form_of(api, "/posts?%24top=1")
    service.stop(how)
    service.start()

    assert taught[1] == "odata"
    assert await form_of(Api(http, service.url, "one")) == (taught[0], "odata (learned)")


async def test_a_service_started_with_a_db_json_replies_as_json_server_does(
    serve_file: Callable[..., Service], http: aiohttp.ClientSession
) -> None:
    """The first minute of a user of json-server: the same file, the same client."""
    service = serve_file()
    api = Api(http, service.url, None)

    listed = await api.get("/posts")
    deleted = await api.delete("/posts/2")

    assert "  file     db.json: 2 posts, 1 tag; replies are in the dialect json-server\n" in (
        service.banner
    )
    assert f"curl {service.url}/posts\n" in service.banner
    assert listed.body == POSTS
    assert listed.headers["X-LARST-Dialect"] == "json-server (setting)"
    assert (deleted.status, deleted.body) == (200, {})
    assert await form_of(api.session("other")) == ("items,page", None)


async def test_the_file_never_replaces_data(
    serve_file: Callable[..., Service], http: aiohttp.ClientSession
) -> None:
    service = serve_file()
    await Api(http, service.url, None).delete("/posts/2")
    service.stop()

    service.start()

    assert (
        "  file     db.json is not imported: the session has data already (--fresh replaces it)\n"
        in service.banner
    )
    assert f"curl {service.url}/posts\n" in service.banner
    listed = await Api(http, service.url, None).get("/posts")
    assert listed.body == POSTS[:1]
    assert listed.headers["X-LARST-Dialect"] == "json-server (setting)"


async def test_a_file_with_faults_is_taken_leniently_and_the_log_says_what_changed(
    serve_file: Callable[..., Service], http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    """json-server takes an id that is there twice; the refusal names the flag."""
    (tmp_path / "db.json").write_text('{"posts": [{"id": 1}, {"id": 1, "n": 2}], "version": 3}')
    service = serve_file("--lenient")

    listed = await Api(http, service.url, None).get("/posts")

    assert listed.body == [{"id": 1}, {"id": 2, "n": 2}]
    log = service.log_path.read_text()
    assert "db.json: posts[1] has the id 1 of posts[0]; its id is now 2" in log
    assert "db.json: version is a value" in log


async def test_a_flag_names_another_dialect(
    serve_file: Callable[..., Service], http: aiohttp.ClientSession
) -> None:
    service = serve_file("--dialect", "drf")

    form = await form_of(Api(http, service.url, None))

    assert "replies are in the dialect drf" in service.banner
    assert form == ("count,next,previous,results", "drf (setting)")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "db.json cannot be read: No such file"),
        (b"{", "bad request: db.json cannot be imported: Invalid JSON"),
        (b"7", "bad request: db.json cannot be imported"),
        (b'{"a": [1]}', "--lenient"),
    ],
)
def test_a_file_that_cannot_be_imported_stops_the_start(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    """Otherwise the user would wonder where the data is."""
    if content is not None:
        (tmp_path / "db.json").write_bytes(content)

    flags = ("--port", "0", "--log-level", "error", "--data-root", str(tmp_path / "data"))
    process = subprocess.run(
        [sys.executable, "-m", "larst", "serve", "db.json", *flags],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (process.returncode, process.stdout) == (1, "")
    assert message in process.stderr
    assert "Traceback" not in process.stderr


def test_an_import_names_a_file_and_a_dialect(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "db.json"
    file.write_text(json.dumps(DB))
    command = [sys.executable, "-m", "larst", "import", "named", str(file), "--url", service.url]

    wrong = subprocess.run(
        [*command, "--dialect", "nope"], capture_output=True, text=True, timeout=60, check=False
    )
    right = subprocess.run(
        [*command, "--dialect", "json-server"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert wrong.returncode == 1
    assert "dialect must be one of larst, json-server" in wrong.stderr
    assert (right.returncode, right.stdout) == (0, "imported into named: 2 posts, 1 tag\n")


async def test_a_session_imported_with_a_dialect_replies_in_it(
    service: Service, http: aiohttp.ClientSession
) -> None:
    api = Api(http, service.url, "with-dialect")

    await api.post("/_larst/sessions/with-dialect/import?dialect=json-server", DB)

    assert await form_of(api) == ("bare", "json-server (setting)")


async def test_a_hint_is_a_line_of_the_log_with_the_ids_of_its_request(
    service: Service, api: Api
) -> None:
    """Users of an app see no headers. The line does not have the value that was sent."""
    await api.post("/posts", {"title": "a"})

    reply = await api.get("/posts?colour=s3cret", headers={"X-Request-ID": "hinted-1"})

    lines = [json.loads(line) for line in service.log_path.read_text().splitlines()]
    hints = [line for line in lines if line["logger"] == "larst.hints"]
    (line,) = [line for line in hints if line["session_id"] == api.session_id]
    assert (line["level"], line["hint"]) == ("info", reply.headers["X-LARST-Hint"])
    assert (line["request_id"], line["session_id"]) == ("hinted-1", api.session_id)
    assert "s3cret" not in json.dumps(line)
