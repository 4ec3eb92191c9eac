"""Direct execution and the sandbox give the same reply and the same changes, whatever the program.

The sandbox decides: where direct execution does not cover a program, it may say so, and no more.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from larst.config import SandboxSettings
from larst.direct import BudgetSpentError, DirectRunner
from larst.domain import CheckedProgram, Json, LeaveLoopError, ProgramInputs, Record, Reply
from larst.errors import LarstError, ProgramRefusedError
from larst.policy import PolicyLimits, check
from larst.sandbox import MontySandbox
from larst.store import Transaction
from larst.store.collection import Collection
from larst.store.io_threads import Threads
from larst.store.work import Work
from tests.effort import examples
from tests.policy.test_policy import ALLOWED

LIMITS = SandboxSettings(workers=1, max_exec_ms=2000, max_result_bytes=20_000, max_store_calls=200)
DIRECT = DirectRunner(result_bytes=20_000, max_store_calls=200, timer=lambda: 0.0)
GOLDEN = Path(__file__).parents[1] / "planning" / "rules" / "golden.json"

BOOKS: list[Record] = [
    {"id": 1, "title": "Emma", "price": 9.5, "tags": ["a", "b"], "by": {"name": "Austen"}},
    {"id": 2, "title": "Faust", "price": 12, "tags": [], "authorId": 2, "sold": None},
    {"id": "x y", "title": "Ärger", "price": -0.0, "big": 2**63 - 1, "small": 1e-7, "huge": 1e22},
]
PLAN: dict[str, Json] = {
    "action": "custom",
    "resource": "books",
    "identifier": "1",
    "item": None,
    "parents": ["1", "2"],
    "criteria": {"price__gte": 1},
    "limit": 2,
    "offset": 0,
    "sort": "-title",
    "select": ["id", "title"],
    "exclude": [],
    "embed": [{"at": "authorId", "name": "author", "resource": "authors", "field": "id"}],
    "payload": {"title": "New", "pages": [1, {"n": 2}], "id": None},
    "response_hints": {},
}
CTX: dict[str, Json] = {"query": {"q": ["1", "b"]}, "segments": ["books", "1"], "body_json": None}


def _view() -> Transaction:
    books = {str(book["id"]): dict(book) for book in BOOKS}
    authors = {"2": {"id": 2, "name": "Goethe", "bookId": 1}}
    return Transaction({"books": Collection(books, 3), "authors": Collection(authors, 3)})


@dataclass(frozen=True)
class Outcome:
    """What the client and the store get of a run."""

    reply: object
    changes: object


@dataclass(frozen=True)
class Ways:
    """Runs programs directly and in a worker."""

    runner: asyncio.Runner
    sandbox: MontySandbox

    def direct(self, program: CheckedProgram, plan: Mapping[str, Json]) -> Outcome | None:
        """Return the outcome of direct execution; None if it does not cover the program."""
        view, inputs = _view(), ProgramInputs(_copy(CTX), _copy(plan), "books")
        try:
            reply: object = _on_loop(program, inputs, view)
        except LarstError as error:
            return Outcome((type(error), str(error)), None)
        assert inputs.plan == plan, "the request's values were changed"
        return None if reply is None else Outcome(reply, view.changes())

    def in_worker(self, program: CheckedProgram, plan: Mapping[str, Json]) -> Outcome:
        """Return the outcome of a run in a worker."""
        view, inputs = _view(), ProgramInputs(_copy(CTX), _copy(plan), "books")
        try:
            reply = self.runner.run(self.sandbox.run(program, inputs, view, timeout_s=5))
        except LarstError as error:
            return Outcome((type(error), str(error)), None)
        return Outcome(reply, view.changes())


def _on_loop(program: CheckedProgram, inputs: ProgramInputs, view: Transaction) -> Reply | None:
    """Return the reply of a direct run on the event loop; None if it must run elsewhere."""
    try:
        return DIRECT.run(program, inputs, view)
    except (BudgetSpentError, LeaveLoopError):
        return None


def _copy(value: Any) -> Any:
    return json.loads(json.dumps(value))


@pytest.fixture(scope="module")
def ways() -> Iterator[Ways]:
    with asyncio.Runner() as runner:
        sandbox = MontySandbox(LIMITS)
        runner.run(sandbox.start())
        yield Ways(runner, sandbox)
        runner.run(sandbox.stop())


def _programs(golden: Any) -> Iterator[str]:
    if isinstance(golden, str):
        if "REPLY" in golden:
            yield golden
    elif isinstance(golden, dict | list):
        for item in golden.values() if isinstance(golden, dict) else golden:
            yield from _programs(item)


RULES = sorted(set(_programs(json.loads(GOLDEN.read_text()))))


@pytest.mark.parametrize("number", range(len(RULES)))
def test_each_program_of_the_rules_runs_directly_with_the_same_outcome(
    ways: Ways, number: int
) -> None:
    """Plain REST must not pay for a worker."""
    program = check(RULES[number], PolicyLimits())
    payloads: list[Json] = [
        {"title": "New", "pages": [1, {"n": 2}]},
        [{"id": 1, "title": "A"}, {"title": "B"}],
        {"id": 2, "title": "taken"},
        [7],
        None,
    ]
    covered = 0
    for payload in payloads:
        for identifier in ("1", "9", None):
            plan = {**PLAN, "payload": payload, "identifier": identifier}
            direct, worker = ways.direct(program, plan), ways.in_worker(program, plan)
            if direct is not None:
                assert direct == worker, (payload, identifier)
                covered += 1

    assert covered


@pytest.mark.parametrize("statement", ALLOWED)
def test_each_statement_of_the_language_has_the_same_outcome(ways: Ways, statement: str) -> None:
    program = check(f"{statement}\nREPLY = make_response(200, [1])", PolicyLimits())

    direct = ways.direct(program, PLAN)

    assert direct is None or direct == ways.in_worker(program, PLAN)


ATOMS = st.sampled_from(
    [
        *("None", "True", "False", "0", "1", "-1", "7", "9223372036854775807", "0.5", "1e16"),
        *("1e-05", "''", "'a'", "'A,b'", "'10'", "'Ä'", "' x '", "'title'", "[]", "{}", "()"),
        *("record", "record['title']", "record['price']", "record['tags']", "record.get('by')"),
        *(
            "books",
            "books[0]",
            "books[-1]['id']",
            "plan['payload']",
            "plan['limit']",
            "ctx['query']",
        ),
        *("plan['select']", "plan['payload']['pages']", "[3, 1, 2]", "['b', 'a']", "total"),
    ]
)


def _built(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(inner, inner)
    operators = st.sampled_from([*"+ - * / // % == != < <= > >= in and or".split(), "not in"])
    calls = st.sampled_from(
        [
            *("len", "str", "int", "float", "bool", "abs", "round", "min", "max", "sum", "sorted"),
            *("any", "all", "list", "tuple", "dict"),
        ]
    )
    methods = st.sampled_from(
        [
            *(".lower()", ".upper()", ".strip()", ".title()", ".capitalize()", ".isdigit()"),
            *(".split(',')", ".split()", ".startswith('a')", ".endswith('b')", ".copy()"),
            *(".get('title')", ".get('no', 3)", ".count('a')", ".index(1)", ".replace('a', 'bb')"),
            *("[0]", "[-1]", "['id']", "[1:]", "[:2]", "[0:9]", ".pop()", ".append(1)"),
            *(".setdefault('k', 1)", ".update({'z': 2})", ".insert(0, 1)", ".extend([1])"),
        ]
    )
    return st.one_of(
        st.tuples(inner, operators, inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(calls, inner).map(lambda t: f"{t[0]}({t[1]})"),
        st.tuples(inner, methods).map(lambda t: f"({t[0]}){t[1]}"),
        pairs.map(lambda t: f"[{t[0]}, {t[1]}]"),
        pairs.map(lambda t: f"({t[0]}, *{t[1]})"),
        pairs.map(lambda t: f"{{'a': {t[0]}, 'b': {t[1]}}}"),
        pairs.map(lambda t: f"{{**{t[0]}, 'title': {t[1]}}}"),
        pairs.map(lambda t: f"({t[0]} if {t[1]} else 'other')"),
        pairs.map(lambda t: f"[item for item in {t[0]} if {t[1]}]"),
        inner.map(lambda t: f"[[n, item] for n, item in enumerate({t})]"),
        inner.map(lambda t: f"{{str(key): value for key, value in ({t}).items()}}"),
        inner.map(lambda t: f"any(item for item in {t})"),
        inner.map(lambda t: f"f'<{{{t}}}>'" if "'" not in t else f"str({t})"),
        inner.map(lambda t: f"isinstance({t}, (str, list, dict))"),
        inner.map(lambda t: f"({t} is None)"),
        inner.map(lambda t: f"(not {t})"),
        inner.map(lambda t: f"(-{t})"),
        inner.map(lambda t: f"','.join({t})"),
        inner.map(lambda t: f"list(reversed({t}))"),
        inner.map(lambda t: f"store.search({t})"),
        inner.map(lambda t: f"store.get({t})"),
        inner.map(lambda t: f"store.insert({t})"),
        inner.map(lambda t: f"store.update(1, {t})"),
        inner.map(lambda t: f"store.list(limit={t})"),
    )


EXPRESSIONS = st.recursive(ATOMS, _built, max_leaves=6)
_PRELUDE = """\
record = store.get(1)
books, total = store.list()
"""


def _program(lines: str) -> CheckedProgram:
    try:
        return check(f"{_PRELUDE}{lines}", PolicyLimits())
    except ProgramRefusedError:
        reject()


@settings(deadline=None, max_examples=examples(50), suppress_health_check=[HealthCheck.too_slow])
@given(EXPRESSIONS)
def test_each_expression_has_the_same_outcome(ways: Ways, expression: str) -> None:
    program = _program(f"REPLY = make_response(200, {expression})")

    direct = ways.direct(program, PLAN)

    assert direct is None or direct == ways.in_worker(program, PLAN)


@settings(deadline=None, max_examples=examples(25), suppress_health_check=[HealthCheck.too_slow])
@given(EXPRESSIONS, EXPRESSIONS)
def test_statements_have_the_same_outcome(ways: Ways, first: str, second: str) -> None:
    program = _program(
        f"value = {first}\n"
        "rows = []\n"
        "for index, item in enumerate([1, 2, 3, 4]):\n"
        f"    if item == 3 and {second}:\n"
        "        break\n"
        "    if item == 2:\n"
        "        continue\n"
        "    rows.append([index, value])\n"
        "else:\n"
        "    rows.append('all')\n"
        "total += 1\n"
        f"REPLY = {{'status': 200, 'body': {{'rows': rows, 'n': total, 'v': {second}}}}}\n"
    )

    direct = ways.direct(program, PLAN)

    assert direct is None or direct == ways.in_worker(program, PLAN)


@pytest.mark.parametrize(
    "lines",
    [
        "REPLY = make_response(200, record)",
        "REPLY = make_response(200, books, {'X-Total-Count': str(total)})",
        "REPLY = make_response(201, store.insert({'title': 'x', 'n': 1.0}))",
        "REPLY = make_response(200, {'sum': sum(book['price'] for book in books)})",
        "REPLY = make_response(200, sorted({book['title']: 1 for book in books}))",
        "REPLY = make_response(400, {'error': f'no {total} {None} {True} {1.5}'})",
        "by = session_store.resource('authors')\nREPLY = make_response(200, by.list()[0])",
        "a = [1]\na.append(a[0] + 1)\nd = {'k': a}\nd['n'] = len(a)\nREPLY = make_response(200, d)",
        "n = 0\nfor book in books:\n    n += book['price']\nREPLY = make_response(200, n)",
        "REPLY = make_response(200, 'plain', {'Content-Type': 'text/plain'})",
        "store.delete(1)\nREPLY = make_response(204)",
        "REPLY = make_response(200, store.count(plan['criteria']))",
        "REPLY = make_response(200, store.aggregate('sum', 'price', by='title'))",
        "REPLY = make_response(200, [1e16, 1e-05, 0.1, -0.0, 1e22])",
        "REPLY = make_response(200, {'x': ctx['segments'], 'y': plan['payload']['title']})",
        "REPLY = make_response(409, store.insert({'id': 1}))",
        "REPLY = make_response(200, store.update(1, {'bad': 2.0}))",
    ],
)
def test_common_programs_run_directly(ways: Ways, lines: str) -> None:
    program = _program(lines)

    direct = ways.direct(program, PLAN)

    assert direct is not None
    assert direct == ways.in_worker(program, PLAN)


@pytest.mark.parametrize("value", [1e16, 1e-5, -0.0, 0.1, 2**63 - 1, "1e16", "5e", "Ä\n", [[]], {}])
@pytest.mark.parametrize("call", ["insert({})", "replace(1, {})", "update(1, {})"])
@pytest.mark.parametrize("status", [200, 204])
def test_a_written_record_is_encoded_as_a_worker_does_it(
    ways: Ways, value: Json, call: str, status: int
) -> None:
    """Its values are not looked at again before that; numbers that orjson writes otherwise are."""
    record = f"{{'x': {value!r}, 'payload': plan['payload']}}"
    program = _program(f"REPLY = make_response({status}, store.{call.format(record)})")

    direct = ways.direct(program, PLAN)

    assert direct is not None
    assert direct == ways.in_worker(program, PLAN)


@pytest.mark.parametrize(
    "lines",
    [
        "old = store.update(1, {'n': 1})\nstore.update(1, {'n': 2})\n"
        "REPLY = make_response(200, old)",
        "REPLY = make_response(200, {'record': store.update(1, {'n': 1})})",
        "REPLY = make_response(200, store.update(9, {'n': 1}))",
        "REPLY = make_response(201, store.insert({'id': 'a', 'items': ['x' * 3]}))",
        "a = [1, 2]\nREPLY = make_response(201, store.insert({'a': a, 'b': [a, a]}))",
    ],
)
def test_replies_with_written_records_have_the_same_outcome(ways: Ways, lines: str) -> None:
    program = _program(lines)

    direct = ways.direct(program, PLAN)

    assert direct is None or direct == ways.in_worker(program, PLAN)


@pytest.mark.parametrize("text", ["1", "a/b?c#d%e", "%" * 32, "/" * 33, "%2F" * 100, "Ä/" * 40, ""])
def test_chains_of_replacements_have_the_same_outcome(ways: Ways, text: str) -> None:
    """The first ones make a text longer that the next ones look through."""
    chain = ".replace('%', '%25').replace('/', '%2F').replace('?', '').replace('2', '22')"
    program = _program(f"REPLY = make_response(200, str({text!r}){chain})")

    direct = ways.direct(program, PLAN)

    assert direct is not None
    assert direct == ways.in_worker(program, PLAN)


def test_the_payload_of_a_request_is_counted_by_the_store_alone() -> None:
    """A body of many values must not be copied on the event loop."""
    program = check("REPLY = make_response(200, store.update(9, plan['payload']))", PolicyLimits())
    plan = {**PLAN, "payload": {"a": [{"b": 1}] * 5_000}}
    view = Transaction({"books": Collection({}, 3)}, Work(Threads()))

    with pytest.raises(LeaveLoopError):
        DIRECT.run(program, ProgramInputs({}, plan, "books"), view)


@pytest.mark.parametrize(
    "lines",
    [
        "a = [1]\nfor n in range(60):\n    a = [a, a]\nREPLY = make_response(200, a)",
        "a = 'x'\nfor n in range(60):\n    a = a + a\nREPLY = make_response(200, a)",
        "a = 3\nfor n in range(60):\n    a = a * a\nREPLY = make_response(200, a)",
        "a = [1]\nfor n in a:\n    a.append(n)\nREPLY = make_response(200, 1)",
        "a = []\na.append(a)\nREPLY = make_response(200, a)",
        "REPLY = make_response(200, 'ab' * 3)",
        "for n in range(10000000):\n    total = n\nREPLY = make_response(200, 1)",
        "a = 'x'\nfor n in range(40):\n    a = a.replace('x', 'xx')\nREPLY = make_response(200, 1)",
        "a = {}\nfor n in range(60):\n    a = {'l': a, 'r': a}\nREPLY = store.insert(a)",
        "record['title'] = 'stolen'\nREPLY = make_response(200, 1)",
        "plan['payload'].update({'title': 'x'})\nREPLY = make_response(200, 1)",
        "record['tags'].append('c')\nREPLY = make_response(200, record)",
        "REPLY = make_response(200, record['nothing'])",
        "REPLY = make_response(200, 1 / 0)",
        "REPLY = make_response(200, {1: 2})",
        "REPLY = make_response(200, no_value if total else 1)\nno_value = 1",
        "while True:\n    break\nREPLY = make_response(200, 1)",
        "REPLY = make_response(200, float('nan'))",
        "REPLY = make_response(700, 1)",
        "REPLY = make_response(200, store.get(1), {'Set-Cookie': 'a=b'})",
        "x = ','.join(['abcdefgh' for n in range(9000)])\n"
        "for n in range(5000):\n    y = x.startswith(x)\nREPLY = make_response(200, 1)",
        "x = ','.join(['abcdefgh' for n in range(9000)])\ny = x + ''\n"
        "for n in range(5000):\n    z = x == y or x < y or x in [y]\nREPLY = make_response(200, 1)",
        "x = ','.join(['abcdefgh' for n in range(9000)])\n"
        "REPLY = make_response(200, [x for n in range(1000)])",
        "for n in range(300):\n    store.count()\nREPLY = make_response(200, 1)",
    ],
)
def test_what_grows_fails_or_changes_foreign_values_leaves_the_event_loop(
    ways: Ways, lines: str
) -> None:
    """Within the budget nothing is held up; a thread or a worker has limits of its own."""
    assert ways.direct(_program(lines), PLAN) is None


_LONG = "x = ','.join(['abcdefgh' for n in range(9000)])\n"


@pytest.mark.parametrize(
    "lines",
    [
        "t = (1,)\nfor n in range(60):\n    t = (t, t)\nx = {}.get(t)",
        "t = (1,)\nfor n in range(60):\n    t = (t, t)\nx = {t: 1}",
        "t = (1,)\nfor n in range(60):\n    t = (t, t)\nx = {k: 1 for k in [t]}",
        "t = (1,)\nfor n in range(60):\n    t = (t, t)\nd = {}\nd[t] = 1",
        "t = (1,)\nfor n in range(60):\n    t = (t, t)\nd = {}\nx = d.pop(t, 1)",
        "for n in range(3):\n    x = store.search({f'k{i}__ne': 1 for i in range(1000)})",
        "x = store.count({'name__contains': ['a' for n in range(9000)]})",
        "x = store.list(sort=','.join(['n' for n in range(2000)]))",
        f"{_LONG}for n in range(9000):\n    y = 'b'.strip(x)",
        f"{_LONG}for n in range(9000):\n    y = x.strip('abcdefgh,')",
        "p = tuple(['' for n in range(9000)])\nfor n in range(4000):\n    x = ''.startswith(p)",
        "x = [1 for a in range(30000) for b in ['a', 'b', 'c', 'd', 'e', 'f'][0:0]]",
        f"{_LONG}y = ''\nfor n in range(60):\n    y = f'{{x}}{{x}}{{x}}{{x}}{{x}}{{x}}{{x}}'",
        "d = {'a': 1}\nfor k in d:\n    d[k + 'x'] = 1",
        "d = {'a': 1, 'b': 2}\nx = [d.pop(k) for k in d]",
        "d = {'a': 1}\nfor k, v in d.items():\n    d.pop(k)",
        "d = {'a': 1}\nfor k in d.keys():\n    d[k + 'x'] = 1",
    ],
)
def test_work_that_another_budget_would_not_count_leaves_the_event_loop(lines: str) -> None:
    """Each of these programs held the event loop, or ended in an error of Python."""
    books = {str(number): {"id": number, "name": "x"} for number in range(1000)}
    view = Transaction({"books": Collection(books, 1001)}, Work(Threads()))
    program = check(f"{lines}\nREPLY = make_response(200, 1)", PolicyLimits())

    assert _on_loop(program, ProgramInputs(CTX, PLAN, "books"), view) is None


@pytest.mark.parametrize(
    "lines",
    [
        "d = {'a': 1, 'b': 2}\nr = []\nfor v in d.values():\n    d['b'] = 9\n    r.append(v)",
        "d = {'a': 1, 'b': 2}\nr = []\nfor k, v in d.items():\n    d['b'] = 9\n    r.append(v)",
        "a = [1, 2, 3]\nr = []\nfor i, x in enumerate(a):\n"
        "    if i < 2:\n        a.append(x)\n    r.append(x)",
        "a = [1, 2, 3]\nr = []\nfor x, y in zip(a, a):\n"
        "    if len(r) < 2:\n        a.append(x)\n    r.append(y)",
        "a = [1, 2, 3]\nr = []\nfor x in a:\n"
        "    if len(r) < 2:\n        a.append(x)\n    r.append(x)",
        "r = [round(2.675, 2), round(2.5), round(7), round(-7, -1)]",
        "r = [str(i) for i, x in enumerate('ab', 9223372036854775807)]",
        "r = [int('\u0663')]",
        "r = [float('\uff11\uff12')]",
        "r = [int(' 12 '), float('1e5'), int('1_000')]",
        "r = [i for i, k in enumerate({'a': 1})]",
    ],
)
def test_changes_in_a_loop_and_odd_numerals_have_the_same_outcome(ways: Ways, lines: str) -> None:
    program = check(f"{lines}\nREPLY = make_response(200, r)", PolicyLimits())

    direct = ways.direct(program, PLAN)

    assert direct is None or direct == ways.in_worker(program, PLAN)


def test_the_resource_of_a_plan_counts_only_where_the_program_uses_it() -> None:
    """A model may name an invalid one for a request that needs no resource."""
    inputs = ProgramInputs(CTX, PLAN, "not a name")
    program = check("REPLY = make_response(200, 1)", PolicyLimits())

    reply = DIRECT.run(program, inputs, _view())

    assert reply is not None
    assert reply.body == b"1"


@pytest.mark.parametrize(
    "lines",
    [
        "a = 'x'\nfor n in range(60):\n    a = a + a",
        "a = [1]\nfor n in a:\n    a.append(n)",
        "for n in range(10000000):\n    total = n",
        "a = {}\nfor n in range(60):\n    a = {'l': a, 'r': a}\nREPLY = store.insert(a)",
    ],
)
def test_a_thread_has_a_budget_too(lines: str) -> None:
    program = check(f"{lines}\nREPLY = make_response(200, 1)", PolicyLimits())
    inputs = ProgramInputs(CTX, PLAN, "books")

    assert DIRECT.run(program, inputs, _view(), is_in_thread=True) is None


def test_a_thread_makes_as_many_store_calls_as_a_bulk_change_needs() -> None:
    program = _program("for n in range(10001):\n    store.get(n)\nREPLY = make_response(200, 1)")
    inputs = ProgramInputs(CTX, PLAN, "books")

    assert DIRECT.run(program, inputs, _view(), is_in_thread=True) is not None


def test_searches_of_many_records_in_a_loop_leave_the_event_loop() -> None:
    books = {str(number): {"id": number} for number in range(20_000)}
    view = Transaction({"books": Collection(books, 20_001)}, Work(Threads()))
    loop = "for n in range({}):\n    store.search({{'x__gt': n}})\nREPLY = make_response(200, 1)"
    inputs = ProgramInputs(CTX, PLAN, "books")

    assert _on_loop(_program(loop.format(1)), inputs, view) is None
    assert DIRECT.run(_program(loop.format(20)), inputs, _view()) is not None


def test_a_run_changes_no_stored_record(ways: Ways) -> None:
    books = [dict(book) for book in BOOKS]
    program = _program(
        "copy = {**record, 'title': 'x'}\ncopy['n'] = 1\nREPLY = make_response(200, copy)"
    )

    assert ways.direct(program, PLAN) is not None

    assert books == BOOKS
