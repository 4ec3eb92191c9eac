"""Slips of models: each correction, its result under the policy, and programs left alone."""

from __future__ import annotations

import ast

import pytest

from larst import prompts
from larst.errors import ProgramRefusedError
from larst.planning.models.slips import CORRECTIONS, MAX_BYTES, corrected
from larst.policy import PolicyLimits, check

CASES = {
    "code fence removed": [
        ("```python\nREPLY = make_response(204)\n```", "REPLY = make_response(204)"),
        ("So:\n```\nREPLY = make_response(204)\n```\nDone.", "REPLY = make_response(204)"),
    ],
    "import removed": [
        (
            "import math, re\nREPLY = make_response(200, math.pi)",
            "REPLY = make_response(200, math.pi)",
        ),
        (
            "from datetime import date\nREPLY = make_response(200, date.today().isoformat())",
            "REPLY = make_response(200, datetime.date.today().isoformat())",
        ),
        (
            "import datetime as dt\nREPLY = make_response(200, str(dt.date.today()))",
            "REPLY = make_response(200, str(datetime.date.today()))",
        ),
    ],
    "function replaced with its body": [
        (
            "def handler(ctx, plan):\n    x = store.count()\n    return make_response(200, x)",
            "x = store.count()\nREPLY = make_response(200, x)",
        ),
        (
            "def run():\n    return make_response(204)\n\nREPLY = run()",
            "REPLY = make_response(204)",
        ),
    ],
    "return replaced with REPLY": [
        (
            "x = store.count()\nreturn make_response(200, x)",
            "x = store.count()\nREPLY = make_response(200, x)",
        ),
        (
            "x = store.get(1)\nif x is None:\n    return make_response(404)\nstore.delete(1)\n"
            "return make_response(204)",
            "x = store.get(1)\nif x is None:\n    REPLY = make_response(404)\nelse:\n"
            "    store.delete(1)\n    REPLY = make_response(204)",
        ),
    ],
    "reply assigned": [
        ("make_response(204)", "REPLY = make_response(204)"),
        ("print(make_response(204))", "REPLY = make_response(204)"),
        (
            "if store.count():\n    make_response(204)\nelse:\n    make_response(404)",
            "if store.count():\n    REPLY = make_response(204)\n"
            "else:\n    REPLY = make_response(404)",
        ),
    ],
    "reply completed": [
        (
            'REPLY = {"total": store.count()}',
            "REPLY = make_response(200, {'total': store.count()})",
        ),
        (
            "rows = store.search({})\nREPLY = rows",
            "rows = store.search({})\nREPLY = make_response(200, rows)",
        ),
        ('REPLY = ({"error": "x"}, 404)', "REPLY = make_response(404, {'error': 'x'})"),
        (
            'REPLY = make_response({"error": "x"}, 404)',
            "REPLY = make_response(404, {'error': 'x'})",
        ),
    ],
    "keywords passed as a dict": [
        (
            'REPLY = make_response(200, store.update(1, state="open"))',
            "REPLY = make_response(200, store.update(1, {'state': 'open'}))",
        ),
        (
            'REPLY = make_response(200, store.search(state="open", limit=1))',
            "REPLY = make_response(200, store.search({'state': 'open'}, limit=1))",
        ),
        (
            'REPLY = make_response(200, store.update(1, **plan["payload"]))',
            "REPLY = make_response(200, store.update(1, {**plan['payload']}))",
        ),
    ],
    "keys in brackets": [
        (
            "REPLY = make_response(200, store.get(plan.identifier))",
            "REPLY = make_response(200, store.get(plan['identifier']))",
        ),
        (
            "row = store.get(1)\nrow.n = row.n + 1\nREPLY = make_response(200, row.copy())",
            "row = store.get(1)\nrow['n'] = row['n'] + 1\nREPLY = make_response(200, row.copy())",
        ),
    ],
    "resource named": [
        (
            "REPLY = make_response(200, session_store.users.count())",
            "REPLY = make_response(200, session_store.resource('users').count())",
        ),
        (
            'REPLY = make_response(200, session_store["users"].count())',
            "REPLY = make_response(200, session_store.resource('users').count())",
        ),
    ],
    "records taken from list()": [
        (
            "REPLY = make_response(200, [row['id'] for row in store.list()])",
            "REPLY = make_response(200, [row['id'] for row in store.list()[0]])",
        ),
    ],
}

UNCHANGED = [
    "items, total = store.list()\nREPLY = make_response(200, items)",
    "page = store.list()\nREPLY = make_response(200, {'items': page[0], 'total': page[1]})",
    'REPLY = {"status": 201, "body": {"a": 1}}',
    "REPLY = store.get(1)",
    "status = 404\nREPLY = make_response(status, 200)",
    'store.insert({"a": 1})\nREPLY = make_response(201)',
    "for row in store.search({}):\n    if row['a']:\n        return row",
    "import os\nREPLY = make_response(204)",
    "def one(x):\n    return x\n\nREPLY = make_response(200, one(3))",
    "x = (",
    "",
]


@pytest.mark.parametrize(
    ("name", "program", "expected"),
    [(name, *case) for name, cases in CASES.items() for case in cases],
)
def test_a_slip_is_corrected_and_the_result_passes_the_policy(
    name: str, program: str, expected: str
) -> None:
    result, slips = corrected(program)

    assert name in slips
    first, _, source = result.partition("\n")
    assert name in first
    assert ast.dump(ast.parse(source)) == ast.dump(ast.parse(expected))
    check(result, PolicyLimits())


def test_every_correction_has_a_case() -> None:
    assert {name for name, _ in CORRECTIONS} | {"code fence removed"} == CASES.keys()


@pytest.mark.parametrize("program", UNCHANGED)
def test_what_has_no_single_meaning_is_left_alone(program: str) -> None:
    """The model is asked again instead: a guess would run for every later request."""
    assert corrected(program) == (program, ())


@pytest.mark.parametrize("example", prompts.examples(), ids=lambda example: example.name)
def test_a_corrected_program_is_not_corrected_again(example: prompts.Example) -> None:
    """The same answer must be recognised as the same program."""
    spoiled = example.program.replace("REPLY = ", "return ")
    once, _ = corrected(spoiled)

    assert corrected(once) == (once, ())


def test_a_correction_does_not_make_a_program_allowed() -> None:
    with pytest.raises(ProgramRefusedError, match="eval"):
        check(corrected("import math\nreturn eval('1')")[0], PolicyLimits())


@pytest.mark.parametrize(
    "program",
    ["(" * 5000, "x = " + "-" * 9000 + "1", "if a:\n return 1\n" * 3000, "a" * (MAX_BYTES + 1)],
)
def test_an_odd_program_neither_fails_nor_takes_long(program: str) -> None:
    assert isinstance(corrected(program)[0], str)
