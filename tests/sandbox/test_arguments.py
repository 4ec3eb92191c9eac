"""The arguments of store calls, as they come out of a worker."""

from __future__ import annotations

import json

import pytest

from larst.errors import ProgramLimitError
from larst.sandbox.arguments import MAX_CALL_VALUES, unpacked


@pytest.mark.parametrize("item", [[], {}, {"a": 1}, [1], 1])
def test_a_call_has_a_limited_number_of_values(item: object) -> None:
    """Each is an object of the service, and two characters of text make one."""
    size = MAX_CALL_VALUES if item == 1 or not item else MAX_CALL_VALUES // 2
    few, many = [item] * (size - 10), [item] * (size + 10)

    assert unpacked(json.dumps([[{"a": few}], {}])) == ([{"a": few}], {})
    with pytest.raises(ProgramLimitError, match="too many values"):
        unpacked(json.dumps([[{"a": many}], {}]))


def test_a_long_text_is_one_value() -> None:
    text = "," * (2 * MAX_CALL_VALUES)

    assert unpacked(json.dumps([[text], {}])) == ([text], {})
