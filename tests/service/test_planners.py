"""A service process with a language model: a provider that works, and one that fails."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest

from tests.service.api import Answer, Api, Service
from tests.wire import server as wire
from tests.wire.planner import PROGRAMS, good_plan, plan_text
from tests.wire.server import WireServer

StartService = Callable[..., Service]
LLM_TIMEOUT_S = 10.0
"""Long enough for a busy machine; tests of a silent provider set SHORT_TIMEOUT."""

SHORT_TIMEOUT_S = 3.0
"""A first call imports the SDK and connects: on a busy machine that took more than a second."""

SHORT_TIMEOUT = str(SHORT_TIMEOUT_S)
KEY = "sk-s3cret"


@pytest.fixture
async def provider() -> AsyncIterator[WireServer]:
    async with WireServer(good_plan) as running:
        yield running


def name_of(kind: wire.Wire) -> str:
    return "anthropic" if kind == "messages" else "openai"


def settings_for(provider: WireServer, kind: wire.Wire = "chat", **more: str) -> dict[str, str]:
    """Return the settings with which a user lets that provider plan."""
    name = name_of(kind)
    return {
        "LARS_DEFAULT_PROVIDER": name,
        f"{name.upper()}_API_KEY": KEY,
        "LARS_LLM_BASE_URL": provider.base_url(kind),
        "LARS_RULES": "fallback",
        "LARS_MODEL": "small",
        "LARS_LLM_TIMEOUT_S": str(LLM_TIMEOUT_S),
        **more,
    }


def source(answer: Answer) -> str:
    """Return the source of the plan, from `Server-Timing`."""
    return answer.headers["Server-Timing"].split('desc="')[1].split('"')[0]


class TestCustomRequests:
    @pytest.mark.parametrize("kind", ["chat", "messages"])
    async def test_a_request_without_a_rule_works_and_is_learned(
        self,
        start_service: StartService,
        provider: WireServer,
        http: aiohttp.ClientSession,
        kind: wire.Wire,
    ) -> None:
        """The second request of a shape needs no call."""
        service = start_service(**settings_for(provider, kind))
        api = Api(http, service.url, "one")
        for item in ("tea", "milk"):
            assert (await api.post("/orders", {"item": item})).status == 201

        first = await api.post("/orders/1/cancel")
        second = await api.post("/orders/2/cancel")

        assert (first.status, first.body["status"]) == (200, "cancelled")
        assert (second.status, second.body["item"]) == (200, "milk")
        assert source(first) == name_of(kind)
        assert source(second) == "hit"
        assert len(provider.calls) == 2

    async def test_learned_plans_work_offline_when_locked(
        self, start_service: StartService, provider: WireServer, http: aiohttp.ClientSession
    ) -> None:
        """Without a key, a provider or costs; an unknown shape gets 404."""
        service = start_service(**settings_for(provider))
        await Api(http, service.url, "one").post("/orders", {"item": "tea"})
        await Api(http, service.url, "one").post("/orders/1/cancel")
        service.stop()
        calls = len(provider.calls)

        locked = start_service(LARS_PLAN_MODE="locked")
        api = Api(http, locked.url, "two")
        assert (await api.post("/orders", {"item": "milk"})).status == 201
        cancelled = await api.post("/orders/1/cancel")
        unknown = await api.post("/orders/1/refund")

        assert (cancelled.status, source(cancelled)) == (200, "hit")
        assert (unknown.status, unknown.body["error"]) == (404, "no plan for this request")
        assert len(provider.calls) == calls

    async def test_a_refused_program_goes_back_and_the_corrected_one_is_learned(
        self, start_service: StartService, provider: WireServer, http: aiohttp.ClientSession
    ) -> None:
        def careless(system: str, user: str) -> str:
            if "That program was refused" in user:
                assert "import is not allowed" in user
                return good_plan(system, user)
            return plan_text("import os\nREPLY = 1", "orders")

        provider.answer = careless
        service = start_service(**settings_for(provider))
        api = Api(http, service.url, "one")

        created = await api.post("/orders", {"item": "tea"})

        assert created.status == 201
        assert len(provider.calls) == 2
        listed = await api.get("/_larst/plans")
        assert listed.body["items"][0]["attempts"] == 2
        assert listed.body["items"][0]["tokens"] == {"input": 2000, "output": 100}

    async def test_a_plan_that_fails_later_is_planned_again(
        self, start_service: StartService, provider: WireServer, http: aiohttp.ClientSession
    ) -> None:
        """The planner gets the class of the error, and not the value that caused it."""

        def hasty(_system: str, user: str) -> str:
            if "That program was refused" in user:
                assert "ValueError" in user
                assert "s3cret" not in user
                program = 'REPLY = make_response(422, {"error": "not a number"})'
            else:
                program = 'REPLY = make_response(200, int(plan["payload"]["n"]))'
            return plan_text(program, "sums")

        provider.answer = hasty
        service = start_service(**settings_for(provider, LARS_PROOF="off"))
        api = Api(http, service.url, "one")
        assert (await api.post("/sums/double", {"n": "7"})).body == 7

        later = await api.post("/sums/double", {"n": "s3cret"})

        assert later.status == 422
        assert len(provider.calls) == 2
        plans = (await api.get("/_larst/plans")).body["items"]
        assert len(plans) == 1

    async def test_no_key_and_no_value_is_in_any_log(
        self, start_service: StartService, provider: WireServer, http: aiohttp.ClientSession
    ) -> None:
        service = start_service(**settings_for(provider, LARS_LOG_LEVEL="debug"))
        api = Api(http, service.url, "one")
        provider.coming.extend([wire.BAD_KEY, wire.ERROR])
        for _ in range(3):
            await api.post("/orders", {"item": "v4lue"})
        service.stop()

        log = await asyncio.to_thread(service.log_path.read_text)

        assert "using the built-in rules" in log
        assert "s3cret" not in log
        assert "v4lue" not in log


Failure = tuple[str, list[wire.Misbehaviour], int, str | None]

FAILURES: list[Failure] = [
    ("refusal", [wire.REFUSAL], 502, None),
    ("truncation", [wire.TRUNCATION] * 3, 502, None),
    ("truncation once", [wire.TRUNCATION], 200, None),
    ("429 for a moment", [wire.BUSY_FOR_A_MOMENT], 200, None),
    ("429 for long", [wire.BUSY_FOR_LONG], 503, "7"),
    ("429 once", [wire.BUSY], 200, None),
    ("429 always", [wire.BUSY] * 3, 503, "10"),
    ("500 always", [wire.ERROR] * 3, 503, "10"),
    ("500 once", [wire.ERROR], 200, None),
    ("529 always", [wire.OVERLOADED] * 3, 503, "10"),
    ("HTML with 200", [wire.HTML] * 3, 502, "10"),
    ("broken JSON", [wire.BROKEN_JSON] * 3, 502, "10"),
    ("connection drop", [wire.drop] * 3, 503, "10"),
    ("connection drop once", [wire.drop], 200, None),
    ("half a body", [wire.half_a_body] * 3, 503, "10"),
    ("bad key", [wire.BAD_KEY], 503, "10"),
    ("no such model", [wire.NO_MODEL], 503, "10"),
]


@pytest.mark.parametrize("kind", ["chat", pytest.param("messages", marks=pytest.mark.slow)])
async def test_whichever_way_a_provider_fails_the_client_gets_a_status_in_time(
    start_service: StartService,
    provider: WireServer,
    http: aiohttp.ClientSession,
    kind: wire.Wire,
) -> None:
    """The next request works: a success follows each of the failures."""
    service = start_service(
        **settings_for(provider, kind, LARS_FALLBACK="none", LARS_LLM_TIMEOUT_S=SHORT_TIMEOUT)
    )
    api = Api(http, service.url, "one")

    for number, (name, misbehaviours, expected, retry_after) in enumerate(FAILURES):
        provider.coming.extend(misbehaviours)
        start_s = time.monotonic()
        answer = await api.post(f"/things/act{number}x")
        elapsed_s = time.monotonic() - start_s
        assert answer.status == expected, (name, answer.body)
        assert elapsed_s < SHORT_TIMEOUT_S + 1, name
        if expected >= 400:
            _assert_is_failure(answer, retry_after, name)
        provider.coming.clear()
        after = await api.post(f"/things/after{number}x")
        assert (after.status, source(after)) == (200, name_of(kind)), name

    provider.coming.extend([wire.trickle, wire.silence])
    start_s = time.monotonic()
    slow = await asyncio.gather(*(api.post(f"/things/{word}x") for word in ("one", "two")))
    assert time.monotonic() - start_s < SHORT_TIMEOUT_S + 1
    for answer in slow:
        assert answer.status == 503, answer.body
        _assert_is_failure(answer, "10", "a provider that never finishes")
    assert (await api.post("/things/lastx")).status == 200


def _assert_is_failure(answer: Answer, retry_after: str | None, name: str) -> None:
    assert set(answer.body) == {"error", "detail", "request_id"}, name
    assert answer.headers.get("Retry-After") == retry_after, name
    assert "s3cret" not in str(answer.body), name


def load(number: int) -> list[tuple[str, str, object]]:
    """Return fifty requests in twelve shapes; each session has different values."""
    requests: list[tuple[str, str, object]] = []
    for turn in range(4):
        source_id, target_id = 2 * turn + 1, 2 * turn + 2
        requests += [
            ("POST", "/orders", {"item": f"item {number}", "count": turn}),
            ("GET", f"/orders/{turn + 1}", None),
            ("GET", "/orders", None),
            ("PATCH", f"/orders/{turn + 1}", {"count": number}),
            ("POST", f"/orders/{turn + 1}/cancel", None),
            ("GET", f"/orders/search?status=cancelled&count={number}", None),
            ("POST", "/products", {"name": f"p{number}", "price": turn, "category": "tools"}),
            ("GET", f"/products/{turn + 1}", None),
            ("GET", "/products/cheapest?category=tools", None),
            ("POST", "/accounts", {"balance": 100}),
            ("POST", "/accounts", {"balance": number}),
            (
                "POST",
                "/accounts/transfer",
                {"from": source_id, "to": target_id, "amount": turn + 1},
            ),
        ]
    return [*requests, ("DELETE", "/orders/1", None), ("GET", "/orders", None)]


async def run_load(http: aiohttp.ClientSession, url: str, name: str) -> Counter[tuple[str, int]]:
    """Send a thousand requests from twenty sessions at once; count methods and statuses."""
    statuses: Counter[tuple[str, int]] = Counter()

    async def session(number: int) -> None:
        api = Api(http, url, f"{name}-{number}")
        for method, path, body in load(number):
            answer = await api.send(method, path, body)
            statuses[method, answer.status] += 1

    await asyncio.gather(*map(session, range(20)))
    return statuses


async def test_a_thousand_requests_in_twelve_shapes_cost_twelve_calls_and_after_a_restart_none(
    start_service: StartService, provider: WireServer
) -> None:
    """The provider, which charges for calls, counts them."""
    service = start_service(**settings_for(provider, LARS_LLM_TIMEOUT_S="30"))
    connector = aiohttp.TCPConnector(limit=40)
    async with aiohttp.ClientSession(connector=connector) as http:
        first = await run_load(http, service.url, "first")
        assert sum(first.values()) == 1000
        assert {status for _, status in first} == {200, 201, 204}, first
        assert len(provider.calls) == len(PROGRAMS) == 12

        assert service.stop() == 0
        service = start_service(**settings_for(provider))
        second = await run_load(http, service.url, "second")

    assert second == first
    assert len(provider.calls) == 12


class TestProviderAway:
    async def test_known_shapes_work_the_rules_stand_in_and_the_provider_is_used_again(
        self, start_service: StartService, provider: WireServer, http: aiohttp.ClientSession
    ) -> None:
        service = start_service(**settings_for(provider, LARS_LLM_CIRCUIT_S="0.5"))
        api = Api(http, service.url, "one")
        await api.post("/orders", {"item": "tea"})
        await api.post("/orders/1/cancel")
        provider.is_down = True

        async def known_shapes() -> list[Answer]:
            return [await api.post("/orders", {"item": "tea"}) for _ in range(40)]

        async def shapes_with_a_rule() -> list[Answer]:
            return [await api.get(f"/films{number}x") for number in range(10)]

        async def shapes_without_a_rule() -> list[Answer]:
            return [await api.post(f"/films/1/act{number}x") for number in range(10)]

        learned, ruled, refused = await asyncio.gather(
            known_shapes(), shapes_with_a_rule(), shapes_without_a_rule()
        )

        assert {(answer.status, source(answer)) for answer in learned} == {(201, "hit")}
        assert {(answer.status, source(answer)) for answer in ruled} == {(200, "rules-fallback")}
        assert {answer.status for answer in refused} == {503}
        assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)
        # After a few failures the circuit opens: not every request reached the provider.
        assert len(provider.calls) < 30

        provider.is_down = False
        async with asyncio.timeout(20):
            # Without a pause, like an impatient client.
            while (answer := await api.post("/films/1/back")).status == 503:
                assert int(answer.headers["Retry-After"]) >= 1
        assert (answer.status, source(answer)) == (200, "openai")
        planned = await api.get("/films0x")
        assert source(planned) == "openai"

    async def test_without_a_fallback_unknown_shapes_get_503(
        self, start_service: StartService, provider: WireServer, http: aiohttp.ClientSession
    ) -> None:
        provider.is_down = True
        service = start_service(**settings_for(provider, LARS_FALLBACK="none"))
        api = Api(http, service.url, "one")

        answers = [await api.get(f"/films{number}x") for number in range(6)]
        ready = await api.get("/readyz")

        assert {answer.status for answer in answers} == {503}
        assert all("Retry-After" in answer.headers for answer in answers)
        assert (ready.status, ready.body["not_ready"]) == (503, ["planner"])

    async def test_a_session_that_waits_for_a_plan_serves_its_other_requests(
        self, start_service: StartService, provider: WireServer, http: aiohttp.ClientSession
    ) -> None:
        """Planning never holds the mailbox."""
        service = start_service(**settings_for(provider, LARS_LLM_TIMEOUT_S=SHORT_TIMEOUT))
        api = Api(http, service.url, "one")
        await api.post("/orders", {"item": "tea"})
        provider.coming.append(wire.silence)
        waiting = asyncio.create_task(api.post("/orders/1/cancel"))
        await provider.called(2)

        meanwhile = [await api.post("/orders", {"item": "tea"}) for _ in range(5)]

        assert not waiting.done()
        assert {answer.status for answer in meanwhile} == {201}
        assert (await waiting).status == 503


async def test_a_request_whose_deadline_passes_during_planning_gets_504(
    start_service: StartService, provider: WireServer, http: aiohttp.ClientSession
) -> None:
    """The deadline of a request is independent of the timeout of a planner call."""
    service = start_service(**settings_for(provider, LARS_REQUEST_TIMEOUT_S="0.3"))
    api = Api(http, service.url, "one")
    provider.coming.append(wire.silence)

    late = await api.post("/orders/1/cancel")

    assert (late.status, late.body["error"]) == (504, "deadline passed")
    assert (await api.post("/orders", {"item": "tea"})).status == 201


async def test_a_spent_budget_is_429_and_known_shapes_still_work(
    start_service: StartService, provider: WireServer, http: aiohttp.ClientSession
) -> None:
    service = start_service(**settings_for(provider, LARS_PLAN_BUDGET_PER_MINUTE="2"))
    api = Api(http, service.url, "one")
    for _ in range(2):
        await api.post("/orders", {"item": "tea"})
    await api.get("/orders")

    spent = await api.get("/orders/1")

    assert (spent.status, spent.body["error"]) == (429, "planner budget spent")
    assert 0 < int(spent.headers["Retry-After"]) <= 60
    assert (await api.get("/orders")).status == 200
    assert (await api.session("two").get("/orders/1")).status == 404
    assert len(provider.calls) == 3


async def test_a_function_of_the_user_plans(
    start_service: StartService, http: aiohttp.ClientSession
) -> None:
    service = start_service(LLM_MOCK_HANDLER="tests.wire.planner.planned_by_prompt")
    api = Api(http, service.url, "one")
    await api.post("/orders", {"item": "tea"})

    cancelled = await api.post("/orders/1/cancel")

    assert (cancelled.status, source(cancelled)) == (200, "mock")
    assert source(await api.post("/orders", {"item": "tea"})) == "hit"
