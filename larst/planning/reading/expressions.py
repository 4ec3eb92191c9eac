"""Filter expressions of OData, PocketBase, RSQL, AIP-160, SCIM, Eve and SQL, by one parser. Pure.

    expression  = conjunction { or conjunction }          or   `or` `||` `|`, and `,` in RSQL
    conjunction = factor { [ and ] factor }               and  `and` `&&` `&` `;`, `,` elsewhere
    factor      = not factor | `(` expression `)` | test  not  `not` `!` `-`
    test        = call | path operator value | path `in` `(` value { `,` value } `)` | path
    call        = name `(` argument { `,` argument } `)`

Comparison operators of all languages are in one table; their spellings do not clash. Written here
and not with a parser library: the grammar is these five lines, and loading a library takes longer
than any request may. Linear in the text's length, and bounded.

https://docs.oasis-open.org/odata/odata/v4.01/ (URL conventions, section 5.1.1),
https://pocketbase.io/docs/api-records/, https://github.com/jirutka/rsql-parser,
https://google.aip.dev/160, https://docs.python-eve.org (filtering), RFC 7644 section 3.4.2.2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from larst.domain import Json
from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.asked import ALWAYS, Condition, Node, Related, all_of, any_of, negated
from larst.planning.reading.comparisons import (
    Path,
    compare,
    comparison_of,
    takes_no_value,
)
from larst.planning.reading.operators import condition, operator_of
from larst.planning.reading.tokens import Token, Tokens
from larst.planning.reading.values import ValueReader

MAX_LEVELS = 20

_OR = ("or", "||", "|")
_AND = ("and", "&&", "&", ";")
_NOT = ("not", "!")
_GROUPS: Mapping[str, Callable[[list[Node]], Node]] = {"and": all_of, "or": any_of}
_IGNORING_CASE = frozenset({"tolower", "toupper", "lower", "upper", "tolowercase"})
_TRANSPARENT = frozenset({"trim", "cast", "datetime", "timestamp"}) | _IGNORING_CASE
_PARTS = frozenset({"year", "date"})
_LITERALS: Mapping[str, Json] = {"true": True, "false": False, "null": None, "none": None}
_TYPED_LITERALS = frozenset("datetime datetimeoffset date timestamp time guid cast string".split())
_VALUE_FIRST = frozenset({"substringof"})
_CALLS: Mapping[str, str] = {"substringof": "contains", "matchespattern": "regex", "has": ""}
_RSQL = re.compile(r"==|=[a-z]{1,16}=", re.IGNORECASE)
_EXPRESSION = re.compile(
    r"[=<>~]|\b(?:eq|ne|gt|ge|lt|le|in|has|co|sw|ew|like|between|is)\b\s*[^\s]|\bpr\b|\w\("
    r"|[\w.]:\S",
    re.IGNORECASE,
)


@dataclass(slots=True)
class ExpressionReader:
    """Reads one expression."""

    tokens: Tokens
    values: ValueReader
    is_rsql: bool = False
    in_call: bool = False
    scope: dict[str, str] = field(default_factory=dict)
    """The variables of OData's `any` and `all`, and the paths that they stand for."""

    def read(self) -> Node:
        """Return the node that the expression stands for.

        Raises:
            QueryNotUnderstoodError: it is none, with the place where reading stopped.
        """
        node = self._expression(0)
        if not self.tokens.is_at_end:
            raise self.tokens.error("an operator such as and, or")
        return node

    def _expression(self, level: int) -> Node:
        words = (*_OR, ",") if self.is_rsql and not self.in_call else _OR
        nodes = [self._conjunction(level)]
        while self.tokens.take(*words):
            nodes.append(self._conjunction(level))
        return any_of(nodes)

    def _conjunction(self, level: int) -> Node:
        words = _AND if self.is_rsql or self.in_call else (*_AND, ",")
        nodes = [self._factor(level)]
        while self.tokens.take(*words) or self._is_factor_next():
            nodes.append(self._factor(level))
        return all_of(nodes)

    def _is_factor_next(self) -> bool:
        """Return whether a comparison follows without `and`, as in AIP-160."""
        tokens = self.tokens
        if tokens.ahead().kind != "word" or tokens.peek() in (*_OR, *_NOT):
            return False
        return tokens.ahead(1).kind == "symbol" and comparison_of(tokens.peek(1)) is not None

    def _factor(self, level: int) -> Node:
        if level > MAX_LEVELS:
            raise QueryNotUnderstoodError(
                f"{self.tokens.key} nests deeper than {MAX_LEVELS} levels"
            )
        if self.tokens.take(*_NOT):
            return negated(self._factor(level + 1))
        if self.tokens.take("("):
            in_call, self.in_call = self.in_call, False
            node = self._expression(level + 1)
            self.in_call = in_call
            self.tokens.expect(")")
            return node
        return self._test(level)

    def _test(self, level: int) -> Node:
        token = self.tokens.next("a field")
        if token.kind == "symbol":
            raise self.tokens.error("a field", back=1)
        if token.kind == "word" and self.tokens.peek() == "(":
            call = self._call(token.text, level + 1)
            return self._comparison(call) if isinstance(call, Path) else call
        if token.kind == "word" and token.text[0] == "-" and len(token.text) > 1:
            return negated(self._comparison(self._path(token.text[1:])))
        return self._comparison(self._path(token.value))

    def _path(self, text: str) -> Path:
        """Return a path; `a/b`, `a.b` and `a["b"]` lead into objects, and to related records."""
        name = text.replace("/", ".")
        while self.tokens.take("["):
            name = f"{name}.{self.tokens.next('a name').value}"
            self.tokens.expect("]")
        head, dot, tail = name.partition(".")
        if head not in self.scope:
            return Path(name)
        base = self.scope[head]
        return Path(f"{base}.{tail}" if base and dot else base or tail)

    def _comparison(self, path: Path) -> Node:
        tokens = self.tokens
        if tokens.take("not"):
            return negated(self._comparison(path))
        if tokens.take("is"):
            return self._is(path)
        if tokens.peek() == "between":
            return self._between(path)
        operator = comparison_of(tokens.peek()) if not tokens.is_at_end else None
        if operator is None or tokens.ahead().kind == "text":
            return self._bare(path)
        tokens.next("an operator")
        if takes_no_value(operator) and tokens.peek() not in ("true", "false", "1", "0"):
            return compare(path, operator, True, self.values)
        return self._compared(path, operator)

    def _compared(self, path: Path, operator: str) -> Node:
        tokens = self.tokens
        if operator == ":" and (further := comparison_of(tokens.peek())) is not None:
            tokens.next("an operator")  # views:>50
            operator = further
        if operator in ("in", "nin", "between", "notbetween", "all", "overlap"):
            return compare(path, operator, self._list(), self.values)
        if operator in ("", ":") and tokens.peek() in ("(", "["):
            return compare(path, "in", self._list(), self.values)
        token = tokens.next("a value")
        if operator == ":" and tokens.peek() == "." and token.kind == "word":
            raise tokens.error("a value")
        return compare(path, operator, self._value(token), self.values)

    def _bare(self, path: Path) -> Node:
        """Return a boolean field by itself; anything else after a field is an error."""
        if self.tokens.is_at_end or self.tokens.peek() in (")", ",", *_OR, *_AND):
            return compare(path, "", True, self.values)
        raise self.tokens.error("a comparison such as eq, =, >")

    def _is(self, path: Path) -> Node:
        is_negated = self.tokens.take("not")
        node = compare(path, "", self._value(self.tokens.next("a value")), self.values)
        return negated(node) if is_negated else node

    def _between(self, path: Path) -> Node:
        self.tokens.next("between")
        if self.tokens.peek() in ("(", "["):
            return compare(path, "between", self._list(), self.values)
        low = self._value(self.tokens.next("a value"))
        if not self.tokens.take("and", ","):
            raise self.tokens.error("and")
        bounds = [low, self._value(self.tokens.next("a value"))]
        return compare(path, "between", bounds, self.values)

    # -- calls

    def _call(self, name: str, level: int) -> Node | Path:
        word = name.lower()
        self.tokens.expect("(")
        path, _, quantifier = name.replace("/", ".").rpartition(".")
        if path and quantifier.lower() in ("any", "all"):
            return self._lambda(self._path(path).name, quantifier.lower(), level)
        in_call, self.in_call = self.in_call, True
        if word in _GROUPS or word == "not":
            node: Node | Path = self._group(word, level)
        elif word in _TRANSPARENT | _PARTS or word == "indexof":
            node = self._function(word, level)
        else:
            node = self._test_call(word, level)
        self.in_call = in_call
        return self._index(node) if word == "indexof" else node

    def _group(self, word: str, level: int) -> Node:
        nodes = [self._expression(level)]
        while self.tokens.take(","):
            nodes.append(self._expression(level))
        self.tokens.expect(")")
        return negated(all_of(nodes)) if word == "not" else _GROUPS[word](nodes)

    def _function(self, word: str, level: int) -> Node | Path:
        path = self._argument(level)
        if word == "indexof":
            self.tokens.expect(",")
            value = self._value(self.tokens.next("a value"))
            self.tokens.expect(")")
            return compare(path, "contains", value, self.values)
        self.tokens.expect(")")
        part = word if word in _PARTS else path.part
        return Path(path.name, path.ignores_case or word in _IGNORING_CASE, part)

    def _index(self, node: Node | Path) -> Node:
        """Read the comparison behind `indexof(a,'x')`: whether it was found."""
        operator = comparison_of(self.tokens.peek())
        self.tokens.next("a comparison")
        number = self.tokens.next("a number").text
        if isinstance(node, Path):
            raise self.tokens.error("a comparison", back=2)
        if (operator, number) in (("gte", "0"), ("gt", "-1"), ("ne", "-1")):
            return node
        if (operator, number) in (("", "-1"), ("lt", "0")):
            return negated(node)
        raise self.tokens.error("ge 0 or eq -1", back=2)

    def _test_call(self, word: str, level: int) -> Node:
        """Read `contains(a,'x')`, and RQL's and JSON:API's `greaterThan(a,'5')`."""
        operator = _CALLS.get(word, operator_of(word))
        if operator is None:
            raise QueryNotUnderstoodError(
                f"{self.tokens.key}: there is no function {word[:40]}; there are contains,"
                " startswith, endswith, tolower, year, date, any and all"
            )
        path, values = self._arguments(word, level)
        node = self._called(path, operator, values)
        # `contains(name,'x') eq true`, as older clients write it.
        if self.tokens.peek() in ("eq", "==", "=") and self.tokens.peek(1) in ("true", "false"):
            self.tokens.next("eq")
            is_true = self.tokens.next("true").text.lower() == "true"
            return node if is_true else negated(node)
        return node

    def _arguments(self, word: str, level: int) -> tuple[Path, list[Json]]:
        values: list[Json] = []
        if word in _VALUE_FIRST:
            values.append(self._value(self.tokens.next("a value")))
            self.tokens.expect(",")
        path = self._argument(level)
        while self.tokens.take(","):
            is_list = self.tokens.peek() in ("(", "[")
            values += self._list() if is_list else [self._value(self.tokens.next("a value"))]
        self.tokens.expect(")")
        return path, values

    def _argument(self, level: int) -> Path:
        token = self.tokens.next("a field")
        if token.kind == "symbol" or level > MAX_LEVELS:
            raise self.tokens.error("a field", back=1)
        if token.kind == "word" and self.tokens.peek() == "(":
            call = self._call(token.text, level + 1)
            if isinstance(call, Path):
                return call
            raise self.tokens.error("a field", back=1)
        return self._path(token.value)

    def _called(self, path: Path, operator: str, values: list[Json]) -> Node:
        if not values:  # JSON:API's has(comments)
            if self.values.fields.related(path.name) is not None:
                return Related(path.name, ALWAYS)
            return condition(path.name, "exists", True, self.values.fields, path.name)
        value: Json = values[0] if len(values) == 1 and operator not in ("in", "nin") else values
        return compare(path, operator, value, self.values)

    def _lambda(self, base: str, quantifier: str, level: int) -> Node:
        """Read `tags/any(t: t eq 'a')` and `comments/any(c: c/body eq 'x')`."""
        fields = self.values.fields
        further = None if fields.has(base) else fields.related(base)
        if self.tokens.take(")"):
            whole = Related(base, ALWAYS) if further is not None else _not_empty(base)
            return whole if quantifier == "any" else ALWAYS
        variable = self.tokens.next("a variable").text
        self.tokens.expect(":")
        values, scope = self.values, self.scope
        if further is not None:
            self.values = ValueReader(further, is_change=values.is_change)
        self.scope = {**scope, variable: "" if further is not None else base}
        node = self._expression(level + 1)
        self.values, self.scope = values, scope
        self.tokens.expect(")")
        if further is not None:
            inner = negated(node) if quantifier == "all" else node
            related = Related(base, inner)
            return negated(related) if quantifier == "all" else related
        if quantifier == "all":
            raise QueryNotUnderstoodError(f"{self.tokens.key}: all() takes a relation; use any()")
        return node

    # -- values

    def _list(self) -> list[Json]:
        closing = {"(": ")", "[": "]", "{": "}"}.get(self.tokens.peek(), "")
        if closing:
            self.tokens.next("a list")
        values: list[Json] = []
        if closing and self.tokens.take(closing):
            return values
        values.append(self._value(self.tokens.next("a value")))
        while self.tokens.take(","):
            values.append(self._value(self.tokens.next("a value")))
        if closing:
            self.tokens.expect(closing)
        return values

    def _value(self, token: Token) -> Json:
        if token.kind == "text":
            return token.value
        if token.kind == "symbol":
            raise self.tokens.error("a value", back=1)
        word = token.text.lower()
        if word in _TYPED_LITERALS:
            quoted = self.tokens.ahead()
            if quoted.kind == "text" and quoted.start == token.start + len(token.text):
                return self.tokens.next("a value").value  # datetime'2025-01-31'
            if self.tokens.take("("):
                value = self._value(self.tokens.next("a value"))
                self.tokens.expect(")")
                return value
        return _LITERALS.get(word, token.text)


def read_expression(text: str, key: str, values: ValueReader) -> Node:
    """Return the node of a filter expression.

    Raises:
        QueryNotUnderstoodError: it is not understood.
    """
    is_rsql = _RSQL.search(text) is not None and " and " not in text.lower()
    return ExpressionReader(Tokens(text, key), values, is_rsql).read()


def looks_like_expression(text: str) -> bool:
    """Return whether a text has a comparison or a call, and so is no plain search text."""
    return _EXPRESSION.search(text) is not None


def _not_empty(field: str) -> Node:
    return negated(any_of([Condition(field, "", [], field), Condition(field, "exists", False, field)]))
