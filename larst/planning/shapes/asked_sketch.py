"""What a request asks for, as a planner may see it: in LARST's own words, with or without values.

Pure. Names inside values, such as those of `sort=`, are shown only if the planner sees them in a
query key or a schema already. Must never show any other text of a client.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from larst.domain import AND, CRITERIA_OPERATORS, LINKED, NOT, Json
from larst.planning.reading.asked import RELATED, Asked, to_criteria
from larst.planning.shapes.request import ShapedRequest
from larst.planning.shapes.shape import classify
from larst.planning.shapes.sketch import UNSHOWN_NAME, shown_name, sketch_of_value

_ANY_FIELD = "*"


def asked_with_values(asked: Asked) -> dict[str, Json]:
    """Return the parts of a request that are asked for, as the programs of plans see them.

    >>> asked_with_values(Asked(limit=10, sort=("-age",)))
    {'limit': 10, 'sort': '-age'}
    """
    parts: dict[str, Json] = {
        "criteria": to_criteria(asked.where),
        "limit": asked.limit,
        "offset": asked.offset or None,
        "after": asked.after,
        "before": asked.before,
        "sort": ",".join(asked.sort),
        "select": None if asked.select is None else list(asked.select),
        "exclude": list(asked.exclude),
        "embed": [embed.name for embed in asked.embed],
    }
    return {name: part for name, part in parts.items() if part not in (None, "", [], {})}


def sketch_of_asked(shaped: ShapedRequest) -> dict[str, Json]:
    """Return the parts of a request that are asked for, with a class in place of each value."""
    names = _Names([*shaped.request.query], {*shaped.schemas, *_names_in(shaped.schemas)})
    parts = asked_with_values(shaped.reading.asked)
    return {name: _SKETCHES[name](names, part) for name, part in parts.items()}


class _Names:
    """The names that a planner sees elsewhere: `known` ones, and parts of query `keys`."""

    def __init__(self, keys: list[str], known: set[str]) -> None:
        self._keys = keys
        self._known = known

    def of(self, name: str) -> str:
        """Return the name, with `<name>` in place of each part that the planner does not see."""
        if name == _ANY_FIELD:
            return name
        return ".".join(map(self._part, name.split(".")))

    def of_all(self, names: Iterable[str]) -> list[str]:
        """Return several names."""
        return list(map(self.of, names))

    def of_sort(self, sort: str) -> str:
        """Return the fields of a sort order."""
        fields = sort.split(",")
        minus = "-"
        return ",".join(
            minus * field.startswith(minus) + self.of(field.removeprefix(minus)) for field in fields
        )

    def of_criteria(self, criteria: Mapping[str, Json]) -> dict[str, Json]:
        """Return criteria with classes in place of their operands."""
        sketch: dict[str, Json] = {}
        for key, operand in criteria.items():
            if key in (AND, LINKED) and isinstance(operand, list):
                sketch[key] = [self.of_criteria(part) for part in operand]
            elif key == NOT:
                sketch[key] = self.of_criteria(operand)
            elif key == RELATED:
                inner = self.of_criteria(operand["criteria"])
                sketch[key] = {"relation": self.of(operand["relation"]), "criteria": inner}
            else:
                sketch[self._of_criterion(key)] = _operand(operand)
        return sketch

    def _of_criterion(self, key: str) -> str:
        field, separator, operator = key.rpartition("__")
        if not field or operator not in CRITERIA_OPERATORS:
            return self.of(key)
        return f"{self.of(field)}{separator}{operator}"

    def _part(self, name: str) -> str:
        is_shown = name == "id" or name in self._known or any(name in key for key in self._keys)
        return shown_name(name) if is_shown and name else UNSHOWN_NAME


_SKETCHES: Mapping[str, Callable[[_Names, Json], Json]] = {
    "criteria": _Names.of_criteria,
    "limit": lambda _, __: "<int>",
    "offset": lambda _, __: "<int>",
    "after": lambda _, __: "<id>",
    "before": lambda _, __: "<id>",
    "sort": _Names.of_sort,
    "select": _Names.of_all,
    "exclude": _Names.of_all,
    "embed": _Names.of_all,
}


def _operand(operand: Json) -> Json:
    return classify(operand) if isinstance(operand, str) else sketch_of_value(operand)


def _names_in(sketch: Json) -> Iterator[str]:
    """Yield the names of all fields in the sketches of schemas."""
    if isinstance(sketch, Mapping):
        for name, inner in sketch.items():
            yield name.removesuffix("?")
            yield from _names_in(inner)
    elif isinstance(sketch, list):
        for item in sketch:
            yield from _names_in(item)
