"""Patterns of paths, such as `/orders/*`: for the filters and rules of the testing kit.

Pure. Must never take more than linear time: patterns and paths come from clients.
"""

from __future__ import annotations

from dataclasses import dataclass

from larst.errors import BadRequestError

MAX_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class PathPattern:
    """A pattern: `*` stands for any text within a segment, `/**` at the end for any segments.

    A slash at the end of a path does not matter.

    >>> PathPattern.parse("/orders/*").matches("/orders/7/")
    True
    >>> PathPattern.parse("/orders").matches("/orders/7")
    False
    >>> PathPattern.parse("/orders/**").matches("/orders")
    True
    """

    segments: tuple[str, ...]
    is_open: bool

    @classmethod
    def parse(cls, text: str) -> PathPattern:
        """Return the pattern that a text describes.

        Raises:
            BadRequestError: it is not a path, or has `*` where it cannot be.
        """
        if not text.startswith("/") or len(text) > MAX_CHARACTERS:
            raise BadRequestError(
                f"a path begins with / and has at most {MAX_CHARACTERS} characters; this one is"
                f" {text[:50]!r}"
            )
        segments = _segments(text)
        is_open = segments[-1:] == ("**",)
        if is_open:
            segments = segments[:-1]
        if any(segment.count("*") > 1 for segment in segments):
            raise BadRequestError(
                f"{text[:50]!r} has more than one * in a segment; ** may only be the last segment"
            )
        return cls(segments, is_open)

    def matches(self, path: str) -> bool:
        """Return whether a path, decoded, fits the pattern."""
        segments = _segments(path)
        count = len(self.segments)
        if len(segments) < count or (len(segments) > count and not self.is_open):
            return False
        return all(map(_fits, segments, self.segments))


def _segments(path: str) -> tuple[str, ...]:
    trimmed = path.strip("/")
    return tuple(trimmed.split("/")) if trimmed else ()


def _fits(segment: str, pattern: str) -> bool:
    head, star, tail = pattern.partition("*")
    if not star:
        return segment == pattern
    is_long_enough = len(segment) >= len(head) + len(tail)
    return is_long_enough and segment.startswith(head) and segment.endswith(tail)
