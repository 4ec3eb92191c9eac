"""Reference programs of the custom cases, by theme."""

from __future__ import annotations

from collections.abc import Mapping

from tests.evaluation.programs import (
    bookings,
    clubs,
    logistics,
    money,
    projects,
    school,
    shop,
    social,
)

THEMES = (bookings, clubs, logistics, money, projects, school, shop, social)

PROGRAMS: Mapping[str, str] = {
    route: program.strip() for theme in THEMES for route, program in theme.PROGRAMS.items()
}
"""Right programs, by method and path; an id is `<int>`."""

WRONG: Mapping[str, tuple[str, str]] = {
    name: change for theme in THEMES for name, change in theme.WRONG.items()
}
"""What to replace in the right program, and by what, by the name of the case."""
