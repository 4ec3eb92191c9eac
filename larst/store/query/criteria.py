"""Compiles search criteria (SPEC section 6) into a predicate on records. Pure.

Criteria are compiled once for each search, so that the scan costs less than a microsecond for
each record. To add an operator, add its suffix to `larst.domain.CRITERIA_OPERATORS` and its
test to `operator_tests.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from larst.domain import (
    AND,
    CRITERIA_OPERATORS,
    INTEGER_MAX,
    INTEGER_MIN,
    NOT,
    OR,
    Criteria,
    Json,
    Record,
    RecordId,
)
from larst.errors import ProgramFailedError
from larst.store.query.comparing import MISSING, json_text
from larst.store.query.operator_tests import (
    LONG_ITEMS,
    TEXT_TESTS,
    Look,
    Test,
    each,
    each_equals,
    equality_for,
    looked_at,
    no_look,
    one_of,
    operator_test,
    text_test,
)

Predicate = Callable[[Record], bool]


def compile_criteria(criteria: Criteria, look: Look = no_look) -> Predicate:
    """Return a predicate that is true for records which match all criteria.

    It calls `look` before each part of a test that takes long, and passes on what that raises.

        >>> matches = compile_criteria({"age__gte": "18", "name__icontains": "an"})
        >>> matches({"id": 1, "name": "Ann", "age": 30})
        True

    Raises:
        ProgramFailedError: the criteria are not an object, or an operand does not suit its
            operator.
    """
    tests = [_compile(key, operand, look) for key, operand in validate_criteria(criteria).items()]
    if len(tests) == 1:
        return tests[0]

    def matches(record: Record) -> bool:
        for test in tests:  # noqa: SIM110 - `all` of a generator takes twice the time
            if not test(record):
                return False
        return True

    return matches


def validate_criteria(criteria: object) -> Criteria:
    """Return the criteria if they are an object with string keys.

    Raises:
        ProgramFailedError: they are not.
    """
    if not isinstance(criteria, Mapping) or not all(isinstance(key, str) for key in criteria):
        raise ProgramFailedError("criteria must be a dict that maps fields (strings) to values")
    return criteria


def requested_id(criteria: Criteria) -> RecordId | None:
    """Return the id if the criteria require one: a lookup then replaces the scan."""
    operand = criteria.get("id")
    if isinstance(operand, bool) or not isinstance(operand, int | str):
        return None
    is_id = isinstance(operand, str) or INTEGER_MIN <= operand <= INTEGER_MAX
    return operand if is_id else None


def field_value(record: Json, path: str) -> Json:
    """Return the value of a field, or MISSING; a dotted path leads into nested objects."""
    return _value_at(record, path, path.split("."))


def _value_at(record: Json, path: str, parts: Sequence[str]) -> Json:
    if path in record:
        return record[path]
    value = record
    for part in parts:
        if not isinstance(value, dict) or part not in value:
            return MISSING
        value = value[part]
    return value


def _compile(key: str, operand: Json, look: Look) -> Predicate:
    if key == AND and isinstance(operand, list):
        conjuncts = [compile_criteria(criteria, look) for criteria in operand]
        return lambda record: all(test(record) for test in conjuncts)
    if key == OR and isinstance(operand, list):
        return _any(operand, look)
    if key == OR and isinstance(operand, Mapping):
        return _linked(operand, look)
    if key == NOT and isinstance(operand, Mapping):
        negated = compile_criteria(operand, look)
        return lambda record: not negated(record)
    field, _, operator = key.rpartition("__")
    if not field or operator not in CRITERIA_OPERATORS:
        return _at(key, each_equals(equality_for(key, operand, look), look))
    if field == "*":
        return _any_field(operator, operand, look)
    by_operator = _at(field, operator_test(field, operator, operand, look))
    literal = _at(key, each_equals(equality_for("", operand, look), look))
    # If a record has a field that is literally named `a__gt`, the criterion means that field.
    return lambda record: literal(record) if key in record else by_operator(record)


def _any(operand: list[Criteria], look: Look) -> Predicate:
    """Return a predicate: the record meets one of several criteria."""
    keys = {key for criteria in operand for key in criteria}
    if len(operand) > 1 and len(keys) == 1 and all(map(_is_equality, operand)):
        (key,) = keys
        choices = [criteria[key] for criteria in operand]
        return _at(key, each_equals(one_of(key, choices, look), look))
    tests = [compile_criteria(criteria, look) for criteria in operand]

    def matches(record: Record) -> bool:
        for test in tests:  # noqa: SIM110 - `any` of a generator takes twice the time
            if test(record):
                return True
        return False

    return matches


def _is_equality(criteria: Criteria) -> bool:
    """Return whether criteria are a single equality."""
    key = next(iter(criteria), AND)
    field, _, operator = key.rpartition("__")
    has_operator = bool(field) and operator in CRITERIA_OPERATORS
    return len(criteria) == 1 and key not in (AND, OR, NOT) and not has_operator


def _linked(operand: Mapping[str, Json], look: Look) -> Predicate:
    """Return a predicate: one of several fields holds an id. `1` and `"1"` are the same id."""
    tests = [(field, _is_id(json_text(id), look)) for field, id in operand.items()]

    def matches(record: Record) -> bool:
        return any(field in record and test(record[field]) for field, test in tests)

    return matches


def _is_id(operand: str, look: Look) -> Test:
    def passes(stored: Json) -> bool:
        return type(stored) in (str, int) and json_text(stored) == operand

    return each(passes, look)


def _at(path: str, test: Test) -> Predicate:
    if "." in path:
        parts = path.split(".")
        return lambda record: test(_value_at(record, path, parts))
    return lambda record: test(record.get(path, MISSING))


def _any_field(operator: str, operand: Json, look: Look) -> Predicate:
    """Return a full-text predicate: a string or number in the record passes, at any depth."""
    if operator not in TEXT_TESTS and operator[1:] not in TEXT_TESTS:
        raise ProgramFailedError(
            f"*__{operator}: a search in all fields needs a text operator, such as icontains"
        )
    test = text_test(operator, operand, look)

    def matches(value: Json) -> bool:
        items = value.values() if type(value) is dict else value
        for item in looked_at(items, look) if len(items) > LONG_ITEMS else items:
            kind = type(item)
            if kind is dict or kind is list:
                look()
                if matches(item):
                    return True
            elif test(item):
                return True
        return False

    return matches
