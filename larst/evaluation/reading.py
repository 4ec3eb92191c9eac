"""Reads suites from files. Must never read a file outside the suite's directory.

The suite of the package is `suite.json`, of which the group `contract` covers each row of SPEC
section 2 and `adversarial` has attempts to manipulate a planner, and the files in `custom/`:
requests that no rule covers, by theme. None of them stands in the prompts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import ValidationError

from larst.errors import ConfigError
from larst.evaluation.suite import SUITE, Case

_DAY = re.compile(r"\{\{today([+-]\d{1,4})?\}\}")


def load_suite(path: Path | None = None, *, today: date | None = None) -> list[Case]:
    """Return the cases of a file, or those of the package.

    In the files, `{{month}}` is replaced by the current month and `{{other month}}` by the next,
    both with two digits, and `{{today}}`, `{{today-3}}` or `{{today+7}}` by a date. A case may have
    the name of a file beside the suite as its `records`.

    Raises:
        ConfigError: a file cannot be read, or is not a valid suite.
    """
    day = today or date.today()
    cases = [case for file in _files(path) for case in _cases(file, day)]
    names = [case.name for case in cases]
    if duplicates := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError(f"the suite {path} has more than one case named {duplicates[0]!r}")
    return cases


def _files(path: Path | None) -> Iterator[tuple[Traversable, Traversable]]:
    """Yield each file of a suite, with its directory."""
    if path is not None:
        yield path, path.parent
        return
    package = files(__package__)
    yield package / "suite.json", package
    custom = package / "custom"
    for file in sorted(custom.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".json"):
            yield file, custom


def _cases(file: tuple[Traversable, Traversable], today: date) -> list[Case]:
    path, directory = file
    try:
        cases = _json_of(path, today)
        for case in cases if isinstance(cases, list) else []:
            if isinstance(case, dict) and isinstance(case.get("records"), str):
                case["records"] = _json_of(_beside(directory, case["records"]), today)
        return SUITE.validate_python(cases)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ConfigError(f"the suite {path}: {place}: {first['msg']}") from error


def _beside(directory: Traversable, name: str) -> Traversable:
    """Return a file of records; a suite from elsewhere must not read other files."""
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts:
        raise ConfigError(f"the records {name!r} must be a file beside the suite")
    return directory.joinpath(*relative.parts)


def _json_of(path: Traversable, today: date) -> Any:
    try:
        return json.loads(_dated(path.read_text("utf-8"), today))
    except OSError as error:
        raise ConfigError(f"the suite {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"the suite {path} is not JSON: {error}") from error


def _dated(text: str, today: date) -> str:
    next_month = today.month % 12 + 1
    text = text.replace("{{month}}", f"{today.month:02}")
    text = text.replace("{{other month}}", f"{next_month:02}")
    return _DAY.sub(lambda day: (today + timedelta(days=int(day[1] or 0))).isoformat(), text)
