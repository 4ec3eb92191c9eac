"""Store calls with arguments that no planner means, and replies that HTTP cannot carry."""

from __future__ import annotations

_VALUES = {
    "shared": "v = 1\nfor n in range(40):\n    v = [v, v]",
    "shared dict": "v = {}\nfor n in range(40):\n    v = {'l': v, 'r': v}",
    "cyclic": "v = []\nv.append(v)",
    "deep": "v = []\nfor n in range(100000):\n    v = [v]",
    "deep criteria": "v = {}\nfor n in range(150):\n    v = {'&': [v]}",
    "number keys": "v = {1: 2}",
    "function": "v = len",
    "store": "v = store",
    "set": "v = {1, 2}",
    "nan": "v = float('nan')",
    "infinite": "v = 1e999",
    "long number": "v = 2 ** 70",
    "true": "v = True",
    "float": "v = 1.5",
    "negative": "v = -9223372036854775808",
    "surrogate": "v = '\\ud800'",
    "long text": "v = ','.join(['abc' for n in range(5000)])",
    "many": "v = [n for n in range(9000)]",
    "many criteria": "v = {'|': [{'a': n} for n in range(3000)]}",
    "wrong criteria": "v = {'|': [1], '&': 'x', '^': 5}",
}
_CALLS = (
    *("store.insert(v)", "store.insert({'a': v})", "store.insert({'id': v})", "store.get(v)"),
    *("store.delete(v)", "store.replace(1, v)", "store.update(1, v)", "store.update(1, {'a': v})"),
    *("store.update(1, [{'op': 'add', 'path': '/x', 'value': v}])", "store.search(v)"),
    *("store.update(1, [{'op': 'test', 'path': '', 'value': v}])", "store.search({'a': v})"),
    *("store.search({'a__in': v})", "store.search({}, limit=v)", "store.search({}, offset=v)"),
    *("store.search({}, sort=v)", "store.search({'&': v})", "store.count(v)", "store.list(v)"),
    *("store.aggregate(v, 'a')", "store.aggregate('sum', v)", "store.aggregate('sum', 'a', by=v)"),
    *("store.update_where(v, {})", "store.delete_where({'a__like': v})"),
    *("session_store.resource(v).count()", "store.search({'*__icontains': v})"),
)
_REPLIES = (
    *("make_response(200, v)", "make_response(v)", "make_response(200, 1, v)"),
    *("make_response(200, 1, {'X-A': v})", "make_response(200, 1, {'Location': v})", "v"),
    *("{'status': 200, 'body': [v], 'headers': {'Content-Type': v}}",),
)
PROGRAMS = (
    *(f"{value}\nx = {call}" for value in _VALUES.values() for call in _CALLS),
    *(f"{value}\nREPLY = {reply}" for value in _VALUES.values() for reply in _REPLIES),
)
