"""LARST with a real collector, and with a real trace viewer.

    pip install -e '.[test,viewer]' && pytest -m viewer

Rotel is an OpenTelemetry collector in one binary; Phoenix is a trace viewer without a container.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from ruamel.yaml import YAML

from tests.service.api import Api, Service
from tests.wire.collector import Collector

ROOT = Path(__file__).parents[2]
START_S = 90.0
TRACE_ID, CALLER_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CALLER = {"traceparent": f"00-{TRACE_ID}-{CALLER_ID}-01"}

pytestmark = pytest.mark.viewer


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


def needs(package: str) -> pytest.MarkDecorator:
    missing = importlib.util.find_spec(package) is None
    return pytest.mark.skipif(
        missing, reason=f"{package} is not installed: pip install '.[viewer]'"
    )


@asynccontextmanager
async def process(log: Path, *command: str, ready: str, **variables: str) -> AsyncIterator[None]:
    """Run a program during the block, which starts once `ready` accepts connections."""
    running = _start(log, command, variables)
    try:
        async with asyncio.timeout(START_S):
            await _until_open(running, ready)
        yield
    finally:
        running.terminate()
        await asyncio.to_thread(running.wait, 30)


def _start(
    log: Path, command: Sequence[str], variables: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            command, env={**os.environ, **variables}, stdout=output, stderr=output
        )


async def _until_open(running: subprocess.Popen[bytes], address: str) -> None:
    host, _, port = address.rpartition(":")
    while True:
        assert running.poll() is None, "it ended; its log is beside the log of the service"
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection(host, int(port))
            writer.close()
            return
        await asyncio.sleep(0.05)


@needs("rotel")
async def test_a_collector_configured_like_ours_forwards_traces_and_metrics(
    start_service: Callable[..., Service], http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    """Rotel takes flags instead of a file; they are made from larst/otel/collector.yaml."""
    config = YAML(typ="safe").load(ROOT / "larst" / "otel" / "collector.yaml")
    protocols = config["receivers"]["otlp"]["protocols"]
    (exporter,) = [
        exporter for name, exporter in config["exporters"].items() if name.startswith("otlp_grpc")
    ]
    assert set(protocols) == {"http", "grpc"}
    assert exporter["tls"]["insecure"] is True
    binary = Path(_folder_of("rotel")) / "rotel-agent"
    http_port, grpc_port = free_port(), free_port()
    async with Collector() as viewer:
        flags = {
            "--otlp-http-endpoint": f"127.0.0.1:{http_port}",
            "--otlp-grpc-endpoint": f"127.0.0.1:{grpc_port}",
            "--exporter": "otlp",
            "--otlp-exporter-endpoint": viewer.url,
            "--otlp-exporter-protocol": "http",
            "--batch-timeout": config["processors"]["batch"]["timeout"],
            "--pid-file": str(tmp_path / "rotel.pid"),
        }
        command = [str(binary), "start", *(text for flag in flags.items() for text in flag)]
        async with process(tmp_path / "rotel.log", *command, ready=f"127.0.0.1:{http_port}"):
            service = start_service(
                OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{http_port}",
                OTEL_METRIC_EXPORT_INTERVAL="500",
            )
            api = Api(http, service.url, "one")
            await api.post("/orders", {"item": "tea"})
            reply = await api.get("/orders", headers=CALLER)
            spans = await viewer.trace(TRACE_ID)
            await viewer.until(lambda: "http.server.request.duration" in viewer.metrics)

    assert reply.status == 200
    assert {span.name for span in spans} >= {"GET /orders", "larst.exec", "larst.commit"}
    assert spans[0].resource["service.name"] == "larst"


@needs("phoenix")
async def test_a_viewer_finds_the_trace_by_its_id_and_by_its_session(
    start_service: Callable[..., Service], http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    port, grpc_port = free_port(), free_port()
    url = f"http://127.0.0.1:{port}"
    variables = {
        "PHOENIX_WORKING_DIR": str(tmp_path / "phoenix"),
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(port),
        "PHOENIX_GRPC_PORT": str(grpc_port),
        "PHOENIX_TELEMETRY_ENABLED": "false",
    }
    command = [str(Path(sys.executable).parent / "phoenix"), "serve"]
    async with process(tmp_path / "phoenix.log", *command, ready=f"127.0.0.1:{port}", **variables):
        service = start_service(
            OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{url}/v1/traces",
            LLM_MOCK_HANDLER="tests.wire.faulty.plan",
            LARS_RULES="fallback",
        )
        api = Api(http, service.url, "shop")
        assert (await api.post("/orders", {"item": "tea"}, headers=CALLER)).status == 201
        assert (await api.get("/orders/1")).status == 200
        spans = await _until(http, f"{url}/v1/projects/default/spans?trace_id={TRACE_ID}", 8)
        (session,) = await _until(http, f"{url}/v1/projects/default/sessions", 1)

    names = {span["name"]: span for span in spans}
    root = names["POST /orders"]
    assert root["parent_id"] == CALLER_ID
    assert root["attributes"]["larst.resource"] == "orders"
    assert {names[name]["parent_id"] for name in ("larst.plan", "larst.exec", "larst.commit")} == {
        root["context"]["span_id"]
    }
    assert names["chat"]["parent_id"] == names["larst.plan"]["context"]["span_id"]
    assert session["session_id"] == "shop"
    assert len(session["traces"]) == 2
    assert TRACE_ID in [trace["trace_id"] for trace in session["traces"]]


async def _until(http: aiohttp.ClientSession, url: str, count: int) -> list[dict[str, Any]]:
    """Return the items of a list of the viewer, once it has `count` of them."""
    assert urlsplit(url).hostname == "127.0.0.1"
    async with asyncio.timeout(30):
        while True:
            async with http.get(url) as reply:
                items: list[dict[str, Any]] = (await reply.json())["data"]
            if len(items) >= count:
                return items
            await asyncio.sleep(0.1)


def _folder_of(package: str) -> str:
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations
    return spec.submodule_search_locations[0]
