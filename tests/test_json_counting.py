"""The values of a JSON text are counted exactly, whatever its texts contain."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larst.domain import Json
from larst.json_counting import has_more_values

VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.integers() | st.text(alphabet=',[{}]"\\aé\n', max_size=8),
    lambda inner: st.lists(inner, min_size=1) | st.dictionaries(st.text(), inner, min_size=1),
)


def count(value: Json) -> int:
    if isinstance(value, dict):
        return 1 + sum(map(count, value.values()))
    return 1 + sum(map(count, value)) if isinstance(value, list) else 1


@given(VALUES, st.booleans())
def test_values_are_counted_but_not_the_commas_of_texts(value: Json, is_ascii: bool) -> None:
    raw = json.dumps(value, ensure_ascii=is_ascii).encode()
    total = count(value) - 1

    assert not has_more_values(raw, total)
    assert total == 0 or has_more_values(raw, total - 1)


@pytest.mark.parametrize("text", ['\\"' * 5_000, "\\\\" * 5_001, "a," * 5_000, "\\u005c" * 999])
def test_a_long_text_ends_where_it_ends(text: str) -> None:
    """A text is looked at in parts, and a backslash may be the last of one."""
    raw = f'["{text}",[1]]'.encode()

    assert not has_more_values(raw, 3)
    assert has_more_values(raw, 2)


@pytest.mark.parametrize("raw", [b'["', b'["\\', b'["a\\"', b'"' * 99, b"\\" * 99])
def test_text_that_is_not_json_is_counted_too(raw: bytes) -> None:
    assert not has_more_values(raw, 99)
