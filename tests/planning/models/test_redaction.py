"""What a failed run may tell a planner: as much as helps, and no value."""

from __future__ import annotations

import pytest

from larst.planning.models.redaction import redact

PROGRAM = 'x = plan["payload"]["amount"]\nraise ValueError("bad amount")'


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
        "while running, REPLY is not a valid reply",
    ],
)
def test_what_holds_no_value_is_told_as_it_is(reason: str) -> None:
    """The more a planner knows, the better its next program."""
    assert redact(reason, PROGRAM) == reason


@pytest.mark.parametrize(
    ("reason", "told"),
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
            "while running, the program failed (message",
        ),
        ("Ann broke it", "the program failed while running (message withheld"),
    ],
)
def test_what_may_hold_one_is_withheld(reason: str, told: str) -> None:
    shown = redact(reason, PROGRAM)

    assert shown.startswith(told)
    assert "Ann" not in shown


def test_a_program_that_is_none_has_no_texts() -> None:
    assert "Ann" not in redact("while running, KeyError: 'Ann'", "x = (")
