"""The policy: what it accepts is in the language, and each refusal gives its reason."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larst.errors import ProgramRefusedError
from larst.policy import PolicyLimits, check, strip_fences
from larst.policy.language import ALLOWED_NODES, FORBIDDEN_NAMES, REFUSED_NODES

LIMITS = PolicyLimits()

ALLOWED = [
    "x = [n * 2 for n in range(3) if n]",
    "x = {k: v for k, v in {'a': 1}.items()}",
    "x = {n for n in [1]}",
    "x = sum(n for n in [1, 2])",
    "x = [[c for c in row] for row in [[1]]]",
    "x = [1, 2, 3][::2]",
    "a, *b = [1, 2, 3]",
    "a = b = 1",
    "x: int = 5",
    "x = (n := 5) + n",
    "x = 1 < 2 < 3",
    "x = 'a' if True else 'b'",
    "x = f'{1.5:.2f} {2!r}'",
    "x = {**{'a': 1}, 'b': [*[1], 2]}",
    "x = 0\nwhile x < 3:\n    x += 1\n    if x == 2:\n        continue\n    break",
    "for n in range(2):\n    pass\nelse:\n    n = 9",
    "x = not (True and False or True)",
    "x = 'a,b'.split(',')[-1].strip().upper()",
    "x = sorted([3, 1], reverse=True)",
    "x = max([1], default=0) + min(1, 2) + abs(-1) + round(1.5)",
    "x = any(n > 1 for n in [1, 2]) and all([True])",
    "x = list(map(str, [1])) + list(filter(None, [0, 1])) + list(zip([1], [2]))",
    "x = isinstance(1, (int, str))",
    "x = math.floor(1.5) + math.pi",
    "x = re.sub('a', 'b', 'aa')",
    "x = json.loads('[1]')",
    "x = datetime.datetime.now(datetime.timezone.utc).isoformat()",
    "x = datetime.date.today().year",
    "x = datetime.datetime.fromisoformat('2026-01-01') + datetime.timedelta(days=1)",
    "x = ctx['query'].get('limit', [None])[-1]",
    "d = {}\nd.setdefault('a', []).append(1)\nd['b'] = 2",
    "x = next(iter([1]), None)",
    "x = 5 // 2 % 2 ** 2 | 1 & 3 ^ 1 << 2 >> 1",
    "x = 'a' in 'abc' and 1 not in [2] and None is None",
    "x = reversed([1])\nx = list(x)",
    "print('text')",
    "items, total = store.list(limit=1, offset=0, sort='a')",
    "x = store.search({'a': 1}, limit=2)",
    "books = session_store.resource('books')\nx = books.count()",
    "x = session_store.resource('books').get(1)",
    "x = session_store.names()",
    "x = store.aggregate('sum', 'price', by='kind')",
]
"""Statements of the language; the tests of the sandbox run each of them."""

REFUSED = [
    ("import os", "import"),
    ("from os import path", "import"),
    ("x = lambda: 1", "lambda"),
    ("def f():\n    pass", "function definitions"),
    ("async def f():\n    pass", "function definitions"),
    ("class A:\n    pass", "class definitions"),
    ("return 1", "return"),
    ("try:\n    x = 1\nexcept ValueError:\n    x = 2", "try"),
    ("with open('x') as f:\n    pass", "with"),
    ("x = [n async for n in ctx]", "async"),
    ("x = await ctx", "await"),
    ("x = (yield 1)", "yield"),
    ("global x", "global"),
    ("x = {'a': 1}\ndel x['a']", "del"),
    ("match 1:\n    case 1:\n        pass", "match"),
    ("assert True", "assert"),
    ("eval('1')", "eval is not available"),
    ("exec('1')", "exec is not available"),
    ("open('/etc/passwd')", "open is not available"),
    ("__import__('os')", "__import__ is not available"),
    ("getattr(ctx, 'x')", "getattr is not available"),
    ("x = vars()", "vars is not available"),
    ("x = ctx.__class__", "underscore"),
    ("x = ().__class__.__mro__", "underscore"),
    ("_x = 1", "underscore"),
    ("x = [_ for _ in [1]]", "underscore"),
    ("x = dict(__a=1)", "underscore"),
    ("x = '{0.__class__}'.format(ctx)", "format is not allowed"),
    ("f = 'x'.format", "format is not allowed"),
    ("x = '{a}'.format_map(ctx)", "format_map is not allowed"),
    ("x = nosuch", "unknown name 'nosuch'"),
    ("x = [n for n in [1]]\ny = n", "unknown name 'n'"),
    ("x = type(1)", "unknown name 'type'"),
    ("x = store.find({})", "unknown method .find"),
    ("x = session_store.drop()", "unknown method .drop"),
    ("x = session_store.resource('a').fetch()", "unknown method .fetch"),
    ("books = session_store.resource('a')\nx = books.fetch()", "unknown method .fetch"),
    ("x = store.get()", "missing a required argument"),
    ("x = store.search({}, page=2)", "unexpected keyword argument"),
    ("x = store.get", "must be called"),
    ("store = 1", "predefined"),
    ("ctx = 1", "predefined"),
    ("for plan in [1]:\n    pass", "predefined"),
    ("x = [store for store in [1]]", "predefined"),
    ("x = (make_response := 1)", "predefined"),
    ("len = 1", "predefined"),
    ("json = 1", "predefined"),
    ("ctx.x = 1", "attributes cannot be assigned"),
    ("x = math.nosuch(1)", "math.nosuch is not available"),
    ("x = sorted([1], key={}.get)", "cannot be used as a value"),
    ("x = next((n for n in [1]), None)", "does not accept a generator"),
    ("x = b'bytes'", "JSON cannot represent bytes"),
]


@pytest.mark.parametrize("statement", ALLOWED)
def test_each_statement_of_the_language_is_accepted(statement: str) -> None:
    assert check(f"{statement}\nREPLY = make_response(200)", LIMITS)


@pytest.mark.parametrize(("statement", "reason"), REFUSED)
def test_other_statements_are_refused_with_the_reason(statement: str, reason: str) -> None:
    """A planner repairs a program by the reasons."""
    with pytest.raises(ProgramRefusedError) as refused:
        check(f"\n{statement}\nREPLY = make_response(200)", LIMITS)

    reasons = [str(violation) for violation in refused.value.violations]
    assert any(reason in text for text in reasons), reasons
    assert all(violation.line >= 2 for violation in refused.value.violations)


def test_every_violation_is_named_at_once() -> None:
    """So that one repair can fix all of them."""
    with pytest.raises(ProgramRefusedError) as refused:
        check("import os\nx = nosuch\ny = store.find()", LIMITS)

    assert [(item.line, item.reason.split()[0]) for item in refused.value.violations] == [
        (0, "the"),
        (1, "import"),
        (2, "unknown"),
        (3, "unknown"),
    ]


def test_a_program_must_assign_reply() -> None:
    with pytest.raises(ProgramRefusedError, match="never assigns REPLY"):
        check("x = 1", LIMITS)
    assert check("if ctx:\n    REPLY = 1\nelse:\n    REPLY = 2", LIMITS)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("REPLY = '" + "x" * 20_000 + "'", "bytes"),
        ("REPLY = [" + "1," * 3_000 + "]", "nodes"),
        ("REPLY = " + "(1+" * 60 + "1" + ")" * 60, "deep"),
        ("REPLY = " + "(" * 3_000 + ")" * 3_000, "parse|syntax"),
        ("REPLY = (", "syntax error"),
        ("REPLY = 1\0", "parse|syntax"),
        ("REPLY = '\ud800'", "surrogate"),
        (r"REPLY = '\ud800'", "line 1: a text may not have a lone surrogate"),
        (r"REPLY = f'{1}\udfff'", "lone surrogate"),
    ],
)
def test_the_size_of_a_program_is_limited(source: str, reason: str) -> None:
    with pytest.raises(ProgramRefusedError, match=reason):
        check(source, LIMITS)


@pytest.mark.parametrize(
    "fenced",
    [
        "```python\nREPLY = 1\n```",
        "```\nREPLY = 1\n```\n",
        "\n```py\r\nREPLY = 1\r\n```",
        "REPLY = 1",
    ],
)
def test_markdown_fences_are_removed(fenced: str) -> None:
    assert strip_fences(fenced) == "REPLY = 1"


@given(st.text())
def test_any_text_is_accepted_or_refused(source: str) -> None:
    refusal = None
    try:
        check(source, LIMITS)
    except ProgramRefusedError as error:
        refusal = error
    assert refusal is None or refusal.violations


@given(
    st.lists(
        st.sampled_from(ALLOWED + [statement for statement, _ in REFUSED]), min_size=1, max_size=4
    )
)
def test_an_accepted_program_contains_nothing_forbidden(statements: list[str]) -> None:
    """Checks with a second implementation, so that a mistake would have to be in both."""
    try:
        checked = check("\n".join([*statements, "REPLY = 1"]), LIMITS)
    except ProgramRefusedError:
        return

    for node in ast.walk(ast.parse(checked.source)):
        assert isinstance(node, ALLOWED_NODES)
        assert type(node) not in REFUSED_NODES
        names = [getattr(node, field, None) for field in ("id", "attr", "arg")]
        assert not any(isinstance(name, str) and name.startswith("_") for name in names)
        assert not FORBIDDEN_NAMES.intersection(name for name in names if isinstance(name, str))
