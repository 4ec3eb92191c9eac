"""Ejected projects for tests: a private LARST, the command, and the application in a process."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from larst.cli import main
from larst.cli.client import Service
from larst.cli.replay import private_service
from tests.eject.workflows import Sent

HEADERS = ("Location", "X-Total-Count")

_CLIENT = """
import json, os, sys
from importlib import import_module
from fastapi.testclient import TestClient
for package, groups in json.load(sys.stdin):
    app = import_module(package + ".app").app
    load = import_module(package + ".database").load
    answers = []
    for number, requests in enumerate(groups):
        os.environ[package.upper() + "_DATABASE"] = f"{package}-{number}.db"
        with TestClient(app, follow_redirects=False) as client:
            load()
            for method, path, body in requests:
                reply = client.request(method, path, **({} if body is None else {"json": body}))
                is_json = "json" in reply.headers.get("Content-Type", "")
                body = json.loads(reply.text) if reply.text and is_json else reply.text or None
                headers = {name: reply.headers.get(name) for name in json.loads(sys.argv[1])}
                answers.append([reply.status_code, body, headers])
    print(json.dumps(answers))
"""


@dataclass(frozen=True, slots=True)
class Project:
    """A package and groups of requests to it; each group has a database of its own."""

    package: str
    groups: Sequence[Sequence[Sent]]


def send(service: Service, session: str, request: Sent) -> list[Any]:
    """Return the status, the body and the headers of LARST's reply."""
    method, path, body = request
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "X-Session-ID": session}
    outgoing = urllib.request.Request(service.url + path, data, headers, method=method)  # noqa: S310
    try:
        reply = urllib.request.urlopen(outgoing, timeout=20)  # noqa: S310 - a service of the test
    except urllib.error.HTTPError as error:
        reply = error
    with reply:
        text = reply.read()
        headers = {name: reply.headers.get(name) for name in HEADERS}
        return [reply.status, json.loads(text) if text else None, headers]


@contextmanager
def larst_with(tmp_path: Path, session: str, requests: Sequence[Sent]) -> Iterator[Service]:
    """Yield a LARST to which the requests have been sent."""
    with private_service(tmp_path / "data") as service:
        for request in requests:
            status = send(service, session, request)[0]
            assert status < 400, request
        yield service


def eject(service: Service, session: str, target: Path) -> None:
    """Run `larst eject` against the service."""
    assert main(["eject", session, "--to", str(target), "--url", service.url]) == 0


def answers_of(folder: Path, projects: Sequence[Project]) -> list[list[list[Any]]]:
    """Return the replies of the applications in a folder, each on its seed data."""
    content = json.dumps([[project.package, project.groups] for project in projects])
    output = run_in(folder, "-c", _CLIENT, json.dumps(HEADERS), content=content)
    return [json.loads(line) for line in output.splitlines()]


def run_in(project: Path, *arguments: str, content: str = "") -> str:
    """Run Python in the project's directory and return its output."""
    output = subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        input=content,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert output.returncode == 0, output.stdout[-4000:] + output.stderr[-4000:]
    return output.stdout
