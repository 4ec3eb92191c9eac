"""Which programs have a total form: the others are named with the line that needs the sandbox."""

from __future__ import annotations

import pytest

from larst.domain import total
from larst.policy import PolicyLimits, check


def _form(source: str) -> total.TotalProgram | total.NotTotal:
    return check(f"{source}\nREPLY = make_response(200)", PolicyLimits()).total


@pytest.mark.parametrize(
    "source",
    [
        "x = store.get(plan['identifier'])",
        "for row in store.search({'a': 1}):\n    store.delete(row['id'])",
        "x = {row['id']: row for row in store.list()[0] if row.get('a')}",
        "users = session_store.resource('users')\nx = users.count()",
        "x = []\nx.append(1)\nx[0] = 2",
        "a = b = 1\na += b",
        "x, (y, z) = 1, (2, 3)",
    ],
)
def test_a_program_of_bounded_steps_has_a_total_form(source: str) -> None:
    assert isinstance(_form(source), total.TotalProgram)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("x = 1\nwhile x:\n    x = 0", "line 2: a while loop may not end"),
        ("raise ValueError('x')", "line 1: raise needs the interpreter"),
        ("x = 2 ** 9", "line 1: Pow can make a value of any size"),
        ("x = 1 << 9", "line 1: LShift can make a value of any size"),
        ("x = re.match('a+', 'a')", "line 1: .match() needs the interpreter"),
        ("x = datetime.date(2025, 1, 1)", "line 1: .date() needs the interpreter"),
        ("x = {1, 2}", "line 1: Set needs the interpreter"),
        ("x = store", "line 1: store is used as a value"),
        ("x = [1, 2][::2]", "line 1: a slice with a step needs the interpreter"),
        ("x = f'{1.5:.2f}'", "line 1: a format in an f-string needs the interpreter"),
        ("a, *b = [1, 2]", "line 1: this assignment needs the interpreter"),
        ("x = map(str, [1])", "line 1: map() needs the interpreter"),
        ("x = sorted([1], key=len)", "line 1: an option of sorted() needs the interpreter"),
        ("x = 1 is 1", "line 1: `is` with this operand needs the interpreter"),
    ],
)
def test_any_other_program_names_the_line_that_needs_the_sandbox(source: str, reason: str) -> None:
    """`larst plans show` prints it, so that an author can make a program fast."""
    form = _form(source)

    assert isinstance(form, total.NotTotal)
    assert str(form) == reason


def test_a_variable_of_a_comprehension_hides_one_outside() -> None:
    form = _form("x = 1\ny = [x for x in [2]]\nz = x")

    assert isinstance(form, total.TotalProgram)
    assert form.places == 5  # REPLY, x, y, z, and the inner x
