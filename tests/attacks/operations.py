"""Programs with one operation on many values, or many on large ones."""

from __future__ import annotations

_SETUP = (
    "l = ctx['body_json']['list']\nt = ctx['body_json']['text']\nd = ctx['body_json']['dict']\n"
)
_OPERATIONS = (
    *("'zzzz' in t", "t in t", "-1 in l", "'x' in l", "t == t + 'a'", "t < t + 'a'", "l == l"),
    *("l + l", "t + t", "[*l, *l]", "{**d, **d}", "sorted(l)", "sorted(d)", "min(l)", "max(d)"),
    *("sum(l)", "any(l)", "all(l)", "list(l)", "tuple(l)", "dict(d)", "str(l)", "str(d)", "len(t)"),
    *("t.upper()", "t.title()", "t.replace('a', 'bbb')", "t.replace('', 'b')", "t.split('a')"),
    *("t.split()", "t.strip('ab')", "t.count('ab')", "t.count('')", "','.join(t)", "','.join(d)"),
    *("t.startswith(t)", "t.endswith(t)", "t.startswith(tuple(d))", "l.count(1)", "l.index(-1)"),
    *("l.copy()", "d.copy()", "t[0:]", "l[1:]", "t[::-1]", "l[::-9]", "list(reversed(l))"),
    *("list(zip(l, l, l, l))", "list(enumerate(t))", "[c for c in t]", "[v for k, v in d.items()]"),
    *("f'{t}{t}{t}'", "f'{l}'", "json.dumps(d)", "json.loads(t)", "re.findall('a', t)", "repr(d)"),
    *("l == l[0:]", "[l] == [l]", "{t: 1}", "d.get(t)", "t * 3", "l * 3", "set(l)", "hash(t)"),
)
_ONCE = "x = {}"
_OFTEN = "for n in range(100000):\n    x = {}"
_LONG_NUMBERS = (
    f"x = 0x{'f' * 6000}\ny = 0x{'e' * 3000}\nfor n in range(20000):\n    z = x % y",
    f"x = {'9' * 4000}\nfor n in range(20000):\n    z = str(x)",
    f"x = {'9' * 4000}\nfor n in range(20000):\n    z = x * x",
    f"x = store.insert({{'a': {'9' * 30}}})",
    "x = store.insert({'a': 1e999})",
    "x = 1e999 - 1e999",
    "a = [1]\na[0] = a\nx = a == a",
    "a = [1]\nb = [1]\nfor n in range(60):\n    a = [a, a]\n    b = [b, b]\nx = a == b",
    "a = (1,)\nfor n in range(60):\n    a = (a, a)\nx = {a: 1}",
    "a = (1,)\nfor n in range(60):\n    a = (a, a)\nx = a in {}",
    "a = []\na.append(a)\nx = str(a)",
    "a = [1]\nfor n in range(60):\n    a = [a, a]\nx = str(a)",
    "a = [1]\nfor n in range(60):\n    a = [a, a]\nx = sorted([a, a])",
    "a = 0\nfor n in range(100000):\n    a = [a]\nx = str(a)",
)
PROGRAMS = (
    *(_SETUP + form.format(text) for text in _OPERATIONS for form in (_ONCE, _OFTEN)),
    *_LONG_NUMBERS,
)
