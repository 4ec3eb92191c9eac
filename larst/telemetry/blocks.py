"""Blocks of a request's work: while one is the request at hand, and while a stage of it runs.

Classes, not generators: they run with every request.
"""

from __future__ import annotations

import time
from contextvars import ContextVar, Token
from types import TracebackType
from typing import TYPE_CHECKING

from larst.telemetry.spans import NOT_KEPT, Attributes, Span

if TYPE_CHECKING:
    from larst.model import TraceParent
    from larst.telemetry.request_trace import RequestTrace

AT_HAND: ContextVar[RequestTrace | None] = ContextVar("larst_request", default=None)
"""The request that the running task works for."""


class AtHand:
    """Makes a request the one at hand."""

    __slots__ = ("_token", "_trace")

    def __init__(self, trace: RequestTrace) -> None:
        self._trace = trace

    def __enter__(self) -> None:
        self._token: Token[RequestTrace | None] = AT_HAND.set(self._trace)

    def __exit__(self, *_error: object) -> None:
        AT_HAND.reset(self._token)


class Stage:
    """Times a stage, and gives its span; what is raised is recorded there."""

    __slots__ = ("_attributes", "_began_s", "_link", "_name", "_outer", "_span", "_trace")

    def __init__(
        self,
        trace: RequestTrace,
        name: str,
        attributes: Attributes | None,
        link: TraceParent | None,
    ) -> None:
        self._trace = trace
        self._name = name
        self._attributes = attributes
        self._link = link

    def __enter__(self) -> Span:
        trace = self._trace
        self._outer = trace.here
        self._span = NOT_KEPT
        if trace.is_recorded:
            self._span = trace.begin_span(f"larst.{self._name}", self._attributes, link=self._link)
            trace.here = self._span
        self._began_s = time.perf_counter()
        return self._span

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        noted = self._trace
        noted.took(self._name, time.perf_counter() - self._began_s)
        if self._span is not NOT_KEPT:
            noted.here = self._outer
            if error is not None:
                noted.record_error(self._span, error)
            noted.end_span(self._span)
