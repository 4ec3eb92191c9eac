"""Access follows the matched route: no spelling of a reserved path reaches a planner."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from larst.http.access import Access, ReservedPaths
from larst.http.parsing import MAX_TARGET_BYTES
from larst.http.routes import RESERVED
from tests.fakes import ScriptedPlanner
from tests.http.lane.servers import REPLY, Server, request, start

PATHS = [re.sub(r"\{.*?\}", "x", path) for path in RESERVED]
CLOSED = [
    re.sub(r"\{.*?\}", "x", path)
    for path, endpoint in RESERVED.items()
    if endpoint.access not in (Access.OPEN, Access.PAGE)
]
TABLE = ReservedPaths([path for path in RESERVED if "{" not in path])
HEADERS = {"X-Session-ID": "victim"}


def spellings(path: str) -> Iterator[str]:
    """Yield other forms of a path that some server or proxy takes for the same."""
    for index, character in enumerate(path[1:], 1):  # a target begins with a slash
        for encoded in (f"%{ord(character):02X}", f"%{ord(character):02x}"):
            once = path[:index] + encoded + path[index + 1 :]
            yield once
            yield once.replace("%", "%25")
            yield once.replace("%", "%2525")
    if path == "/":
        yield from ("//", "/./", "/%2F", "/%252f", "/;a=b", "/%3Fa", "/%5C", "/%2e/")
        return
    everything = "".join(f"%{ord(character):02x}" for character in path[1:])
    yield from (
        f"/{everything}",
        f"/{everything.replace('%', '%25')}",
        "/" + path[1:].replace("/", "\\"),
    )
    yield from (path.replace("/", "//"), path.replace("/", "/./"), f"/a/..{path}", f"{path}/")
    yield from (f"/a/%2e%2e{path}", f"/%2e{path}", f"/a%2f..%2f{path[1:]}", path.upper())
    yield from (f"{path};a=b", f"{path}%3Fa", f"{path}%23a", f"{path}%00", f"{path}%20", f"/{path}")
    yield from (f"{path}/.", f"{path}/a/..", path.title(), "/." + path, path.replace("/", "/;/"))


def spelled(path: str) -> set[str]:
    """Return a path and its other forms, without bad names of a record below it."""
    forms = set(spellings(path))
    if path == "/@x/":
        forms -= {f"{path}%00", f"{path}%20"}
    return {path, *forms}


def sent(path: str) -> bytes:
    """Return a path as a request line can carry it."""
    return request("GET", path.replace("\\", "%5C"), headers=HEADERS)


@pytest.fixture
async def servers(tmp_path: Path) -> AsyncIterator[list[Server]]:
    """Servers with and without the lane, with a token."""
    async with AsyncExitStack() as stack:
        yield [
            await start(
                stack,
                tmp_path / lane,
                lane=lane,
                LARS_AUTH_TOKEN="s3cret",
                planner=ScriptedPlanner({}),
            )
            for lane in ("on", "off")
        ]


async def test_no_spelling_of_a_reserved_path_skips_the_token(servers: list[Server]) -> None:
    for path in CLOSED:
        requests = [sent(spelling) for spelling in {path, *spellings(path)}]
        for server in servers:
            data = await server.exchange(*requests)
            statuses = REPLY.findall(data)[: len(requests)]
            assert set(statuses) == {b"401"}, path


async def test_no_spelling_of_a_reserved_path_is_planned(servers: list[Server]) -> None:
    """It is that path, or does not exist; with the token, too."""
    headers = {**HEADERS, "Authorization": "Bearer s3cret"}
    for path in PATHS:
        targets = {spelling.replace("\\", "%5C") for spelling in spelled(path)}
        for server in servers:
            data = await server.exchange(
                *(request("GET", target, headers=headers) for target in targets)
            )
            assert set(REPLY.findall(data)) <= {b"200", b"308", b"400", b"404", b"405"}, path
            assert b"plan;dur" not in data, path


@pytest.mark.parametrize("path", PATHS)
def test_every_spelling_is_recognised(path: str) -> None:
    assert [spelling for spelling in spelled(path) if not TABLE.contains(spelling)] == []


@given(st.text("/.%25fF\\;_larstdocheyz26", max_size=30).map(lambda text: f"/{text}"))
@example("/%255flarst/plans")
def test_another_encoding_changes_nothing(path: str) -> None:
    """Plain paths take a shorter way to the same answer."""
    encoded = "/" + "".join(f"%{ord(character):02X}" for character in path[1:])

    assert TABLE.contains(path) == TABLE.contains(encoded)


@pytest.mark.parametrize(
    "path",
    [
        "/members", "/members/1", "/members/", "/docs/1", "/documents", "/health", "/a/docs",
        "/members/_larst", "/larst", "/members/50%25", "/members/a%2Fb", "/a//b", "/@x/members",
        "/%C3%A9t%C3%A9s/1", "/members(1)", "/members/$count",
    ],
)  # fmt: skip
def test_other_paths_are_planned(path: str) -> None:
    assert not TABLE.contains(path)


@pytest.mark.parametrize("unit", ["%25", "%2525", "%", "../", "/.", ";", "\\", "%41", "%2e%2e%2f"])
def test_the_look_takes_little_time(unit: str) -> None:
    """A target may have 16 KiB."""
    path, start_s = ("/" + unit * MAX_TARGET_BYTES)[:MAX_TARGET_BYTES], time.thread_time()
    TABLE.contains(path)

    assert time.thread_time() - start_s < 0.05
