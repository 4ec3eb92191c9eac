"""Prompt templates: filled whole or not at all, and shown whole whenever they change."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from larst import prompts
from larst.domain import Usage
from larst.planning.models.base import Prompt
from larst.planning.models.planner import prompt_for
from larst.planning.planner import PlanningRequest, Refusal
from larst.planning.shapes.rest_path import interpret_shape
from larst.planning.shapes.shape import shape_of
from larst.planning.shapes.sketch import sketch_of, sketch_of_schema
from tests.fakes import request

SNAPSHOTS = Path(__file__).parent / "snapshots"


def the_prompt(*refusals: Refusal) -> Prompt:
    """Return the prompt for a comment below a post, in a session that has both."""
    asked = request("POST", "/posts/7/comments?notify=true", b'{"text": "Hi", "at": "2026-11-23"}')
    shape = shape_of(asked, lambda *_: False)
    learned = {
        "posts": {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}
    }
    return prompt_for(
        PlanningRequest(
            shape=shape,
            path=interpret_shape(shape, lambda _: None)[0],
            facts=interpret_shape(shape, lambda _: None)[1],
            context=sketch_of(asked, shape),
            schemas={name: sketch_of_schema(schema) for name, schema in learned.items()},
            session_id="session-1",
            refusals=refusals,
        )
    )


class TestFilling:
    def test_a_missing_variable_raises(self) -> None:
        """A prompt with a hole in it would be paid for, and answered with nonsense."""
        with pytest.raises(prompts.PromptError, match=r"repair\.md needs refusals"):
            prompts.fill("repair")

    def test_an_unknown_variable_raises(self) -> None:
        with pytest.raises(prompts.PromptError, match=r"repair\.md has no reasons"):
            prompts.fill("repair", refusals="", reasons="")

    def test_an_unknown_template_raises(self) -> None:
        with pytest.raises(prompts.PromptError, match=r"no template nosuch\.md"):
            prompts.fill("nosuch")

    def test_a_value_is_not_looked_into(self) -> None:
        """A client's text that looks like a variable stays text."""
        assert "{{context}}" in prompts.fill("repair", refusals="{{context}}")


class TestWholePrompts:
    """Run with UPDATE_SNAPSHOTS=1 to accept a change, and read it in the diff."""

    @pytest.mark.parametrize("name", ["first", "repair"])
    def test_a_change_of_prompt_is_seen_in_review(self, name: str) -> None:
        refusals = (
            Refusal("line 1: import is not allowed", "import os", Usage(1)),
            Refusal("while running, line 2: KeyError: 'Hi'", "x = 1", Usage(2), has_values=True),
        )
        prompt = the_prompt(*(refusals if name == "repair" else ()))
        whole = f"SYSTEM\n======\n{prompt.system}\nUSER\n====\n{prompt.user}"
        path = SNAPSHOTS / f"{name}.txt"
        if os.environ.get("UPDATE_SNAPSHOTS"):
            path.write_text(whole)

        assert whole == path.read_text()

    def test_the_system_prompt_is_the_same_for_all_requests(self) -> None:
        """Else no provider could cache it."""
        assert the_prompt().system == the_prompt(Refusal("no")).system

    def test_a_handler_finds_the_context_between_its_two_marks(self) -> None:
        """Handlers of LLM_MOCK_HANDLER cut it out by them (SPEC section 4)."""
        prompt = the_prompt()
        text = f"{prompt.system}\n\n{prompt.user}"

        assert [line for line in text.splitlines() if "REQUEST CONTEXT:" in line] == [
            "REQUEST CONTEXT:"
        ]
        assert len([line for line in text.splitlines() if line.startswith("**Now output")]) == 1
        assert "**Now output" not in prompt.system

    def test_the_version_is_made_of_the_text(self) -> None:
        assert len(prompts.version()) == 12
        assert the_prompt().version == prompts.version()
