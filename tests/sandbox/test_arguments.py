"""The arguments of store calls, as they come out of a worker."""

from __future__ import annotations

import json

import pytest

from larst.errors import ProgramLimitError
from larst.sandbox import arguments
from larst.sandbox.arguments import MAX_CALL_VALUES, unpacked


@pytest.mark.parametrize("item", [[], {}, {"a": 1}, [1], 1])
def test_a_call_has_a_limited_number_of_values(item: object) -> None:
    """Each is an object of the service, and two characters of text make one."""
    size = MAX_CALL_VALUES if item == 1 else MAX_CALL_VALUES // 2
    few, many = [item] * (size - 10), [item] * (size + 10)

    assert unpacked(json.dumps([[{"a": few}], {}])) == ([{"a": few}], {})
    with pytest.raises(ProgramLimitError, match="too many values"):
        unpacked(json.dumps([[{"a": many}], {}]))


def test_too_many_values_are_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parser took 3 s for 16 MB of empty lists, and all other threads waited for it."""
    monkeypatch.setattr(arguments, "orjson", None)

    with pytest.raises(ProgramLimitError, match="too many values"):
        unpacked(json.dumps([[[[]] * (MAX_CALL_VALUES + 10)], {}]))


@pytest.mark.parametrize("number", [2**63, -(2**70), 10**399, 1e22, 1.5])
def test_numbers_stay_as_they_are(number: float) -> None:
    """A faster parser makes floats of integers of more than 64 bits."""
    args, _ = unpacked(json.dumps([[number], {}]))

    assert (args, type(args[0])) == ([number], type(number))


def test_an_integer_has_a_limited_number_of_digits() -> None:
    """The time to read one grows with the square of its digits."""
    with pytest.raises(ProgramLimitError, match="401 digits"):
        unpacked(json.dumps([[10**400], {}]))


def test_a_long_text_is_one_value() -> None:
    text = "," * (2 * MAX_CALL_VALUES)

    assert unpacked(json.dumps([[text], {}])) == ([text], {})
