"""The words and symbols of a filter expression. Pure, and linear in its length."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from larst.errors import QueryNotUnderstoodError

MAX_CHARACTERS = 4000

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^'\\]|''|\\.)*'|"(?:[^"\\]|\\.)*")
    | (?P<symbol>=[A-Za-z]{1,16}=|\?!?(?:[<>]=?|=|~)|[<>!=]=|!~|<>|&&|\|\||[=<>~:(),;!&|\[\]{}])
    | (?P<word>\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d[\d:.Zz+-]*|[^\s'"()=<>!~,;&|:\[\]{}?]+)
    )""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a quoted text or a symbol, with its place in the expression."""

    kind: str
    text: str
    start: int

    @property
    def value(self) -> str:
        """The text without its quotes."""
        if self.kind != "text":
            return self.text
        quote, inner = self.text[0], self.text[1:-1]
        if quote == "'":
            inner = inner.replace("''", "'")
        return re.sub(r"\\(.)", r"\1", inner, flags=re.DOTALL)


_END = Token("end", "", 0)


@dataclass(slots=True)
class Tokens:
    """The tokens of an expression, read from the left; `key` is the query key, for messages."""

    text: str
    key: str
    place: int = 0
    _tokens: list[Token] = field(default_factory=list)

    def __post_init__(self) -> None:
        if len(self.text) > MAX_CHARACTERS:
            raise QueryNotUnderstoodError(
                f"{self.key} has {len(self.text)} characters; at most {MAX_CHARACTERS} are read"
            )
        place = 0
        while place < len(self.text):
            match = _TOKEN.match(self.text, place)
            if match is None:
                if not self.text[place:].strip():
                    break
                raise QueryNotUnderstoodError(
                    f"{self.key} is not understood from {self.text[place : place + 40]!r} on"
                )
            kind = match.lastgroup or ""
            self._tokens.append(Token(kind, match[kind], match.start(kind)))
            place = match.end()

    @property
    def is_at_end(self) -> bool:
        """Whether all tokens were read."""
        return self.place >= len(self._tokens)

    def ahead(self, count: int = 0) -> Token:
        """Return the next token, or one after it; an empty one behind the end."""
        place = self.place + count
        return self._tokens[place] if 0 <= place < len(self._tokens) else _END

    def peek(self, count: int = 0) -> str:
        """Return the next word or symbol in lower case; an empty text for quoted texts."""
        token = self.ahead(count)
        return "" if token.kind == "text" else token.text.lower()

    def take(self, *words: str) -> bool:
        """Read the next token if it is one of the words or symbols."""
        if self.is_at_end or self.ahead().kind == "text" or self.peek() not in words:
            return False
        self.place += 1
        return True

    def next(self, expected: str) -> Token:
        """Return the next token, and read it.

        Raises:
            QueryNotUnderstoodError: the expression ends there.
        """
        if self.is_at_end:
            raise self.error(expected)
        self.place += 1
        return self._tokens[self.place - 1]

    def expect(self, symbol: str) -> None:
        """Read a symbol.

        Raises:
            QueryNotUnderstoodError: another token is there.
        """
        if not self.take(symbol):
            raise self.error(repr(symbol))

    def error(self, expected: str, *, back: int = 0) -> QueryNotUnderstoodError:
        """Return the error that names the place and the expected token."""
        token = self.ahead(-back)
        if token is _END:
            return QueryNotUnderstoodError(f"{self.key} ends where {expected} was expected")
        return QueryNotUnderstoodError(
            f"{self.key} is not understood at {self.text[token.start : token.start + 40]!r}:"
            f" {expected} was expected"
        )
