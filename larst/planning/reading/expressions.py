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
from dataclasses import dataclass

from larst.domain import Json
from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.asked import ALWAYS, Condition, Node, Related, all_of, any_of, negated
from larst.planning.reading.comparisons import Path, compare, comparison_of
from larst.planning.reading.operands import AND, OR, Operands
from larst.planning.reading.operators import condition
from larst.planning.reading.spellings import operator_of
from larst.planning.reading.tokens import Tokens
from larst.planning.reading.values import ValueReader

MAX_LEVELS = 20

_NOT = ("not", "!")
_GROUPS: Mapping[str, Callable[[list[Node]], Node]] = {"and": all_of, "or": any_of}
_IGNORING_CASE = frozenset({"tolower", "toupper", "lower", "upper", "tolowercase"})
_TRANSPARENT = frozenset({"trim", "cast", "datetime", "timestamp"}) | _IGNORING_CASE
_PARTS = frozenset({"year", "date"})
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
    """Reads one expression; `operands` reads its comparisons, from the same tokens.

    In RSQL a comma is `or`; between the arguments of a call it separates.
    """

    tokens: Tokens
    operands: Operands
    is_rsql: bool = False
    in_call: bool = False

    def read(self) -> Node:
        """Return the node that the expression stands for.

        Raises:
            QueryNotUnderstoodError: it is not understood from the place that the detail names.
        """
        node = self._expression(0)
        if not self.tokens.is_at_end:
            raise self.tokens.error("an operator such as and, or")
        return node

    def _expression(self, level: int) -> Node:
        words = (*OR, ",") if self.is_rsql and not self.in_call else OR
        nodes = [self._conjunction(level)]
        while self.tokens.take(*words):
            nodes.append(self._conjunction(level))
        return any_of(nodes)

    def _conjunction(self, level: int) -> Node:
        words = AND if self.is_rsql or self.in_call else (*AND, ",")
        nodes = [self._factor(level)]
        while self.tokens.take(*words) or self._is_factor_next():
            nodes.append(self._factor(level))
        return all_of(nodes)

    def _is_factor_next(self) -> bool:
        """Return whether a comparison follows without `and`, as in AIP-160."""
        tokens = self.tokens
        if tokens.ahead().kind != "word" or tokens.peek() in (*OR, *_NOT):
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
            return self.operands.comparison(call) if isinstance(call, Path) else call
        if token.kind == "word" and token.text[0] == "-" and len(token.text) > 1:
            return negated(self.operands.comparison(self.operands.path(token.text[1:])))
        return self.operands.comparison(self.operands.path(token.value))

    # -- calls

    def _call(self, name: str, level: int) -> Node | Path:
        word = name.lower()
        self.tokens.expect("(")
        path, _, quantifier = name.replace("/", ".").rpartition(".")
        if path and quantifier.lower() in ("any", "all"):
            return self._lambda(self.operands.path(path).name, quantifier.lower(), level)
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
            value = self.operands.next_value()
            self.tokens.expect(")")
            return compare(path, "contains", value, self.operands.values)
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
                f"{self.tokens.key}: the function {word[:40]} is unknown; use contains,"
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
            values.append(self.operands.next_value())
            self.tokens.expect(",")
        path = self._argument(level)
        while self.tokens.take(","):
            is_list = self.tokens.peek() in ("(", "[")
            values += self.operands.listed() if is_list else [self.operands.next_value()]
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
        return self.operands.path(token.value)

    def _called(self, path: Path, operator: str, values: list[Json]) -> Node:
        if not values:  # JSON:API's has(comments)
            if self.operands.values.fields.related(path.name) is not None:
                return Related(path.name, ALWAYS)
            return condition(path.name, "exists", True, self.operands.values.fields, path.name)
        value: Json = values[0] if len(values) == 1 and operator not in ("in", "nin") else values
        return compare(path, operator, value, self.operands.values)

    def _lambda(self, base: str, quantifier: str, level: int) -> Node:
        """Read `tags/any(t: t eq 'a')` and `comments/any(c: c/body eq 'x')`."""
        fields = self.operands.values.fields
        further = None if fields.has(base) else fields.related(base)
        if quantifier == "any" and self.tokens.take(")"):
            return _not_empty(base) if further is None else Related(base, ALWAYS)
        variable = self.tokens.next("a variable").text
        self.tokens.expect(":")
        operands = self.operands
        values = operands.values
        if further is not None:
            values = ValueReader(further, is_change=values.is_change)
        scope = {**operands.scope, variable: base if further is None else ""}
        self.operands = Operands(self.tokens, values, scope)
        node = self._expression(level + 1)
        self.operands = operands
        self.tokens.expect(")")
        if quantifier == "any":
            return node if further is None else Related(base, node)
        if further is None:
            raise QueryNotUnderstoodError(f"{self.tokens.key}: all() takes a relation; use any()")
        return negated(Related(base, negated(node)))


def read_expression(text: str, key: str, values: ValueReader) -> Node:
    """Return the node of a filter expression.

    Raises:
        QueryNotUnderstoodError: it is not understood.
    """
    is_rsql = _RSQL.search(text) is not None and " and " not in text.lower()
    tokens = Tokens(text, key)
    return ExpressionReader(tokens, Operands(tokens, values), is_rsql).read()


def looks_like_expression(text: str) -> bool:
    """Return whether a text has a comparison or a call, unlike a plain search text."""
    return _EXPRESSION.search(text) is not None


def _not_empty(field: str) -> Node:
    return negated(
        any_of([Condition(field, "", [], field), Condition(field, "exists", False, field)])
    )
