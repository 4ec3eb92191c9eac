"""A private LARST in this process, which answers the requests of an ejected project's tests.

It has no model and no key: it costs no call, and plans nothing that is not in the plan book.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiohttp import web

    from larst.cli.client import Service
    from larst.eject import Answer, Api, Case, Replay, Request

_HEADERS = ("Location", "X-Total-Count")
_STOP_TIMEOUT_S = 30.0
_TIMEOUT_S = 30.0


def replayed(api: Api, plans: Sequence[Mapping[str, Any]], cases: Sequence[Case]) -> list[Replay]:
    """Return the cases with the answers of LARST, each given by a new copy of the records.

    Raises:
        ServiceError: the copy cannot be made.
    """
    from larst.cli.client import ServiceError
    from larst.eject import Replay, sample_export

    sample = sample_export(api)
    replays = []
    with tempfile.TemporaryDirectory(prefix="larst-eject-") as folder:
        _write_plans(Path(folder), plans)
        with private_service(Path(folder)) as service:
            for number, case in enumerate(cases):
                session = f"case-{number}"
                path = f"/_larst/sessions/{session}/import"
                with service.open("POST", path, sample, timeout_s=_TIMEOUT_S) as reply:
                    if "imported" not in reply.json():
                        raise ServiceError(f"the copy of the session cannot be made: {path}")
                answers = tuple(_answer(service, session, request) for request in case.requests)
                replays.append(Replay(case, answers))
    return replays


def _write_plans(root: Path, plans: Sequence[Mapping[str, Any]]) -> None:
    """Write the plans of models as approved ones, which serve without the model."""
    from larst.planning import RULES
    from larst.planning.book import BookEntry

    folder = root / ".plans"
    folder.mkdir()
    for plan in plans:
        if plan["planner"] == RULES or plan["state"] not in ("learned", "pinned"):
            continue
        stored = {name: plan[name] for name in BookEntry.model_fields if name in plan}
        entry = BookEntry.model_validate_json(
            json.dumps({**stored, "state": "pinned", "sessions": []})
        )
        (folder / f"{entry.key}.json").write_text(entry.model_dump_json(), "utf-8")


def _answer(service: Service, session: str, request: Request) -> Answer:
    from larst.eject import Answer

    outgoing = urllib.request.Request(  # noqa: S310 - the address of the private service
        service.url + request.path,
        method=request.method,
        data=json.dumps(request.body).encode() if request.has_body else None,
        headers={
            "X-Session-ID": session,
            **({"Content-Type": "application/json"} if request.has_body else {}),
        },
    )
    try:
        reply = urllib.request.urlopen(outgoing, timeout=_TIMEOUT_S)  # noqa: S310 - as above
    except urllib.error.HTTPError as error:
        reply = error
    with reply:
        content = reply.read()
        headers = {name: reply.headers[name] for name in _HEADERS if name in reply.headers}
        is_json = "json" in reply.headers.get("Content-Type", "")
        body = json.loads(content) if content and is_json else content.decode()
        return Answer(reply.status, body, has_body=bool(content), headers=headers)


@contextmanager
def private_service(root: Path) -> Iterator[Service]:
    """Serve a data root at a free port of this machine, without a model.

    Raises:
        DataRootTakenError: another process serves the data root.
    """
    from larst.cli.client import Service
    from larst.http.app import make_app

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="larst-private")
    thread.start()
    runner: web.AppRunner | None = None
    try:
        runner, url = asyncio.run_coroutine_threadsafe(
            _start(lambda: make_app(_settings(root))), loop
        ).result()
        yield Service(url, None)
    finally:
        if runner is not None:
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(_STOP_TIMEOUT_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _start(make_app: Any) -> tuple[web.AppRunner, str]:
    from aiohttp import web

    runner = web.AppRunner(make_app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


def _settings(root: Path) -> Any:
    from larst.config import load_settings

    settings = load_settings({"LARS_DEFAULT_PROVIDER": "rules"})
    http = settings.http.model_copy(update={"auth_secret": None, "tokens_file": None})
    return settings.model_copy(update={"data_root": root, "http": http})
