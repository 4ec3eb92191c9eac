"""The log: a line for each request, each event of a session and each refused program."""

from __future__ import annotations

import signal

import aiohttp

from tests.service.api import Api, Service
from tests.service.telemetry.helpers import FAULTY, StartService, log_of, trace_id_of
from tests.wire.collector import Collector


async def test_a_request_is_one_line_that_leads_to_its_trace(
    start_traced: StartService, http: aiohttp.ClientSession, collector: Collector
) -> None:
    service = start_traced()
    api = Api(http, service.url, "one")

    reply = await api.post("/orders", {"item": "tea"}, headers={"X-Request-ID": "find-me"})
    assert service.stop() == 0  # lines are written just after the replies

    (line,) = [line for line in log_of(service) if line.get("request_id") == "find-me"]
    assert reply.headers["X-Request-ID"] == "find-me"
    assert line["trace_id"] == trace_id_of(reply)
    assert (line["session_id"], line["status"], line["outcome"]) == ("one", 201, "replied")
    assert (line["method"], line["route"], line["plan"]) == ("POST", "/orders", "rules")
    assert list(line["stages_ms"]) == ["queue", "plan", "validate", "exec", "commit"]
    assert (await collector.trace(line["trace_id"]))[0].attributes["larst.request.id"]


async def test_events_of_sessions_and_programs_are_a_line_each(
    start_traced: StartService, http: aiohttp.ClientSession
) -> None:
    service = start_traced(**FAULTY)
    api = Api(http, service.url, "one")
    await api.get("/refused")
    crashed = await api.get("/crash", headers={"X-Request-ID": "crashed-1"})
    await api.get("/orders")
    assert crashed.status == 500
    assert service.stop() == 0

    log = log_of(service)

    events = [line["event"] for line in log if "event" in line]
    assert events == ["Started", "Crashed", "Restarted", "Stopped"]
    refused = [line for line in log if line["msg"].startswith("program refused")]
    assert len(refused) == 1  # the second time it is the same program
    assert {line["session_id"] for line in refused} == {"one"}
    tracebacks = [line for line in log if "traceback" in line]
    assert len(tracebacks) == 1  # logged once, with the request that met the bug
    assert "while serving request crashed-1" in tracebacks[0]["traceback"]
    assert [line["msg"] for line in log if line["logger"] == "larst.service"] == [
        "ready",
        "stopping",
        "stopped",
    ]


async def test_a_recovery_is_a_line(own_service: Service, http: aiohttp.ClientSession) -> None:
    """After a power cut, the operator needs to know which changes were recovered."""
    await Api(http, own_service.url, "one").post("/orders", {"item": "tea"})
    own_service.stop(signal.SIGKILL)
    own_service.start()

    reply = await Api(http, own_service.url, "one").get("/orders/1")

    assert reply.status == 200
    (line,) = [line for line in log_of(own_service) if line.get("event") == "Recovered"]
    assert (line["session_id"], line["level"]) == ("one", "info")
    assert "orders" in line["msg"]


async def test_the_log_has_neither_secrets_nor_bodies(
    start_traced: StartService, http: aiohttp.ClientSession, collector: Collector
) -> None:
    service = start_traced(
        LARS_AUTH_TOKEN="t0ken-s3cret", OPENAI_API_KEY="sk-s3cret", LARS_LOG_LEVEL="debug",
        LARS_LLM_BASE_URL="http://127.0.0.1:9/v1", LARS_MODEL="small", LARS_RULES="fallback",
        OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20s3cret",
    )  # fmt: skip
    api = Api(http, service.url, "one")
    headers = {
        "Authorization": "Bearer t0ken-s3cret",
        "Cookie": "id=s3cret",
        "X-API-Key": "s3cret",
    }

    stored = await api.post("/notes", {"text": "a s3cret body"}, headers=headers)
    listed = await api.get("/notes/search?text=*s3cret*", headers=headers)
    refused = await api.get("/notes", headers={"Authorization": "Bearer s3cret-guess"})
    broken = await api.send("POST", "/notes", raw=b"{s3cret", headers=headers)

    assert (stored.status, len(listed.body)) == (201, 1)
    assert (refused.status, broken.status) == (401, 400)
    await collector.trace(trace_id_of(broken))
    assert service.stop() == 0
    assert len(log_of(service)) > 8
    assert "s3cret" not in service.log_path.read_text()
    assert "s3cret" not in str(collector.spans)
