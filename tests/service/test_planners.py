"""Language models behind a real service process: a provider that behaves, and one that does not."""

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
LLM_TIMEOUT_S = 1.0
KEY = "sk-s3cret"


@pytest.fixture
async def provider() -> AsyncIterator[WireServer]:
    async with WireServer(good_plan) as running:
        yield running


def name_of(kind: wire.Wire) -> str:
    return "anthropic" if kind == "messages" else "openai"


def settings_for(provider: WireServer, kind: wire.Wire = "chat", **more: str) -> dict[str, str]:
    """Return what a user would set to have that provider plan."""
    name = name_of(kind)
    return {
        "LARS_DEFAULT_PROVIDER": name,
        f"{name.upper()}_API_KEY": KEY,
        "LARS_LLM_BASE_URL": provider.base_url(kind),
        "LARS_MODEL": "small",
        "LARS_LLM_TIMEOUT_S": str(LLM_TIMEOUT_S),
        **more,
    }


def source(answer: Answer) -> str:
    """Return where the plan came from, by Server-Timing."""
    return answer.headers["Server-Timing"].split('desc="')[1].split('"')[0]


class TestCustomRequests:
    @pytest.mark.parametrize("kind", ["chat", "messages"])
    async def test_what_no_rule_can_read_works_and_is_learned(
        self,
        start_service: StartService,
        provider: WireServer,
        http: aiohttp.ClientSession,
        kind: wire.Wire,
    ) -> None:
        """The second request of a shape answers without a call."""
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

    async def test_what_was_learned_is_served_offline_when_locked(
        self, start_service: StartService, provider: WireServer, http: aiohttp.ClientSession
    ) -> None:
        """No key, no provider, no cost: and nothing else than what was learned."""
        service = start_service(**settings_for(provider))
        await Api(http, service.url, "one").post("/orders", {"item": "tea"})
        await Api(http, service.url, "one").post("/orders/1/cancel")
        service.stop()
        asked = len(provider.calls)

        locked = start_service(LARS_PLAN_MODE="locked")
        api = Api(http, locked.url, "two")
        assert (await api.post("/orders", {"item": "milk"})).status == 201
        cancelled = await api.post("/orders/1/cancel")
        unknown = await api.post("/orders/1/refund")

        assert (cancelled.status, source(cancelled)) == (200, "hit")
        assert (unknown.status, unknown.body["error"]) == (404, "no plan for this request")
        assert len(provider.calls) == asked

    async def test_a_refused_program_goes_back_and_the_mended_one_is_learned(
        self, start_service: StartService, provider: WireServer, http: aiohttp.ClientSession
    ) -> None:
        def careless(system: str, user: str) -> str:
            if "YOUR EARLIER ANSWERS" in user:
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

    async def test_a_plan_that_fails_later_is_planned_anew(
        self, start_service: StartService, provider: WireServer, http: aiohttp.ClientSession
    ) -> None:
        """What it met there goes to the planner as a kind of error, and not as a value."""

        def hasty(_system: str, user: str) -> str:
            if "YOUR EARLIER ANSWERS" in user:
                assert "ValueError" in user
                assert "s3cret" not in user
                program = 'REPLY = make_response(422, {"error": "not a number"})'
            else:
                program = 'REPLY = make_response(200, int(plan["payload"]["n"]))'
            return plan_text(program, "sums")

        provider.answer = hasty
        service = start_service(**settings_for(provider))
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

        logged = await asyncio.to_thread(service.log_path.read_text)

        assert "the rules stand in" in logged
        assert "s3cret" not in logged
        assert "v4lue" not in logged


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
    ("trickle", [wire.trickle], 503, "10"),
    ("silence", [wire.silence], 503, "10"),
    ("bad key", [wire.BAD_KEY], 503, "10"),
    ("no such model", [wire.NO_MODEL], 503, "10"),
]


@pytest.mark.parametrize("kind", ["chat", "messages"])
async def test_however_a_provider_fails_the_client_gets_a_status_in_time(
    start_service: StartService,
    provider: WireServer,
    http: aiohttp.ClientSession,
    kind: wire.Wire,
) -> None:
    """And the next request works: each failure below is followed by a success."""
    service = start_service(**settings_for(provider, kind, LARS_FALLBACK="none"))
    api = Api(http, service.url, "one")

    for number, (name, misbehaviours, expected, retry_after) in enumerate(FAILURES):
        provider.coming.extend(misbehaviours)
        began_s = time.monotonic()
        answer = await api.post(f"/things/act{number}x")
        took_s = time.monotonic() - began_s
        assert answer.status == expected, (name, answer.body)
        assert took_s < LLM_TIMEOUT_S + 1, name
        if expected >= 400:
            assert set(answer.body) == {"error", "detail", "request_id"}, name
            assert answer.headers.get("Retry-After") == retry_after, name
            assert "s3cret" not in str(answer.body), name
        provider.coming.clear()
        after = await api.post(f"/things/after{number}x")
        assert (after.status, source(after)) == (200, name_of(kind)), name


def load(number: int) -> list[tuple[str, str, object]]:
    """Return fifty requests of a session in twelve shapes; each session has other values."""
    requests: list[tuple[str, str, object]] = []
    for turn in range(4):
        one, two = 2 * turn + 1, 2 * turn + 2
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
            ("POST", "/accounts/transfer", {"from": one, "to": two, "amount": turn + 1}),
        ]
    return [*requests, ("DELETE", "/orders/1", None), ("GET", "/orders", None)]


async def run_load(http: aiohttp.ClientSession, url: str, name: str) -> Counter[tuple[str, int]]:
    """Send a thousand requests from twenty sessions at once; return how each kind was answered."""
    answered: Counter[tuple[str, int]] = Counter()

    async def session(number: int) -> None:
        api = Api(http, url, f"{name}-{number}")
        for method, path, body in load(number):
            answer = await api.send(method, path, body)
            answered[method, answer.status] += 1

    await asyncio.gather(*map(session, range(20)))
    return answered


async def test_a_thousand_requests_in_twelve_shapes_cost_twelve_calls_and_after_a_restart_none(
    start_service: StartService, provider: WireServer
) -> None:
    """Counted where they are paid for."""
    service = start_service(**settings_for(provider, LARS_LLM_TIMEOUT_S="30"))
    connector = aiohttp.TCPConnector(limit=40)
    async with aiohttp.ClientSession(connector=connector) as http:
        answered = await run_load(http, service.url, "first")
        assert sum(answered.values()) == 1000
        assert {status for _, status in answered} == {200, 201, 204}, answered
        assert len(provider.calls) == len(PROGRAMS) == 12

        assert service.stop() == 0
        service = start_service(**settings_for(provider))
        again = await run_load(http, service.url, "second")

    assert again == answered
    assert len(provider.calls) == 12


class TestProviderAway:
    async def test_known_shapes_go_on_the_rules_stand_in_and_it_comes_back_by_itself(
        self, start_service: StartService, provider: WireServer, http: aiohttp.ClientSession
    ) -> None:
        service = start_service(**settings_for(provider, LARS_LLM_CIRCUIT_S="0.5"))
        api = Api(http, service.url, "one")
        await api.post("/orders", {"item": "tea"})
        await api.post("/orders/1/cancel")
        provider.is_down = True

        async def known() -> list[Answer]:
            return [await api.post("/orders", {"item": "tea"}) for _ in range(40)]

        async def by_rules() -> list[Answer]:
            return [await api.get(f"/films{number}x") for number in range(10)]

        async def by_nobody() -> list[Answer]:
            return [await api.post(f"/films/1/act{number}x") for number in range(10)]

        learned, ruled, refused = await asyncio.gather(known(), by_rules(), by_nobody())

        assert {(answer.status, source(answer)) for answer in learned} == {(201, "hit")}
        assert {(answer.status, source(answer)) for answer in ruled} == {(200, "rules-fallback")}
        assert {answer.status for answer in refused} == {503}
        assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)
        # Left alone after a few failures: not each request has knocked at its door.
        assert len(provider.calls) < 30

        provider.is_down = False
        async with asyncio.timeout(20):
            # Asked again and again, as a client would; each answer takes its time.
            while (answer := await api.post("/films/1/back")).status == 503:
                assert int(answer.headers["Retry-After"]) >= 1
        assert (answer.status, source(answer)) == (200, "openai")
        planned = await api.get("/films0x")
        assert source(planned) == "openai"

    async def test_without_a_stand_in_unknown_shapes_get_503(
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
        service = start_service(**settings_for(provider))
        api = Api(http, service.url, "one")
        await api.post("/orders", {"item": "tea"})
        provider.coming.append(wire.silence)
        waiting = asyncio.create_task(api.post("/orders/1/cancel"))
        await provider.called(2)

        others = [await api.post("/orders", {"item": "tea"}) for _ in range(5)]

        assert not waiting.done()
        assert {answer.status for answer in others} == {201}
        assert (await waiting).status == 503


async def test_a_request_whose_time_is_over_while_it_is_planned_gets_504(
    start_service: StartService, provider: WireServer, http: aiohttp.ClientSession
) -> None:
    """Its deadline is its own, whatever a planner call may take."""
    service = start_service(**settings_for(provider, LARS_REQUEST_TIMEOUT_S="0.3"))
    api = Api(http, service.url, "one")
    provider.coming.append(wire.silence)

    late = await api.post("/orders/1/cancel")

    assert (late.status, late.body["error"]) == (504, "deadline passed")
    assert (await api.post("/orders", {"item": "tea"})).status == 201


async def test_a_spent_budget_is_429_and_known_shapes_go_on(
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


async def test_a_function_of_ones_own_plans(
    start_service: StartService, http: aiohttp.ClientSession
) -> None:
    service = start_service(LLM_MOCK_HANDLER="tests.wire.planner.planned_by_prompt")
    api = Api(http, service.url, "one")
    await api.post("/orders", {"item": "tea"})

    cancelled = await api.post("/orders/1/cancel")

    assert (cancelled.status, source(cancelled)) == (200, "mock")
    assert source(await api.post("/orders", {"item": "tea"})) == "hit"
