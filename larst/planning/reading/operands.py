"""Paths, values and comparisons of filter expressions: the parts that do not nest. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from larst.domain import Json
from larst.planning.reading.asked import Node, negated
from larst.planning.reading.comparisons import Path, compare, comparison_of, takes_no_value
from larst.planning.reading.tokens import Tokens
from larst.planning.reading.values import ValueReader

OR = ("or", "||", "|")
AND = ("and", "&&", "&", ";")

_LITERALS: Mapping[str, Json] = {"true": True, "false": False, "null": None, "none": None}
_TYPED_LITERALS = frozenset("datetime datetimeoffset date timestamp time guid cast string".split())
_LISTS = frozenset({"in", "nin", "between", "notbetween", "all", "overlap"})
_CLOSING = {"(": ")", "[": "]", "{": "}"}


@dataclass(slots=True)
class Operands:
    """Reads the sides of comparisons from the tokens.

    `scope` holds the variables of OData's `any` and `all`, and the paths that they stand for.
    """

    tokens: Tokens
    values: ValueReader
    scope: dict[str, str] = field(default_factory=dict)

    def path(self, text: str) -> Path:
        """Return a path; `a/b`, `a.b` and `a["b"]` lead into objects, and to related records."""
        name = text.replace("/", ".")
        if "$" in name:
            raise self.tokens.error("a field without $count or $it", back=1)
        while self.tokens.take("["):
            name = f"{name}.{self.tokens.next('a name').value}"
            self.tokens.expect("]")
        head, dot, tail = name.partition(".")
        if head not in self.scope:
            return Path(name)
        base = self.scope[head]
        return Path(f"{base}.{tail}" if base and dot else base or tail)

    def comparison(self, path: Path) -> Node:
        """Return the condition of a path and what follows it: `not in (…)`, `is null`, `> 5`.

        Raises:
            QueryNotUnderstoodError: no comparison follows, or its value is missing.
        """
        if self.tokens.take("not"):
            return negated(self._positive(path))
        return self._positive(path)

    def _positive(self, path: Path) -> Node:
        tokens = self.tokens
        if (tokens.peek(), tokens.peek(1)) == (":", "lower") and tokens.ahead(2).kind == "symbol":
            tokens.place += 2  # PocketBase: title:lower
            path = replace(path, ignores_case=True)
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
        if operator in _LISTS:
            return compare(path, operator, self.listed(), self.values)
        if operator in ("", ":") and tokens.peek() in ("(", "["):
            return compare(path, "in", self.listed(), self.values)
        return compare(path, operator, self.next_value(), self.values)

    def _bare(self, path: Path) -> Node:
        """Return a boolean field by itself; anything else after a field is an error."""
        if self.tokens.is_at_end or self.tokens.peek() in (")", ",", *OR, *AND):
            return compare(path, "", True, self.values)
        raise self.tokens.error("a comparison such as eq, =, >")

    def _is(self, path: Path) -> Node:
        is_negated = self.tokens.take("not")
        node = compare(path, "", self.next_value(), self.values)
        return negated(node) if is_negated else node

    def _between(self, path: Path) -> Node:
        self.tokens.next("between")
        if self.tokens.peek() in ("(", "["):
            return compare(path, "between", self.listed(), self.values)
        low = self.next_value()
        if not self.tokens.take("and", ","):
            raise self.tokens.error("and")
        bounds = [low, self.next_value()]
        return compare(path, "between", bounds, self.values)

    def listed(self) -> list[Json]:
        """Return the values of a list, in parentheses, brackets or braces, or without them."""
        closing = _CLOSING.get(self.tokens.peek(), "")
        if closing:
            self.tokens.next("a list")
            if self.tokens.take(closing):
                return []
        values = [self.next_value()]
        while self.tokens.take(","):
            values.append(self.next_value())
        if closing:
            self.tokens.expect(closing)
        return values

    def next_value(self) -> Json:
        """Return the next value: a text, a number or date as text, true, false or null.

        Raises:
            QueryNotUnderstoodError: a symbol is there, or nothing.
        """
        token = self.tokens.next("a value")
        if token.kind == "text":
            return token.value
        if token.kind == "symbol":
            raise self.tokens.error("a value", back=1)
        if token.text[0] == "@":
            raise self.tokens.error("a value; @ has no meaning here", back=1)
        if token.text.lower() in _TYPED_LITERALS:
            following = self.tokens.ahead()
            if following.kind == "text" and following.start == token.start + len(token.text):
                return self.tokens.next("a value").value  # datetime'2025-01-31'
            if self.tokens.take("("):
                value = self.tokens.next("a value").value
                self.tokens.expect(")")
                return value
        return _LITERALS.get(token.text.lower(), token.text)
