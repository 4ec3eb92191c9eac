"""Programs that never end, or whose values explode."""

from __future__ import annotations

_STEPS = {
    "[1]": ("[a, a]", "a + a", "[a] * 9", "[*a, *a]", "[a, [a, a]]", "(a, a)", "{'l': a, 'r': a}"),
    "'x'": (
        *("a + a", "a * 9", "f'{a}{a}'", "a.replace('x', 'xx')", "','.join([a, a])"),
        *("a.ljust(len(a) * 9)", "a.zfill(len(a) * 9)", "a.center(len(a) * 9)", "repr(a) + a"),
        *("a.expandtabs(9999) + a", "json.dumps([a, a])", "re.sub('x', 'xx', a)"),
    ),
    "3": ("a * a", "a ** a", "a << a", "a ** 9", "a * 10 ** 99"),
    "{}": ("{'k': a}", "{**a, str(len(a)): [a, a]}"),
    "()": ("(a, a)", "(*a, a, a)"),
}
_BIG = (
    *("10 ** 10 ** 8", "1 << 10 ** 10", "'x' * 10 ** 10", "[0] * 10 ** 10", "2 ** 99999999 % 3"),
    *("f'{1:>1000000000}'", "f'{1.5:.99999999f}'", "str(10 ** 99999)", "int('9' * 99999)"),
    *(
        "list(range(10 ** 10))",
        "sum(range(10 ** 10))",
        "'x'.ljust(10 ** 10)",
        "'\\t'.expandtabs(10 ** 10)",
    ),
    *("max(range(10 ** 10))", "sorted(range(10 ** 8))", "{n: n for n in range(10 ** 9)}"),
    *("math.factorial(10 ** 7)", "pow(3, 10 ** 8)", "pow(3, 10 ** 9, 7)", "range(2 ** 70)"),
    *("set(range(10 ** 9))", "[[0] * 9999 for n in range(10 ** 7)]", "'a'.zfill(10 ** 10)"),
    *("re.match('(a+)+$', 'a' * 40 + 'b')", "re.match('(a|aa)+$', 'a' * 60 + 'b')"),
    *("re.search('(.*)*x', 'a' * 99)", "re.compile('(' * 5000)", "json.loads('[' * 99999)"),
    *("json.dumps([[]] * 10 ** 7)", "datetime.timedelta(days=10 ** 20)", "'%1000000000d' % 1"),
)
_LOOPS = (
    *("while True: pass", "while True: a = 1", "a = [1]\nfor n in a: a.append(n)"),
    *("for n in range(10 ** 12): pass", "a = [n for n in range(10 ** 9)]"),
    *("a = any(False for n in range(10 ** 10))", "a = all(n >= 0 for n in range(10 ** 10))"),
    *("a = [0 for x in range(9999) for y in range(9999)]", "while True: store.count()"),
    *(
        "while True: store.insert({})",
        "for n in range(10 ** 9): print('x')",
        "print('x' * 10 ** 9)",
    ),
    *("a = [1]\nfor n in range(60): a = [a, a]\nprint(a)", "while True: session_store.names()"),
    *("a = {'a': 1}\nfor k in a: a[k + 'x'] = 1", "a = [1]\nwhile a: a += a"),
    *("for n in range(10 ** 9): session_store.resource('r' + str(n)).insert({})",),
)
PROGRAMS = (
    *(
        f"a = {start}\nfor n in range(60):\n    a = {step}\n{use}"
        for start, steps in _STEPS.items()
        for step in steps
        for use in ("store.insert({'a': a})", "REPLY = make_response(200, a)")
    ),
    *(f"a = {value}" for value in _BIG),
    *_LOOPS,
)
