"""A real service that exports to a real receiver: the traces, metrics and log lines of requests."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web

from tests.service.api import Answer, Api, Service
from tests.wire import server as wire
from tests.wire.collector import Collector, SpanSeen
from tests.wire.planner import good_plan
from tests.wire.server import WireServer

StartService = Callable[..., Service]
TRACE_ID, CALLER_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
FAULTY = {"LLM_MOCK_HANDLER": "tests.wire.faulty.plan"}


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with Collector() as running:
        yield running


@pytest.fixture
def start_traced(start_service: StartService, collector: Collector) -> StartService:
    """Starts services that export to the collector, a fifth of a second after each request."""

    def start(**settings: str) -> Service:
        return start_service(
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_BSP_SCHEDULE_DELAY="200", **settings
        )

    return start


@pytest.fixture
async def traced(start_traced: StartService, http: aiohttp.ClientSession) -> Api:
    """A client of a service whose planner makes things go wrong."""
    service = start_traced(**FAULTY, LARS_MAX_EXEC_MS="5000")
    return Api(http, service.url, "one")


@pytest.fixture
async def ruled(start_traced: StartService, http: aiohttp.ClientSession) -> Api:
    """A client of a service that plans by the built-in rules."""
    return Api(http, start_traced().url, "one")


async def raw(api: Api, head: str) -> str:
    """Send a head that no client would; return the reply."""
    host, _, port = api.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"{head}Connection: close\r\n\r\n".encode())
    reply = await reader.read()
    writer.close()
    return reply.decode()


def trace_id_of(answer: Answer) -> str:
    return answer.headers["traceparent"].split("-")[1]


def named(spans: list[SpanSeen], name: str) -> list[SpanSeen]:
    return [span for span in spans if span.name == name]


def one(spans: list[SpanSeen], name: str) -> SpanSeen:
    (found,) = named(spans, name)
    return found


def server(spans: list[SpanSeen]) -> SpanSeen:
    (found,) = [span for span in spans if span.kind == "server"]
    return found


def steps(spans: list[SpanSeen]) -> list[str]:
    """Return the names of the stages in the order in which they were begun."""
    return [span.name for span in spans if span.name.startswith("larst.")]


def log_of(service: Service) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in service.log_path.read_bytes().splitlines()]


class TestTraces:
    async def test_a_hit_has_a_span_for_each_stage_below_the_servers(
        self, traced: Api, collector: Collector
    ) -> None:
        await traced.post("/orders", {"item": "tea"})
        await traced.get("/orders/1")
        reply = await traced.get("/orders/1?q=a%20secret", headers={"X-Request-ID": "mine-1"})
        again = await traced.get("/orders/1?q=another", headers={"User-Agent": "tests"})

        spans = await collector.trace(trace_id_of(again))
        root = server(spans)

        assert reply.status == again.status == 200
        assert sorted(steps(spans)) == sorted(
            ["larst.mailbox", "larst.plan", "larst.validate", "larst.exec", "larst.commit"]
        )
        assert {span.parent_id for span in spans if span is not root} == {root.span_id}
        assert {span.attributes["session.id"] for span in spans} == {"one"}
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
        assert one(spans, "larst.plan").attributes["larst.plan.source"] == "hit"
        assert all(root.begin_ns <= span.begin_ns <= span.end_ns for span in spans)

    async def test_the_service_names_itself(self, traced: Api, collector: Collector) -> None:
        spans = await collector.trace(trace_id_of(await traced.get("/orders")))

        assert spans[0].resource["service.name"] == "larst"
        assert spans[0].resource["service.version"]
        assert spans[0].resource["service.instance.id"]

    async def test_the_callers_trace_is_continued(self, traced: Api, collector: Collector) -> None:
        caller = {"traceparent": f"00-{TRACE_ID}-{CALLER_ID}-01"}

        reply = await traced.get("/orders", headers=caller)

        spans = await collector.trace(TRACE_ID)
        assert server(spans).parent_id == CALLER_ID
        assert reply.headers["traceparent"] == f"00-{TRACE_ID}-{server(spans).span_id}-01"

    async def test_a_caller_that_does_not_record_is_not_recorded(
        self, traced: Api, collector: Collector
    ) -> None:
        """Whoever decided at the beginning of a trace has decided for all of it."""
        quiet = {"traceparent": f"00-{TRACE_ID}-{CALLER_ID}-00"}

        reply = await traced.get("/orders", headers=quiet)
        await collector.trace(trace_id_of(await traced.get("/orders")))

        assert reply.headers["traceparent"].endswith("-00")
        assert trace_id_of(reply) == TRACE_ID
        assert not [span for span in collector.spans if span.trace_id == TRACE_ID]

    @pytest.mark.parametrize(
        ("host", "name"),
        [
            ("x:\xb2", None),
            ("x:" + "9" * 5000, None),
            ("user:pass@x", None),
            ("[::1]", "[::1]"),
            ("a..b:80", "a..b"),
        ],
    )
    async def test_no_host_that_a_client_makes_up_stops_the_reply(
        self, ruled: Api, collector: Collector, host: str, name: str | None
    ) -> None:
        reply = await raw(ruled, f"GET /orders HTTP/1.1\r\nHost: {host}\r\n")

        spans = await collector.trace(re.search("traceparent: 00-(.{32})", reply)[1])  # type: ignore[index]
        assert reply.startswith("HTTP/1.1 200 ")
        assert server(spans).attributes.get("server.address") == name

    async def test_an_expectation_that_nobody_can_meet_is_answered(self, ruled: Api) -> None:
        """It is refused before any of the service's own code sees the request."""
        reply = await raw(ruled, "GET /orders HTTP/1.1\r\nHost: x\r\nExpect: a-miracle\r\n")

        assert reply.startswith("HTTP/1.1 417 ")
        assert "X-Request-ID: " in reply

    async def test_what_a_client_makes_up_is_no_route_and_no_resource(
        self, ruled: Api, collector: Collector
    ) -> None:
        made = await ruled.post("/orders", {"item": "tea"})
        root = server(await collector.trace(trace_id_of(made)))
        assert (root.attributes["http.route"], root.attributes["larst.resource"]) == (
            "/orders",
            "orders",
        )
        unknown = await ruled.get("/s3cret/7?s3cret&a=s3cret")
        empty = await ruled.get("/s3cret")
        missing = await ruled.get("/orders/s3cret")

        assert (unknown.status, empty.status, missing.status) == (404, 200, 404)
        for reply, route in ((unknown, None), (empty, None), (missing, "/orders/<text>")):
            spans = await collector.trace(trace_id_of(reply))
            root = server(spans)
            assert root.attributes.get("http.route") == route
            assert "s3cret" not in str([span.name for span in spans])
            assert "s3cret" not in str(root.attributes.get("larst.resource"))
        assert server(await collector.trace(trace_id_of(unknown))).attributes["url.query"] == (
            "REDACTED&a=REDACTED"
        )
        assert "s3cret" not in (await ruled.get("/_larst/metrics")).raw.decode()

    async def test_a_precondition_is_told_apart_from_the_request(
        self, ruled: Api, collector: Collector
    ) -> None:
        made = await ruled.post("/orders", {"item": "tea"})
        read = await ruled.get("/orders/1")
        reply = await ruled.patch(
            "/orders/1", {"item": "milk"}, headers={"If-Match": read.headers["ETag"]}
        )

        spans = await collector.trace(trace_id_of(reply))
        runs = sorted(named(spans, "larst.exec"), key=lambda run: run.begin_ns)
        assert (made.status, reply.status) == (201, 200)
        # Checked twice: the request was planned in between, and others had their turns.
        assert [run.attributes.get("larst.is_precondition") for run in runs] == [True, True, None]

    async def test_each_attempt_of_a_repair_is_a_pair_of_its_own(
        self, traced: Api, collector: Collector
    ) -> None:
        reply = await traced.get("/mended")

        spans = await collector.trace(trace_id_of(reply))
        asked = named(spans, "larst.plan")
        first, second = named(spans, "larst.validate")
        calls = named(spans, "chat")
        assert reply.status == 200
        assert [span.attributes["larst.plan.attempt"] for span in asked] == [1, 2]
        assert [call.parent_id for call in calls] == [span.span_id for span in asked]
        assert (first.is_error, second.is_error) == (True, False)
        assert first.attributes["error.type"] == "ProgramRefusedError"
        (event,) = first.events_of("exception")
        assert event["exception.type"] == "larst.errors.ProgramRefusedError"
        assert "import is not allowed" in event["exception.message"]
        assert not server(spans).is_error

    async def test_a_program_refused_to_the_end_is_told_where_it_was_refused(
        self, traced: Api, collector: Collector
    ) -> None:
        reply = await traced.get("/refused")

        spans = await collector.trace(trace_id_of(reply))
        root = server(spans)
        assert reply.status == 502
        assert len(named(spans, "larst.plan")) == 3
        assert all(span.is_error for span in named(spans, "larst.validate"))
        assert not named(spans, "larst.exec")
        assert (root.is_error, root.attributes["error.type"]) == (True, "NoUsablePlanError")
        assert root.attributes["http.response.status_code"] == 502
        assert root.name == "GET"  # no plan, no route: a path is not for names of spans

    @pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")
    async def test_a_killed_worker_is_told_at_the_run_that_it_ended(
        self, start_traced: StartService, http: aiohttp.ClientSession, collector: Collector
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
        assert not server(spans).events  # told once, where it arose
        assert not named(spans, "larst.commit")

    async def test_a_crashed_actor_is_an_error_with_its_traceback_and_no_value(
        self, traced: Api, collector: Collector
    ) -> None:
        reply = await traced.get("/crash")

        spans = await collector.trace(trace_id_of(reply))
        (event,) = server(spans).events_of("exception")
        assert reply.status == 500
        assert server(spans).attributes["error.type"] == "ActorCrashedError"
        assert event["exception.type"] == "builtins.RuntimeError"
        assert "in broken" in event["exception.stacktrace"]
        assert "s3cret" not in str(spans)

    async def test_an_expired_deadline_is_told_by_the_wait_in_the_mailbox(
        self, start_traced: StartService, http: aiohttp.ClientSession, collector: Collector
    ) -> None:
        service = start_traced(**FAULTY, LARS_REQUEST_TIMEOUT_S="0.6")
        api = Api(http, service.url, "one")
        holding = asyncio.create_task(api.get("/slow"))
        while b"larst_planner_calls_total" not in (await api.get("/_larst/metrics")).raw:
            pass  # until then its session is free for others

        late = await api.get("/orders")

        await holding
        spans = await collector.trace(trace_id_of(late))
        wait = one(spans, "larst.mailbox")
        assert (wait.is_error, wait.message) == (True, "DeadlinePassedError")
        assert late.status == 504
        assert wait.end_ns - wait.begin_ns >= 0.6e9
        assert steps(spans) == ["larst.mailbox"]
        assert server(spans).attributes["http.response.status_code"] == 504

    async def test_a_missing_record_is_no_error(self, traced: Api, collector: Collector) -> None:
        """By the HTTP conventions: a 404 is the client's, and the server did well."""
        reply = await traced.get("/orders/77")

        spans = await collector.trace(trace_id_of(reply))
        assert reply.status == 404
        assert not any(span.is_error for span in spans)
        assert server(spans).attributes["http.response.status_code"] == 404
        assert "error.type" not in server(spans).attributes

    async def test_a_full_mailbox_is_told_as_a_wait_that_never_began(
        self, start_traced: StartService, http: aiohttp.ClientSession, collector: Collector
    ) -> None:
        service = start_traced(**FAULTY, LARS_MAILBOX_SIZE="1", LARS_MAX_EXEC_MS="1500")
        api = Api(http, service.url, "one")
        replies = await asyncio.gather(*(api.get("/endless") for _ in range(6)))
        refused = next(reply for reply in replies if reply.status == 503)

        spans = await collector.trace(trace_id_of(refused))

        assert one(spans, "larst.mailbox").message == "MailboxFullError"
        assert server(spans).attributes["error.type"] == "MailboxFullError"
        assert server(spans).attributes["http.response.status_code"] == 503

    async def test_store_calls_are_events_up_to_a_bound_and_all_of_them_a_sum(
        self, traced: Api, collector: Collector
    ) -> None:
        reply = await traced.post("/busy")

        run = one(await collector.trace(trace_id_of(reply)), "larst.exec")
        calls = run.events_of("larst.store.call")
        assert reply.body == 30
        assert len(calls) == 20
        assert calls[0] == {"larst.store.method": "insert", "larst.resource": "busy"}
        assert run.attributes["larst.store.calls"] == 33
        assert run.attributes["larst.store.calls.insert"] == 30
        assert run.attributes["larst.store.calls.resource"] == 1

    async def test_who_waits_for_anothers_plan_says_whose(
        self, start_traced: StartService, http: aiohttp.ClientSession, collector: Collector
    ) -> None:
        """One model call for many: the trace of each of the others leads to the one that has it."""
        asked = asyncio.Event()

        async def when_both_have(
            _server: WireServer, _request: web.Request, kind: wire.Wire, text: str
        ) -> web.StreamResponse:
            await asked.wait()
            return web.json_response(wire.success(kind, text))

        async with WireServer(good_plan) as provider:
            provider.coming.append(when_both_have)
            service = start_traced(
                LARS_DEFAULT_PROVIDER="openai",
                OPENAI_API_KEY="k",
                LARS_MODEL="small",
                LARS_LLM_BASE_URL=provider.base_url("chat"),
            )
            asking = [
                asyncio.create_task(Api(http, service.url, name).get("/orders"))
                for name in ("one", "two")
            ]
            while (
                b"larst_mailbox_depth 2.0"
                not in (await Api(http, service.url, "three").get("/_larst/metrics")).raw
            ):
                pass
            asked.set()
            replies = await asyncio.gather(*asking)

        traces = [await collector.trace(trace_id_of(reply)) for reply in replies]
        traces.sort(key=lambda spans: len(named(spans, "chat small")), reverse=True)
        owner, waiter = traces
        waited = one(waiter, "larst.plan")
        assert [reply.status for reply in replies] == [200, 200]
        assert waited.attributes["larst.plan.is_shared"] is True
        assert waited.links == [(owner[0].trace_id, server(owner).span_id)]
        assert not named(waiter, "chat small")

    async def test_sampling_is_as_the_variables_say(
        self, start_traced: StartService, http: aiohttp.ClientSession, collector: Collector
    ) -> None:
        service = start_traced(
            OTEL_TRACES_SAMPLER="parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG="0"
        )
        api = Api(http, service.url, "one")

        plain = await api.get("/orders")
        wanted = await api.get("/orders", headers={"traceparent": f"00-{TRACE_ID}-{CALLER_ID}-01"})

        assert wanted.status == 200
        await collector.trace(TRACE_ID)
        assert plain.headers["traceparent"].endswith("-00")
        assert {span.trace_id for span in collector.spans} == {TRACE_ID}

    async def test_what_machines_ask_every_second_leaves_no_trace(
        self, traced: Api, collector: Collector
    ) -> None:
        for path in ("/healthz", "/readyz", "/_larst/metrics"):
            assert (await traced.get(path)).status == 200
        control = await traced.get("/_larst/plans/0123456")

        spans = await collector.trace(trace_id_of(control))

        assert [span.name for span in spans] == ["GET /_larst/plans/{key}"]
        assert {span.name for span in collector.spans} == {"GET /_larst/plans/{key}"}


class TestModelCalls:
    @pytest.mark.parametrize(
        ("kind", "provider_name"), [("chat", "openai"), ("messages", "anthropic")]
    )
    async def test_a_call_is_a_client_span_by_the_conventions(
        self,
        start_traced: StartService,
        http: aiohttp.ClientSession,
        collector: Collector,
        kind: wire.Wire,
        provider_name: str,
    ) -> None:
        async with WireServer(good_plan) as provider:
            service = start_traced(
                LARS_DEFAULT_PROVIDER=provider_name,
                OPENAI_API_KEY="sk-s3cret",
                ANTHROPIC_API_KEY="sk-s3cret",
                LARS_MODEL="small",
                LARS_PRICES="small=1/10",
                LARS_LLM_BASE_URL=provider.base_url(kind),
                OTEL_METRIC_EXPORT_INTERVAL="300",
            )
            reply = await Api(http, service.url, "one").post("/orders", {"item": "a s3cret item"})
            spans = await collector.trace(trace_id_of(reply))
            await collector.until(lambda: "gen_ai.client.token.usage" in collector.metrics)

        call = one(spans, "chat small")
        told = call.attributes
        assert call.kind == "client"
        assert call.parent_id == one(spans, "larst.plan").span_id
        assert told["gen_ai.operation.name"] == "chat"
        assert told["gen_ai.provider.name"] == provider_name
        assert told["gen_ai.request.model"] == "small"
        assert told["gen_ai.usage.output_tokens"] == 50
        assert told["gen_ai.usage.input_tokens"] >= 1000
        assert told["gen_ai.response.finish_reasons"] == ["stop"]
        assert (told["server.address"], told["session.id"]) == ("127.0.0.1", "one")
        assert one(spans, "larst.plan").attributes["larst.plan.cost_usd"] > 0
        assert "s3cret" not in str(spans)
        assert "gen_ai.input.messages" not in told
        assert "gen_ai.client.operation.duration" in collector.metrics

    async def test_what_models_are_told_is_shown_only_where_it_was_asked_for(
        self, start_traced: StartService, http: aiohttp.ClientSession, collector: Collector
    ) -> None:
        service = start_traced(**FAULTY, OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT="true")

        reply = await Api(http, service.url, "one").post("/orders", {"item": "tea"})

        call = one(await collector.trace(trace_id_of(reply)), "chat")
        (asked,) = orjson.loads(call.attributes["gen_ai.input.messages"])
        (answered,) = orjson.loads(call.attributes["gen_ai.output.messages"])
        assert asked["role"] == "user"
        assert "REQUEST CONTEXT" in asked["parts"][0]["content"]
        assert "store.insert" in answered["parts"][0]["content"]
        assert answered["finish_reason"] == "stop"

    async def test_a_provider_that_fails_is_told_at_each_call(
        self, start_traced: StartService, http: aiohttp.ClientSession, collector: Collector
    ) -> None:
        service = start_traced(
            LARS_DEFAULT_PROVIDER="openai",
            OPENAI_API_KEY="k",
            LARS_MODEL="small",
            LARS_LLM_BASE_URL="http://127.0.0.1:9/v1",
        )

        reply = await Api(http, service.url, "one").get("/orders")

        spans = await collector.trace(trace_id_of(reply))
        assert reply.status == 200
        assert [call.message for call in named(spans, "chat small")] == [
            "PlannerUnreachableError"
        ] * 3
        assert one(spans, "larst.plan").attributes["larst.plan.source"] == "rules-fallback"
        assert not server(spans).is_error


class TestMetrics:
    async def test_what_happened_is_counted_and_measured(
        self, start_traced: StartService, http: aiohttp.ClientSession, collector: Collector
    ) -> None:
        service = start_traced(**FAULTY, OTEL_METRIC_EXPORT_INTERVAL="300")
        api = Api(http, service.url, "one")
        await api.post("/orders", {"item": "tea"})
        await api.get("/orders/1")
        await api.get("/orders/1")
        await api.get("/crash")
        await api.get("/orders/1")

        text = (await api.get("/_larst/metrics")).raw.decode()
        await collector.until(lambda: "larst.session.restarts" in collector.metrics)

        request = (
            'error_type="",http_request_method="GET",http_response_status_code="200",'
            'http_route="/orders/<int>",url_scheme="http"'
        )
        for line in (
            f"http_server_request_duration_seconds_count{{{request}}} 3.0",
            'larst_stage_duration_seconds_count{larst_stage="exec"} 4.0',
            "larst_mailbox_wait_seconds_count 5.0",
            "larst_mailbox_depth 0.0",
            'larst_sessions{state="live"} 1.0',
            'larst_sessions{state="asleep"} 0.0',
            "larst_session_restarts_total 1.0",
            'larst_plan_book_lookups_total{result="hit"} 2.0',
            'larst_planner_calls_total{outcome="planned",planner="mock"} 3.0',
            'larst_sandbox_runs_total{outcome="replied"} 4.0',
            "larst_journal_fsyncs_total 1.0",
        ):
            assert line in text.splitlines()
        assert set(collector.metrics) >= {
            "http.server.request.duration",
            "larst.stage.duration",
            "larst.mailbox.wait",
            "larst.mailbox.depth",
            "larst.sessions",
            "larst.plan_book.lookups",
            "larst.planner.calls",
            "larst.planner.cost",
            "larst.sandbox.runs",
            "larst.journal.fsyncs",
            "gen_ai.client.operation.duration",
        }

    async def test_they_are_there_without_any_variable(self, api: Api) -> None:
        await api.post("/members", {"name": "Alice"})

        page = await api.get("/_larst/metrics")

        assert page.status == 200
        assert page.headers["Content-Type"].startswith("text/plain")
        assert b"# TYPE http_server_request_duration_seconds histogram" in page.raw

    async def test_they_are_off_where_all_of_it_is(
        self, start_service: StartService, http: aiohttp.ClientSession, collector: Collector
    ) -> None:
        service = start_service(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_SDK_DISABLED="true")
        api = Api(http, service.url, "one")

        assert (await api.get("/orders")).status == 200
        assert (await api.get("/_larst/metrics")).status == 404
        assert service.stop() == 0
        assert collector.asked == 0


class TestDeadCollector:
    async def test_it_stops_no_request_and_holds_up_no_end(
        self, start_traced: StartService, http: aiohttp.ClientSession, collector: Collector
    ) -> None:
        """A collector that takes connections and never answers is the worst there is."""
        collector.hang()
        service = start_traced()
        api = Api(http, service.url, "one")

        replies = [await api.post("/orders", {"n": number}) for number in range(100)]
        await collector.until(lambda: collector.asked)
        stopped = await asyncio.to_thread(service.stop)

        assert {reply.status for reply in replies} == {201}
        assert stopped == 0
        said = [line["msg"] for line in log_of(service) if line["logger"] == "otel"]
        assert "could not be sent within 2 s" in said[-1]

    async def test_it_is_warned_of_once_a_minute(
        self, start_service: StartService, http: aiohttp.ClientSession
    ) -> None:
        service = start_service(
            OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9",
            OTEL_BSP_SCHEDULE_DELAY="20",
            OTEL_EXPORTER_OTLP_TIMEOUT="0.1",
            OTEL_METRIC_EXPORT_INTERVAL="50",
        )
        api = Api(http, service.url, "one")

        for number in range(200):
            await api.post("/orders", {"n": number})

        assert service.stop() == 0
        said = [line for line in log_of(service) if line["level"] == "warning"]
        assert len([line for line in said if line["msg"].startswith("telemetry: ")]) == 1
        assert {line["logger"] for line in said} == {"otel"}


class TestLog:
    async def test_a_request_is_one_line_that_leads_to_its_trace(
        self, start_traced: StartService, http: aiohttp.ClientSession, collector: Collector
    ) -> None:
        service = start_traced()
        api = Api(http, service.url, "one")

        reply = await api.post("/orders", {"item": "tea"}, headers={"X-Request-ID": "find-me"})

        (line,) = [line for line in log_of(service) if line.get("request_id") == "find-me"]
        assert reply.headers["X-Request-ID"] == "find-me"
        assert line["trace_id"] == trace_id_of(reply)
        assert (line["session_id"], line["status"], line["outcome"]) == ("one", 201, "replied")
        assert (line["method"], line["route"], line["plan"]) == ("POST", "/orders", "rules")
        assert list(line["stages_ms"]) == ["queue", "plan", "validate", "exec", "commit"]
        assert (await collector.trace(line["trace_id"]))[0].attributes["larst.request.id"]

    async def test_what_becomes_of_sessions_and_programs_is_a_line_each(
        self, start_traced: StartService, http: aiohttp.ClientSession
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
        refused = [line for line in log if line["msg"].startswith("a program was refused")]
        assert len(refused) == 3
        assert {line["session_id"] for line in refused} == {"one"}
        tracebacks = [line for line in log if "traceback" in line]
        assert len(tracebacks) == 1  # told once, and with the request that met it
        assert "while serving request crashed-1" in tracebacks[0]["traceback"]
        assert [line["msg"] for line in log if line["logger"] == "larst.service"] == [
            "ready",
            "stopping",
            "stopped",
        ]

    async def test_a_recovery_is_a_line(
        self, own_service: Service, http: aiohttp.ClientSession
    ) -> None:
        """Whoever had a power cut wants to know what became of what was not yet in the files."""
        await Api(http, own_service.url, "one").post("/orders", {"item": "tea"})
        own_service.stop(signal.SIGKILL)
        own_service.start()

        found = await Api(http, own_service.url, "one").get("/orders/1")

        assert found.status == 200
        (line,) = [line for line in log_of(own_service) if line.get("event") == "Recovered"]
        assert (line["session_id"], line["level"]) == ("one", "info")
        assert "orders" in line["msg"]

    async def test_neither_secrets_nor_bodies_are_in_it(
        self, start_traced: StartService, http: aiohttp.ClientSession, collector: Collector
    ) -> None:
        service = start_traced(
            LARS_AUTH_TOKEN="t0ken-s3cret", OPENAI_API_KEY="sk-s3cret", LARS_LOG_LEVEL="debug",
            LARS_LLM_BASE_URL="http://127.0.0.1:9/v1", LARS_MODEL="small",
            OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20s3cret",
        )  # fmt: skip
        api = Api(http, service.url, "one")
        headers = {
            "Authorization": "Bearer t0ken-s3cret",
            "Cookie": "id=s3cret",
            "X-API-Key": "s3cret",
        }

        stored = await api.post("/notes", {"text": "a s3cret body"}, headers=headers)
        found = await api.get("/notes/search?text=*s3cret*", headers=headers)
        refused = await api.get("/notes", headers={"Authorization": "Bearer s3cret-guess"})
        broken = await api.send("POST", "/notes", raw=b"{s3cret", headers=headers)

        assert (stored.status, len(found.body)) == (201, 1)
        assert (refused.status, broken.status) == (401, 400)
        await collector.trace(trace_id_of(broken))
        assert service.stop() == 0
        assert len(log_of(service)) > 8
        assert "s3cret" not in service.log_path.read_text()
        assert "s3cret" not in str(collector.spans)
