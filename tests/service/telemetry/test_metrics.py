"""The metrics, exported and on their page."""

from __future__ import annotations

import aiohttp

from tests.service.api import Api
from tests.service.telemetry.helpers import FAULTY, StartService
from tests.wire.collector import Collector


async def test_requests_plans_and_restarts_are_counted_and_measured(
    start_traced: StartService, http: aiohttp.ClientSession, collector: Collector
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
        'larst_sandbox_runs_total{outcome="direct"} 4.0',
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


async def test_the_page_needs_no_variable(api: Api) -> None:
    await api.post("/members", {"name": "Alice"})

    page = await api.get("/_larst/metrics")

    assert page.status == 200
    assert page.headers["Content-Type"].startswith("text/plain")
    assert b"# TYPE http_server_request_duration_seconds histogram" in page.raw


async def test_a_disabled_sdk_disables_the_page(
    start_service: StartService, http: aiohttp.ClientSession, collector: Collector
) -> None:
    service = start_service(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_SDK_DISABLED="true")
    api = Api(http, service.url, "one")

    assert (await api.get("/orders")).status == 200
    assert (await api.get("/_larst/metrics")).status == 404
    assert service.stop() == 0
    assert collector.request_count == 0
