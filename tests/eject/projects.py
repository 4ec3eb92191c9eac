"""Ejected projects for tests: a private LARST, the command, and the application in a process."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from larst.cli import main
from larst.cli.client import Service
from larst.cli.replay import private_service
from tests.eject.workflows import Sent

HEADERS = ("Location", "X-Total-Count")

_CLIENT = """
import json, os, sys
os.environ[sys.argv[1].upper() + "_DATABASE"] = "compared.db"
from importlib import import_module
from fastapi.testclient import TestClient
app = import_module(sys.argv[1] + ".app").app
load = import_module(sys.argv[1] + ".database").load
answers = []
with TestClient(app, follow_redirects=False) as client:
    load()
    for method, path, body in json.load(sys.stdin):
        reply = client.request(method, path, **({} if body is None else {"json": body}))
        body = json.loads(reply.text) if reply.text else None
        headers = {name: reply.headers.get(name) for name in json.loads(sys.argv[2])}
        answers.append([reply.status_code, body, headers])
print(json.dumps(answers))
"""


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


def answers_of(project: Path, package: str, requests: Sequence[Sent]) -> list[list[Any]]:
    """Return the replies of the project's application, on its seed data."""
    output = run_in(
        project, "-c", _CLIENT, package, json.dumps(HEADERS), content=json.dumps(requests)
    )
    answers: list[list[Any]] = json.loads(output)
    return answers


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
