"""One reader for every way to ask for an order. Pure.

`-a,b` · `+a` · `a:desc` · `a desc` · `a.desc` · `a,desc` · `a_desc` · `desc(a)` · `["a","DESC"]` ·
`{"a":-1}` · `[{"field":"a","order":"desc"}]` · `sort` with a direction in a second key.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from larst.domain import Json
from larst.errors import QueryNotUnderstoodError, QueryUnsupportedError
from larst.planning.reading.brackets import Tree, plain, values_of
from larst.planning.reading.fields import Fields
from larst.planning.reading.texts import parse_json
from larst.planning.reading.vocabulary import ASCENDING, DESCENDING

MAX_KEYS = 16
MAX_LEVELS = 5

_WORDS = ASCENDING | DESCENDING
_NULLS = re.compile(r"[.:\s]nulls\s?(?:first|last)\Z", re.IGNORECASE)
_CALL = re.compile(r"(?P<direction>asc|desc)\((?P<field>[^()]+)\)", re.IGNORECASE)
_JOINT = re.compile(r"[:.\s|]|__")
_SUFFIX = re.compile(
    r"[_-](?P<direction>asc|desc|ascend|descend)\Z|(?P<camel>Asc|Desc)\Z", re.ASCII
)
_FIELD_KEYS = (
    "field",
    "property",
    "key",
    "column",
    "name",
    "id",
    "by",
    "colId",
    "selector",
    "sort",
)
_DIRECTION_KEYS = ("order", "direction", "dir", "sort", "desc", "type")


def sort_of(value: Tree | list[str], directions: Sequence[str], fields: Fields) -> tuple[str, ...]:
    """Return the fields to sort by, `-` before one that sorts descending.

    `directions` are the values of a direction key, one for all fields or one per field.

    Raises:
        QueryNotUnderstoodError: too many keys, or a text that names no field and no order.
    """
    keys = _of_tree(value, fields) if isinstance(value, dict) else _of_texts(value, fields)
    if len(keys) > MAX_KEYS:
        raise QueryNotUnderstoodError(f"sort has {len(keys)} keys; at most {MAX_KEYS}")
    listed = [part.strip().lower() for text in directions for part in text.split(",")]
    if listed:
        _check_directions(listed)
        listed += [listed[-1] if len(listed) == 1 else "asc"] * (len(keys) - len(listed))
        keys = [
            key if key.startswith("-") else _signed(key, direction)
            for key, direction in zip(keys, listed, strict=False)
        ]
    return tuple(dict.fromkeys(_resolved(key, fields) for key in keys))


def is_direction(text: str) -> bool:
    """Return whether a text is a direction, and nothing else."""
    return all(part.strip().lower() in _WORDS for part in text.split(","))


def reversed_direction(text: str) -> str:
    """Return the direction of a word that means ascending, such as `ascending=false`."""
    return "asc" if text.strip().lower() in ("true", "1", "yes", "asc") else "desc"


def of_json(value: Json, level: int = 0) -> list[str]:
    """Return the sort keys of a JSON value.

    Raises:
        QueryNotUnderstoodError: it describes no order.
    """
    if level > MAX_LEVELS:
        raise QueryNotUnderstoodError(f"sort nests deeper than {MAX_LEVELS} levels")
    match value:
        case str():
            return _of_text(value, Fields())
        case [str(field), str() | int() as direction] if is_direction(str(direction)):
            return [_signed(field, str(direction))]
        case list():
            return [key for item in value for key in of_json(item, level + 1)]
        case dict():
            return _of_object(value)
    raise QueryNotUnderstoodError(f"sort cannot be {str(value)[:40]}")


def _check_directions(directions: list[str]) -> None:
    for direction in directions:
        if direction not in _WORDS:
            raise _no_direction(direction)


def _no_direction(text: str) -> QueryNotUnderstoodError:
    return QueryNotUnderstoodError(f"the direction of a sort is asc or desc, not {text[:40]!r}")


def _resolved(key: str, fields: Fields) -> str:
    sign, name = ("-", key[1:]) if key.startswith("-") else ("", key)
    name = name.replace("/", ".").replace("->>", ".").replace("->", ".")
    return sign + (fields.resolve(name) or name)


def _signed(field: str, direction: str) -> str:
    return f"-{field}" if direction.strip().lower() in DESCENDING else field


def _of_texts(texts: list[str], fields: Fields) -> list[str]:
    keys: list[str] = []
    for text in texts:
        stripped = text.strip()
        if stripped[:1] in ("[", "{"):
            keys += of_json(parse_json(_python_to_json(stripped), "sort"))
        elif stripped[:1] == stripped[-1:] == '"' and len(stripped) > 1:
            keys += _of_text(stripped[1:-1], fields)  # Firebase: orderBy="views"
        else:
            keys += _of_text(stripped, fields)
    return keys


def _python_to_json(text: str) -> str:
    """Return Eve's `[("views", -1)]` as JSON."""
    if "(" not in text:
        return text
    return text.replace("(", "[").replace(",)", "]").replace(")", "]").replace("'", '"')


def _of_text(text: str, fields: Fields) -> list[str]:
    keys: list[str] = []
    first = 0  # the first key that has no direction yet
    for part in re.split(r"[,;]", text):
        word = part.strip()
        if keys and word.lower() in ("asc", "desc", "ascending", "descending"):
            last = _signed(keys[-1].removeprefix("-"), word)
            # Spring: in a,b,desc the direction is that of both.
            plain_keys = [key if key[0] == "-" else _signed(key, word) for key in keys[first:-1]]
            keys[first:] = [*plain_keys, last]
            first = len(keys)
        elif word and not (keys and word.lower() == "ignorecase"):  # Spring: a,asc,ignorecase
            keys.append(_of_word(word, fields))
    return keys


def _of_word(word: str, fields: Fields) -> str:
    word = _NULLS.sub("", word)
    if word[0] == "@":
        raise QueryUnsupportedError(f"sort={word[:40]} is not supported; name a field")
    if (call := _CALL.fullmatch(word)) is not None:
        return _signed(call["field"].strip(), call["direction"])
    field, direction = _directed(word)
    if direction:
        return _signed(field.removeprefix("-").removeprefix("+"), direction)
    suffix = _SUFFIX.search(word)
    if suffix is not None and fields.resolve(word) is None:
        return _signed(word[: suffix.start()], suffix["direction"] or suffix["camel"])
    sign = "-" if word[0] in "-!" else ""
    return f"{sign}{word.lstrip('+-!').strip()}"


def _directed(word: str) -> tuple[str, str]:
    """Return the field and the direction of `a:desc`, `a desc`, `a.desc`, `a|desc`, `a:-1`."""
    last: re.Match[str] | None = None
    for match in _JOINT.finditer(word[-20:]):
        last = match
    if last is None:
        return word, ""
    direction = word[-20:][last.end() :].strip()
    if direction.lower() not in _WORDS - {"+", "-"}:
        return word, ""
    cut = max(len(word) - 20, 0) + last.start()
    return word[:cut].rstrip(" :.|"), direction


def _of_object(value: dict[str, Json]) -> list[str]:
    name_key = next((key for key in _FIELD_KEYS if isinstance(value.get(key), str)), None)
    direction_key = next((key for key in _DIRECTION_KEYS if key in value and key != name_key), None)
    if name_key is not None and (direction_key is not None or len(value) == 1):
        field = value[name_key]
        direction = str(value.get(direction_key or "", "asc")).lower()
        if direction in _WORDS and not (len(value) == 1 and is_direction(field)):
            return [_signed(field, direction)]
    keys: list[str] = []
    for field, direction in value.items():
        if str(direction).lower() not in _WORDS:
            raise _no_direction(str(direction))
        keys.append(_signed(field, str(direction)))
    return keys


def _of_tree(tree: Tree, fields: Fields) -> list[str]:
    """Return the keys of `sort[views]=-1`, `sort[0]=views:desc`, `sort[0][field]=views`."""
    if (values := values_of(tree)) is not None:
        if len(values) == 2 and is_direction(values[1]) and not is_direction(values[0]):
            return [_signed(values[0], values[1])]
        return _of_texts(values, fields)
    return of_json(plain(tree))
