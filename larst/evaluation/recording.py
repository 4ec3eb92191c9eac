"""Records the answers of a model as files, and plays them back without a call.

A file has the answer to one request for a plan, with its cost, or the error that it was. It can be
judged again after the policy, the checks or the suite have changed. Must never record a key or a
header.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from larst.domain import Json, Plan, Usage
from larst.errors import AnswerUnusableError
from larst.planning import RULES, Maker, Planner, PlannerAnswer, PlanningRequest
from larst.planning.shapes import ShapedRequest


class RecordingPlanner:
    """Forwards every request to `planner`, and writes the answers of its model into a directory."""

    def __init__(self, planner: Planner, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._planner = planner
        self._directory = directory
        self._names = _Names()

    @property
    def maker(self) -> Maker:
        """The maker named in the plans; see `Planner.maker`."""
        return self._planner.maker

    def trusts(self, maker: Maker, shaped: ShapedRequest) -> bool:
        """Return whether a learned plan may serve; see `Planner.trusts`."""
        return self._planner.trusts(maker, shaped)

    def is_ready(self) -> bool:
        """Return whether the planner can plan now."""
        return self._planner.is_ready()

    async def plan(self, request: PlanningRequest) -> PlannerAnswer:
        """Return the planner's answer; see `Planner.plan`."""
        try:
            answer = await self._planner.plan(request)
        except AnswerUnusableError as error:
            again = error.may_ask_again
            self._write(request, {"error": error.detail, "may_ask_again": again}, error.usage)
            raise
        if answer.source != RULES:
            plan = {"plan": answer.plan.model_dump(), "based_on": answer.based_on}
            self._write(request, {**plan, "is_reusable": answer.is_reusable}, answer.usage)
        return answer

    def _write(self, request: PlanningRequest, answer: dict[str, Json], usage: Usage) -> None:
        record = {"request": _title(request), **answer, "usage": asdict(usage)}
        path = self._directory / self._names.next(request)
        path.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", "utf-8")

    async def close(self) -> None:
        """Close the planner."""
        await self._planner.close()


class ReplayPlanner:
    """Answers as a model did when it was recorded; it calls no model."""

    maker = Maker("replay", None, "1")

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._names = _Names()

    def trusts(self, maker: Maker, shaped: ShapedRequest) -> bool:
        """Return whether a learned plan may serve: only its own."""
        return maker == self.maker

    def is_ready(self) -> bool:
        """Return True: it needs no provider."""
        return True

    async def plan(self, request: PlanningRequest) -> PlannerAnswer:
        """Return the recorded answer, with the cost that it had.

        Raises:
            AnswerUnusableError: the recorded answer was unusable, or there is not any.
        """
        path = self._directory / self._names.next(request)
        if not path.is_file():
            raise AnswerUnusableError(
                f"the recording has no answer for {_title(request)}: record it with --record",
                Usage(),
                may_ask_again=False,
            )
        record: dict[str, Any] = json.loads(path.read_text("utf-8"))
        usage = Usage(**record["usage"])
        if "error" in record:
            raise AnswerUnusableError(record["error"], usage, may_ask_again=record["may_ask_again"])
        return PlannerAnswer(
            Plan.model_validate(record["plan"]),
            self.maker,
            source="replay",
            based_on=record["based_on"],
            usage=usage,
            is_reusable=record["is_reusable"],
        )

    async def close(self) -> None:
        """Do nothing: it has no connections."""


class _Names:
    """Names the files: equal requests get numbers in the order in which they are asked."""

    def __init__(self) -> None:
        self._counts = Counter[str]()

    def next(self, request: PlanningRequest) -> str:
        identity = [
            request.shape.as_json(),
            dict(request.facts),
            dict(request.schemas),
            request.has_values,
            len(request.refusals),
        ]
        text = json.dumps(identity, sort_keys=True, default=list)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        self._counts[digest] += 1
        return f"{digest}-{self._counts[digest]}.json"


def _title(request: PlanningRequest) -> str:
    attempt = len(request.refusals) + 1
    return f"{request.shape.method} {request.shape.route}, attempt {attempt}"
