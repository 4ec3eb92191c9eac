"""Redaction: a planner learns as much as possible about a failed run, but no value."""

from __future__ import annotations

import pytest

from larst.planning.models.redaction import redact

PROGRAM = 'x = plan["payload"]["amount"]\nraise ValueError("bad amount", store.get(x))'


@pytest.mark.parametrize(
    "reason",
    [
        "while running, line 1: KeyError: 'amount'",
        "while running, line 2: ValueError: bad amount",
        "while running, line 1: TypeError: 'NoneType' object is not subscriptable",
        "while running, line 1: AttributeError: 'str' object has no attribute 'get'",
        "while running, line 1: TypeError: unsupported operand type(s) for +: 'int' and 'str'",
        "while running, line 1: TypeError: '<' not supported between instances of 'str' and 'int'",
        "while running, line 1: IndexError: list index out of range",
        "while running, line 1: ZeroDivisionError: division by zero",
        "while running, line 1: NameError: name 'store' is not defined",
        "while running, line 1: KeyError",
        "while running, line 1: ValueError: not enough values to unpack (expected 2, got 1)",
        "while running, REPLY is not a valid reply",
        "while running, unknown operation 'amount'; known operations: avg, count, max, min, sum",
        "while running, criteria must be a dict that maps fields (strings) to values",
        "while running, limit must be a whole number from 0, not a string",
        "while running, a record must be a JSON object, not a list",
        "while running, the status of REPLY must be an integer, not None",
        "while running, TypeError: Object of type set is not JSON serializable",
        'while running, line 1: TypeError: can only concatenate str (not "int") to str',
        "while running, for another record or other values of the same kinds, KeyError: 'amount'",
    ],
)
def test_a_reason_without_values_is_unchanged(reason: str) -> None:
    """The more a planner knows, the better its next program is."""
    assert redact(reason, PROGRAM) == reason


@pytest.mark.parametrize(
    ("reason", "prefix"),
    [
        (
            "while running, line 1: ValueError: invalid literal for int() with base 10: 'Ann'",
            "while running, line 1: ValueError: invalid literal for int() with base 10",
        ),
        (
            "while running, line 1: ValueError: Invalid isoformat string: 'Ann'",
            "while running, line 1: ValueError: Invalid isoformat string",
        ),
        (
            "while running, line 1: KeyError: 'Ann'",
            "while running, line 1: KeyError (message withheld",
        ),
        ("while running, line 1: ValueError: no Ann", "while running, line 1: ValueError (message"),
        (
            "while running, 'Ann' is not a valid header name",
            "while running, <value> is not a valid header name",
        ),
        ("while running, unknown operation 'Ann'; known", "while running, the program failed"),
        (
            "while running, unknown operation 'Ann'; known operations: avg",
            "while running, unknown operation <value>; known operations: avg",
        ),
        (
            "while running, Ann has a record 'Ann' already",
            "while running, <value> has a record <value> already",
        ),
        (
            "while running, the header Ann must be text, not 'Ann'",
            "while running, the header <value> must be text, not <value>",
        ),
        (
            "while running, the status of REPLY must be 200 to 599, not 'Ann'",
            "while running, the status of REPLY must be 200 to 599, not <value>",
        ),
        (
            "while running, line 1: ValueError: not enough values to unpack: Ann",
            "while running, line 1: ValueError (message",
        ),
        (
            "while running, line 1: NameError: name 'Ann' is not defined",
            "while running, line 1: NameError (message",
        ),
        (
            "while running, line 1: ValueError: 'str' object has no attribute 'Ann'",
            "while running, line 1: ValueError (message",
        ),
        (
            "while running, for another record or other values of the same kinds, line 1:"
            " KeyError: 'Ann'",
            "while running, for another record or other values of the same kinds, line 1: KeyError",
        ),
        ("Ann broke it", "the program failed while running (message withheld"),
    ],
)
def test_a_message_that_may_contain_a_value_is_withheld(reason: str, prefix: str) -> None:
    """Also one of the program's own that looks like a message of the interpreter."""
    redacted = redact(reason, PROGRAM)

    assert redacted.startswith(prefix)
    assert "Ann" not in redacted


def test_a_program_with_a_syntax_error_has_no_constants() -> None:
    assert "Ann" not in redact("while running, KeyError: 'Ann'", "x = (")
