"""Reading a large JSON text item by item, each parsed exactly as a request body is. Pure.

Parsing 60 MB at once held the interpreter lock for three and a half seconds (November 2026).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from larst.domain import Json
from larst.errors import InvalidJsonError
from larst.exact_json import parse_json

_SPACE = re.compile(r"[ \t\n\r]*")


class JsonText:
    """A position in a JSON text; each method reads on from it.

    Raises:
        InvalidJsonError: in every method but `peek`, if the text there is not what it reads.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._decode = json.JSONDecoder().raw_decode

    def peek(self) -> str:
        """Skip blanks, and return the next character; "" at the end."""
        match = _SPACE.match(self._text, self._position)
        self._position = match.end() if match else self._position
        return self._text[self._position : self._position + 1]

    def names(self) -> Iterator[str]:
        """Yield the names of an object; the caller reads each value before the next name."""
        for _ in self.members("{", "}"):
            if self.peek() != '"':
                raise self.expected("a name in quotes")
            name = self.value()
            self._skip(":")
            assert isinstance(name, str)  # noqa: S101 - it began with a quote
            yield name

    def items(self) -> Iterator[Json]:
        """Yield the items of a list."""
        for _ in self.members("[", "]"):
            yield self.value()

    def spans(self) -> Iterator[str]:
        """Yield the texts of the items of a list."""
        for _ in self.members("[", "]"):
            yield self.span()

    def value(self) -> Json:
        """Read one value; refuse numbers that cannot be stored exactly."""
        return parse_json(self.span().encode())

    def span(self) -> str:
        """Read one value, and return its text."""
        self.peek()
        try:
            _, end = self._decode(self._text, self._position)
        except RecursionError as error:
            raise InvalidJsonError("a value nests too deep") from error
        except ValueError as error:
            raise InvalidJsonError(str(error)[:200]) from error
        text, self._position = self._text[self._position : end], end
        return text

    def expected(self, description: str) -> InvalidJsonError:
        """Return the error for a text that goes on with something else."""
        return InvalidJsonError(f"{description} was expected at character {self._position}")

    def members(self, opening: str, closing: str) -> Iterator[None]:
        """Stop before each of the members, separated by commas, between the two brackets."""
        self._skip(opening)
        if self.peek() == closing:
            self._skip(closing)
            return
        while True:
            yield
            if self.peek() == closing:
                self._skip(closing)
                return
            self._skip(",")

    def _skip(self, character: str) -> None:
        if self.peek() != character:
            raise self.expected(character)
        self._position += 1
