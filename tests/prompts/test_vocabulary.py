"""LARS_PROMPT_VOCABULARY: the words of a field that has few of them, shown only where allowed."""

from __future__ import annotations

import pytest

from larst.store.schema.vocabulary import vocabulary_of
from tests.model.run import service
from tests.wire.planner import plan_text
from tests.wire.server import WireServer

STATES = ("parked", "parked", "rolling", "rolling")
PROGRAM = 'REPLY = make_response(200, store.update(plan["identifier"], {"state": "parked"}))'


@pytest.mark.parametrize("setting", ["on", "off"])
async def test_a_model_sees_the_words_of_a_field_only_where_they_are_allowed(setting: str) -> None:
    """They are values of records: off by default."""
    async with WireServer(lambda _system, _user: plan_text(PROGRAM, "cars")) as server:
        settings = {
            "LARS_LLM_BASE_URL": server.base_url("chat"),
            "LARS_MODEL": "small",
            "LARS_PROMPT_VOCABULARY": setting,
            "LARS_SANDBOX_WORKERS": "1",
        }
        async with service(**settings) as client:
            cars = [
                {"id": number, "state": state, "plate": f"B-{number}"}
                for number, state in enumerate(STATES, 1)
            ]
            async with client.post("/_larst/sessions/one/import", json={"cars": cars}) as imported:
                assert imported.status < 300
            async with client.post("/cars/3/park", headers={"X-Session-ID": "one"}) as reply:
                assert reply.status == 200

    text = server.calls[0].user
    assert ('"state": {"one of": ["parked", "rolling"]}' in text) is (setting == "on")
    assert "B-1" not in text
    assert ("rolling" in text) is (setting == "on")


@pytest.mark.parametrize(
    "values",
    [
        ["Ann", "Ben", "Cid"],  # each once: names
        ["two words", "two words"],
        ["a@x.org", "a@x.org"],
        ["open", "open", 3],
        [f"w{letter}" for letter in "abcdefghij"] * 3,
        [None, None],
    ],
)
def test_values_that_may_be_data_are_not_shown(values: list[object]) -> None:
    assert vocabulary_of([{"field": value} for value in values]) == {}
