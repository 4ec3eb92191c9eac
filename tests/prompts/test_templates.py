"""Prompt templates: filled completely or not at all; snapshots show every change of a prompt."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from larst import prompts
from larst.domain import RequestContext, Usage
from larst.planning.models.base import Prompt
from larst.planning.models.conversation import prompt_for
from larst.planning.planner import Refusal
from larst.planning.shapes import sketch_of_schema
from larst.store.session_data import SessionData
from tests.fakes import request
from tests.planning.sessions import planning_request_of, session_of, shaped_of

SNAPSHOTS = Path(__file__).parent / "snapshots"


def example_prompt(*refusals: Refusal) -> Prompt:
    """Return the prompt for a new comment on a post, in a session that has both resources."""
    session = session_of({"posts": [{"title": "Hello", "views": 3}]})
    context = request(
        "POST", "/posts/7/comments?notify=true", b'{"text": "Hi", "at": "2026-11-23"}'
    )
    return _prompt(context, session, *refusals)


def _prompt(context: RequestContext, session: SessionData, *refusals: Refusal) -> Prompt:
    schema = session.schema("posts")
    assert schema is not None
    sketches = {"posts": sketch_of_schema(schema["json_schema"])}
    shaped = shaped_of(context, session).detached(session.schema, sketches)
    return prompt_for(planning_request_of(shaped, refusals=refusals))


class TestFilling:
    def test_a_missing_variable_raises(self) -> None:
        """An incomplete prompt would cost money and produce a useless plan."""
        with pytest.raises(prompts.PromptError, match=r"repair\.md needs refusals"):
            prompts.fill("repair")

    def test_an_unknown_variable_raises(self) -> None:
        with pytest.raises(prompts.PromptError, match=r"repair\.md has no variable reasons"):
            prompts.fill("repair", refusals="", reasons="")

    def test_an_unknown_template_raises(self) -> None:
        with pytest.raises(prompts.PromptError, match=r"unknown template nosuch\.md"):
            prompts.fill("nosuch")

    def test_a_value_is_not_parsed_for_variables(self) -> None:
        """Text of a client that looks like a variable stays text."""
        assert "{{context}}" in prompts.fill("repair", refusals="{{context}}")


class TestWholePrompts:
    """Run with UPDATE_SNAPSHOTS=1 to accept a change, then review the diff."""

    @pytest.mark.parametrize("name", ["first", "repair"])
    def test_every_change_of_a_prompt_appears_in_a_snapshot(self, name: str) -> None:
        refusals = (
            Refusal("line 1: import is not allowed", "import os", Usage(1)),
            Refusal("while running, line 2: KeyError: 'Hi'", "x = 1", Usage(2), has_values=True),
        )
        prompt = example_prompt(*(refusals if name == "repair" else ()))
        turns = [f"{turn.role.upper()}\n====\n{turn.text}" for turn in prompt.turns]
        whole = "\n\n".join([f"SYSTEM\n====\n{prompt.system}", *turns]) + "\n"
        path = SNAPSHOTS / f"{name}.txt"
        if os.environ.get("UPDATE_SNAPSHOTS"):
            path.write_text(whole)

        assert whole == path.read_text()

    def test_the_system_prompt_is_the_same_for_all_requests(self) -> None:
        """Otherwise no provider could cache it."""
        assert example_prompt().system == example_prompt(Refusal("no")).system

    def test_the_context_is_between_two_markers(self) -> None:
        """Functions of LLM_MOCK_HANDLER rely on these markers to extract it (SPEC section 4)."""
        prompt = example_prompt()
        text = prompt.whole or ""

        assert [line for line in text.splitlines() if "REQUEST CONTEXT:" in line] == [
            "REQUEST CONTEXT:"
        ]
        assert len([line for line in text.splitlines() if line.startswith("**Now output")]) == 1
        assert "**Now output" not in prompt.system

    def test_the_version_is_a_hash_of_the_text(self) -> None:
        assert len(prompts.version()) == 12
        assert example_prompt().version == prompts.version()
