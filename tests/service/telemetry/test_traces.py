"""The trace of a request, as a real collector receives it from a real service."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys

import aiohttp
import pytest
from aiohttp import web

from tests.service.api import Api
from tests.service.telemetry.helpers import (
    CALLER_ID,
    FAULTY,
    TRACE_ID,
    StartService,
    named,
    only,
    server,
    stage_names,
    trace_id_of,
)
from tests.wire import server as wire
from tests.wire.collector import Collector, ReceivedSpan
from tests.wire.planner import good_plan
from tests.wire.server import WireServer
from tests.wire.shared_collector import SharedCollector


async def test_a_hit_has_a_span_for_each_stage_below_the_server_span(
    traced: Api, shared_collector: SharedCollector
) -> None:
    await traced.post("/orders", {"item": "tea"})
    await traced.get("/orders/1")
    reply = await traced.get("/orders/1?q=a%20secret", headers={"X-Request-ID": "mine-1"})
    again = await traced.get("/orders/1?q=another", headers={"User-Agent": "tests"})

    spans = await shared_collector.trace(trace_id_of(again))
    root = server(spans)

    assert reply.status == again.status == 200
    assert sorted(stage_names(spans)) == sorted(
        ["larst.mailbox", "larst.plan", "larst.validate", "larst.exec", "larst.commit"]
    )
    assert {span.parent_id for span in spans if span is not root} == {root.span_id}
    assert {span.attributes["session.id"] for span in spans} == {traced.session_id}
    assert (root.name, root.kind, root.is_error) == ("GET /orders/<int>", "server", False)
    assert root.attributes["http.request.method"] == "GET"
    assert root.attributes["http.route"] == "/orders/<int>"
    assert root.attributes["http.response.status_code"] == 200
    assert root.attributes["url.path"] == "/orders/1"
    assert root.attributes["url.query"] == "q=REDACTED"
    assert root.attributes["user_agent.original"] == "tests"
    assert root.attributes["larst.plan.source"] == "hit"
    assert re.fullmatch("[0-9a-f]{64}", root.attributes["larst.plan.key"])
    assert root.attributes["larst.resource"] == "orders"
    assert root.attributes["larst.request.id"] == again.headers["X-Request-ID"]
    assert root.attributes["server.port"] == int(traced.url.rpartition(":")[2])
    assert only(spans, "larst.plan").attributes["larst.plan.source"] == "hit"
    assert all(root.begin_ns <= span.begin_ns <= span.end_ns for span in spans)


async def test_the_service_names_itself(traced: Api, shared_collector: SharedCollector) -> None:
    spans = await shared_collector.trace(trace_id_of(await traced.get("/orders")))

    assert spans[0].resource["service.name"] == "larst"
    assert spans[0].resource["service.version"]
    assert spans[0].resource["service.instance.id"]


async def test_the_callers_trace_is_continued(
    traced: Api, shared_collector: SharedCollector
) -> None:
    caller = {"traceparent": f"00-{TRACE_ID}-{CALLER_ID}-01"}

    reply = await traced.get("/orders", headers=caller)

    spans = await shared_collector.trace(TRACE_ID)
    assert server(spans).parent_id == CALLER_ID
    assert reply.headers["traceparent"] == f"00-{TRACE_ID}-{server(spans).span_id}-01"


async def test_a_caller_that_does_not_record_is_not_recorded(
    traced: Api, shared_collector: SharedCollector
) -> None:
    """The sampling decision at the start of a trace holds for all of it."""
    unrecorded = f"{1:032x}"
    quiet = {"traceparent": f"00-{unrecorded}-{CALLER_ID}-00"}

    reply = await traced.get("/orders", headers=quiet)
    await shared_collector.trace(trace_id_of(await traced.get("/orders")))

    assert reply.headers["traceparent"].endswith("-00")
    assert trace_id_of(reply) == unrecorded
    assert not [span for span in shared_collector.spans if span.trace_id == unrecorded]


async def patch_with_precondition(api: Api, collector: SharedCollector) -> list[ReceivedSpan]:
    """Return the runs of a PATCH with If-Match, in their order."""
    created = await api.post("/orders", {"item": "tea"})
    current = await api.get("/orders/1")
    etag = {"If-Match": current.headers["ETag"]}
    reply = await api.patch("/orders/1", {"item": "milk"}, headers=etag)
    assert (created.status, reply.status) == (201, 200)
    spans = await collector.trace(trace_id_of(reply))
    return sorted(named(spans, "larst.exec"), key=lambda run: run.begin_ns)


async def test_the_runs_of_a_precondition_are_marked(
    traced: Api, shared_collector: SharedCollector
) -> None:
    """A planner's program for GET runs, because it may reply anything."""
    runs = await patch_with_precondition(traced, shared_collector)

    # Checked twice: while the request was planned, other requests had their turns.
    assert [run.attributes.get("larst.is_precondition") for run in runs] == [True, True, None]


async def test_the_precondition_of_a_plain_record_needs_no_run(
    ruled: Api, shared_collector: SharedCollector
) -> None:
    runs = await patch_with_precondition(ruled, shared_collector)

    assert [run.attributes.get("larst.is_precondition") for run in runs] == [None]


async def test_each_attempt_of_a_repair_has_its_own_pair_of_spans(
    traced: Api, shared_collector: SharedCollector
) -> None:
    reply = await traced.get("/repaired")

    spans = await shared_collector.trace(trace_id_of(reply))
    plans = named(spans, "larst.plan")
    first, second = named(spans, "larst.validate")
    calls = named(spans, "chat")
    assert reply.status == 200
    assert [span.attributes["larst.plan.attempt"] for span in plans] == [1, 2]
    assert [call.parent_id for call in calls] == [span.span_id for span in plans]
    assert (first.is_error, second.is_error) == (True, False)
    assert first.attributes["error.type"] == "ProgramRefusedError"
    (event,) = first.events_of("exception")
    assert event["exception.type"] == "larst.errors.ProgramRefusedError"
    assert "import is not allowed" in event["exception.message"]
    assert not server(spans).is_error


async def test_a_program_that_stays_refused_is_an_error_of_validation(
    traced: Api, shared_collector: SharedCollector
) -> None:
    reply = await traced.get("/refused")

    spans = await shared_collector.trace(trace_id_of(reply))
    root = server(spans)
    assert reply.status == 502
    assert len(named(spans, "larst.plan")) == 2  # a repeated program ends the attempts
    assert all(span.is_error for span in named(spans, "larst.validate"))
    assert not named(spans, "larst.exec")
    assert (root.is_error, root.attributes["error.type"]) == (True, "NoUsablePlanError")
    assert root.attributes["http.response.status_code"] == 502
    assert root.name == "GET"  # no plan, no route: paths must not name spans


@pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")
async def test_a_killed_worker_is_an_error_of_its_run(
    start_traced: StartService, http: aiohttp.ClientSession, collector: Collector
) -> None:
    service = start_traced(**FAULTY)
    api = Api(http, service.url, "one")
    running = asyncio.create_task(api.get("/endless"))
    while not running.done():
        for worker in service.children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
        await asyncio.sleep(0)
    reply = await running

    spans = await collector.trace(trace_id_of(reply))
    run = named(spans, "larst.exec")[-1]
    assert reply.status == 500
    assert (run.is_error, run.message) == (True, "WorkerLostError")
    assert server(spans).attributes["error.type"] == "WorkerLostError"
    assert not server(spans).events  # recorded once, where it arose
    assert not named(spans, "larst.commit")


async def test_a_crashed_actor_is_an_error_with_its_traceback_and_no_value(
    traced: Api, shared_collector: SharedCollector
) -> None:
    reply = await traced.get("/crash")

    spans = await shared_collector.trace(trace_id_of(reply))
    (event,) = server(spans).events_of("exception")
    assert reply.status == 500
    assert server(spans).attributes["error.type"] == "ActorCrashedError"
    assert event["exception.type"] == "builtins.RuntimeError"
    assert "in broken" in event["exception.stacktrace"]
    assert "s3cret" not in str(spans)


async def test_an_expired_deadline_is_an_error_of_the_wait_in_the_mailbox(
    start_traced: StartService, http: aiohttp.ClientSession, collector: Collector
) -> None:
    service = start_traced(**FAULTY, LARS_REQUEST_TIMEOUT_S="0.6", LARS_EXECUTOR="sandbox")
    api = Api(http, service.url, "one")
    holder = asyncio.create_task(api.get("/slow"))
    while b"larst_planner_calls_total" not in (await api.get("/_larst/metrics")).raw:
        pass  # until then the session is free for other requests

    late = await api.get("/orders")

    await holder
    spans = await collector.trace(trace_id_of(late))
    wait = only(spans, "larst.mailbox")
    assert (wait.is_error, wait.message) == (True, "DeadlinePassedError")
    assert late.status == 504
    assert wait.end_ns - wait.begin_ns >= 0.6e9
    assert stage_names(spans) == ["larst.mailbox"]
    assert server(spans).attributes["http.response.status_code"] == 504


async def test_a_missing_record_is_not_an_error(
    traced: Api, shared_collector: SharedCollector
) -> None:
    """By the HTTP conventions, a 404 is an error of the client, not of the server."""
    reply = await traced.get("/orders/77")

    spans = await shared_collector.trace(trace_id_of(reply))
    assert reply.status == 404
    assert not any(span.is_error for span in spans)
    assert server(spans).attributes["http.response.status_code"] == 404
    assert "error.type" not in server(spans).attributes


async def test_a_full_mailbox_is_an_error_of_the_wait(
    start_traced: StartService, http: aiohttp.ClientSession, collector: Collector
) -> None:
    service = start_traced(**FAULTY, LARS_MAILBOX_SIZE="1", LARS_MAX_EXEC_MS="1500")
    api = Api(http, service.url, "one")
    replies = await asyncio.gather(*(api.get("/endless") for _ in range(6)))
    refused = next(reply for reply in replies if reply.status == 503)

    spans = await collector.trace(trace_id_of(refused))

    assert only(spans, "larst.mailbox").message == "MailboxFullError"
    assert server(spans).attributes["error.type"] == "MailboxFullError"
    assert server(spans).attributes["http.response.status_code"] == 503


async def test_store_calls_are_events_up_to_a_bound_and_totals_beyond(
    traced: Api, shared_collector: SharedCollector
) -> None:
    reply = await traced.post("/busy")

    run = only(await shared_collector.trace(trace_id_of(reply)), "larst.exec")
    calls = run.events_of("larst.store.call")
    assert reply.body == 30
    assert len(calls) == 20
    assert calls[0] == {"larst.store.method": "insert", "larst.resource": "busy"}
    assert run.attributes["larst.store.calls"] == 33
    assert run.attributes["larst.store.calls.insert"] == 30
    assert run.attributes["larst.store.calls.resource"] == 1


async def test_a_request_that_waits_for_a_shared_plan_links_to_its_owner(
    start_traced: StartService, http: aiohttp.ClientSession, collector: Collector
) -> None:
    """A model call may serve many requests; their traces link to the trace that has the call."""
    both_wait = asyncio.Event()

    async def answer_when_both_wait(
        _server: WireServer, _request: web.Request, kind: wire.Wire, text: str
    ) -> web.StreamResponse:
        await both_wait.wait()
        return web.json_response(wire.success(kind, text))

    async with WireServer(good_plan) as provider:
        provider.coming.append(answer_when_both_wait)
        service = start_traced(
            LARS_DEFAULT_PROVIDER="openai",
            OPENAI_API_KEY="k",
            LARS_RULES="fallback",
            LARS_MODEL="small",
            LARS_LLM_BASE_URL=provider.base_url("chat"),
        )
        requests = [
            asyncio.create_task(Api(http, service.url, name).get("/orders"))
            for name in ("one", "two")
        ]
        while (
            b"larst_mailbox_depth 2.0"
            not in (await Api(http, service.url, "three").get("/_larst/metrics")).raw
        ):
            pass
        both_wait.set()
        replies = await asyncio.gather(*requests)

    traces = [await collector.trace(trace_id_of(reply)) for reply in replies]
    traces.sort(key=lambda spans: len(named(spans, "chat small")), reverse=True)
    owner, waiter = traces
    plan = only(waiter, "larst.plan")
    assert [reply.status for reply in replies] == [200, 200]
    assert plan.attributes["larst.plan.is_shared"] is True
    assert plan.links == [(owner[0].trace_id, server(owner).span_id)]
    assert not named(waiter, "chat small")


async def test_the_variables_choose_the_sampling(
    start_traced: StartService, http: aiohttp.ClientSession, collector: Collector
) -> None:
    service = start_traced(
        OTEL_TRACES_SAMPLER="parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG="0"
    )
    api = Api(http, service.url, "one")

    plain = await api.get("/orders")
    sampled = await api.get("/orders", headers={"traceparent": f"00-{TRACE_ID}-{CALLER_ID}-01"})

    assert sampled.status == 200
    await collector.trace(TRACE_ID)
    assert plain.headers["traceparent"].endswith("-00")
    assert {span.trace_id for span in collector.spans} == {TRACE_ID}


async def test_health_checks_and_scrapes_leave_no_trace(
    start_traced: StartService, http: aiohttp.ClientSession, collector: Collector
) -> None:
    traced = Api(http, start_traced().url, "one")
    for path in ("/healthz", "/readyz", "/_larst/metrics"):
        assert (await traced.get(path)).status == 200
    control = await traced.get("/_larst/plans/0123456")

    spans = await collector.trace(trace_id_of(control))

    assert [span.name for span in spans] == ["GET /_larst/plans/{key}"]
    assert {span.name for span in collector.spans} == {"GET /_larst/plans/{key}"}
