"""Brackets, lists in texts, JSON in parameters, and near words."""

from __future__ import annotations

import pytest

from larst.domain import Json
from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.brackets import Tree, parts_of, plain, tree_of, values_of
from larst.planning.reading.nearest import nearest
from larst.planning.reading.texts import parse_json, split_quoted, unquoted


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("a", ("a",)),
        ("a[b]", ("a", "b")),
        ("a[]", ("a", "")),
        ("a[0][b]", ("a", "0", "b")),
        ("filters[title][$contains]", ("filters", "title", "$contains")),
        ("a[b", ("a[b",)),
        ("a]b[", ("a]b[",)),
        ("[a]", ("[a]",)),
        ("a[b]c", ("a[b]c",)),
        ("", ("",)),
    ],
)
def test_a_key_is_split_at_its_brackets(key: str, parts: tuple[str, ...]) -> None:
    """Unbalanced brackets are part of a name."""
    assert parts_of(key) == parts


def test_a_key_has_a_bounded_number_of_brackets() -> None:
    """Deep trees would exhaust the stack."""
    with pytest.raises(QueryNotUnderstoodError):
        parts_of("a" + "[b]" * 100)


@pytest.mark.parametrize(
    ("pairs", "value"),
    [
        ([(("a",), ["1"])], {"a": "1"}),
        ([(("a",), ["1", "2"])], {"a": ["1", "2"]}),
        ([(("a", ""), ["1", "2"])], {"a": ["1", "2"]}),
        ([(("a", "1"), ["y"]), (("a", "0"), ["x"])], {"a": ["x", "y"]}),
        ([(("a", "b"), ["1"]), (("a", "c"), ["2"])], {"a": {"b": "1", "c": "2"}}),
        ([(("a", "0", "b"), ["1"]), (("a", "1", "b"), ["2"])], {"a": [{"b": "1"}, {"b": "2"}]}),
        ([(("a",), ["1"]), (("a", "b"), ["2"])], {"a": {"": "1", "b": "2"}}),
        ([(("a", "b"), ["2"]), (("a",), ["1"])], {"a": {"b": "2", "": "1"}}),
    ],
)
def test_brackets_are_a_json_value(
    pairs: list[tuple[tuple[str, ...], list[str]]], value: Json
) -> None:
    """Lists in any notation, single values as text."""
    assert plain(tree_of(pairs)) == value


@pytest.mark.parametrize(
    ("node", "values"),
    [
        (["1"], ["1"]),
        ({"": ["1", "2"]}, ["1", "2"]),
        ({"10": ["c"], "2": ["b"], "1": ["a"]}, ["a", "b", "c"]),
        ({"a": ["1"]}, None),
        ({"0": {"a": ["1"]}}, None),
    ],
)
def test_values_of_a_list(node: Tree | list[str], values: list[str] | None) -> None:
    """None for an object."""
    assert values_of(node) == values


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("", []), ("a", ["a"]), ("a,b", ["a", "b"]), (" a , b ", ["a", "b"]), ("a,", ["a", ""]),
        ('"a,b",c', ["a,b", "c"]), ("f(a,b),c", ["f(a,b)", "c"]), ("{a,b},c", ["{a,b}", "c"]),
        (r'"a\"b",c', ['a"b', "c"]), (r"a\,b,c", [r"a\,b", "c"]), ("))a,b", ["))a,b"]),
    ],
)  # fmt: skip
def test_lists_in_texts(text: str, items: list[str]) -> None:
    """Quotes and parentheses keep their commas."""
    assert split_quoted(text) == items


def test_quotes_are_taken_off_once() -> None:
    """Single quotes are part of a text."""
    assert unquoted('"a"') == "a"
    assert unquoted("'a'") == "'a'"
    assert unquoted('"') == '"'
    assert unquoted(r'"a\\"') == "a\\"


@pytest.mark.parametrize("text", ["{", "NaN", "[Infinity]", "{'a':1}", "[" * 100_000, "1" * 5000])
def test_other_texts_are_refused_as_json(text: str) -> None:
    """Also numbers that JSON does not have."""
    with pytest.raises(QueryNotUnderstoodError):
        parse_json(text, "filter")


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("titel", "title"), ("limt", "limit"), ("statuss", "status"), ("Titl", "title"),
        ("pagesice", "pageSize"), ("state", None), ("foo", None), ("x", None), ("", None),
        ("li", None), ("a" * 50, None),
    ],
)  # fmt: skip
def test_the_nearest_word(word: str, expected: str | None) -> None:
    """Within a letter of short words, two of long ones; swapped letters are one."""
    assert nearest(word, ["title", "limit", "status", "pageSize", "take"]) == expected
