"""Parsing of model answers."""

from __future__ import annotations

import pytest

from larst.domain import Usage
from larst.errors import (
    AnswerUnusableError,
)
from larst.planning.models.answers import parse_plan
from larst.planning.models.base import Completion, Tokens
from tests.planning.models.fakes import (
    completion,
    plan_text,
)


class TestAnswers:
    def test_a_plan_that_follows_the_schema(self) -> None:
        plan = parse_plan(completion(plan_text("REPLY = 1", action="patch")), Usage())

        assert (plan.action, plan.resource, plan.code.block) == ("patch", "orders", "REPLY = 1")

    def test_values_in_a_plan_are_discarded(self) -> None:
        """They are bound from each request; the plan book must not contain values."""
        text = plan_text(
            identifier="1", criteria={"a": "s3cret"}, payload={"n": "s3cret"}, response_hints={}
        )

        plan = parse_plan(completion(text), Usage())

        assert (plan.identifier, plan.criteria, plan.payload) == (None, {}, None)

    def test_markdown_fences_are_removed(self) -> None:
        assert parse_plan(completion(f"```json\n{plan_text()}\n```"), Usage()).resource == "orders"

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("", "not a single JSON object"),
            ("Sure! Here is the plan: {}", "not a single JSON object"),
            ("[]", "the answer is not a plan"),
            ("{}", "action: Field required"),
            (plan_text(action="destroy"), "action: Input should be"),
            (plan_text(resource="../x"), "resource: String should match"),
            (plan_text(s3cret=1), "Extra inputs are not permitted"),
            (plan_text(code={"block": 1}), "code.block: Input should be a valid string"),
        ],
    )
    def test_an_invalid_plan_is_refused_with_its_errors(self, text: str, reason: str) -> None:
        with pytest.raises(AnswerUnusableError) as refusal:
            parse_plan(completion(text), Usage(1, 5, 5))

        assert reason in refusal.value.detail
        assert refusal.value.may_ask_again
        assert refusal.value.usage == Usage(1, 5, 5)

    def test_a_cut_answer_can_be_requested_again_but_not_a_refusal(self) -> None:
        with pytest.raises(AnswerUnusableError, match="shorter") as cut:
            parse_plan(Completion('{"action', Tokens(), "cut"), Usage())
        with pytest.raises(AnswerUnusableError, match="refused") as refusal:
            parse_plan(Completion("I cannot do that", Tokens(), "refused"), Usage())

        assert (cut.value.may_ask_again, refusal.value.may_ask_again) == (True, False)
