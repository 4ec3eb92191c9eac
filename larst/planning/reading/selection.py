"""Which fields of a record are asked for, in every notation. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from larst.domain import Json
from larst.errors import QueryNotUnderstoodError, QueryUnsupportedError
from larst.planning.reading import postgrest
from larst.planning.reading.asked import Embed
from larst.planning.reading.brackets import Tree, plain, values_of
from larst.planning.reading.fields import Fields, folded
from larst.planning.reading.texts import parse_json
from larst.planning.reading.vocabulary import FALSE, TRUE

MAX_FIELDS = 200

_ENVELOPES = frozenset("items data results value content records list rows docs hits".split())
_PARTIAL = re.compile(r"(?P<name>[\w-]+)\((?P<inner>[^()]*)\)(?:,[\w,]*)?")


@dataclass(frozen=True, slots=True)
class Selection:
    """The fields to show (None: all), those to leave out, and relations that were listed too.

    `renamed` are pairs of a path and the key to show it under. `of_relations` are the fields of
    other resources, by their type: `fields[users]=name`.
    """

    select: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    embed: tuple[Embed, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    of_relations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class _Collector:
    """Collects the parts of a selection; `has_all`: `*` was among them."""

    fields: Fields
    resource: str
    names: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    embeds: dict[str, list[str]] = field(default_factory=dict)
    nested: list[Embed] = field(default_factory=list)
    renamed: list[tuple[str, str]] = field(default_factory=list)
    of_relations: dict[str, tuple[str, ...]] = field(default_factory=dict)
    has_all: bool = False

    def add_text(self, text: str) -> None:
        """Add `a,b`, `-a`, `["a"]`, `{"a":1}` or PostgREST's `a,b(c)`."""
        text = text.strip()
        if ":excerpt(" in text:
            raise QueryUnsupportedError("fields: excerpt() is not supported; ask for the field")
        if text[:1] in ("{", "["):
            self.add_json(parse_json(text, "fields"))
        elif (inner := self._partial(text)) is not None:
            self.add_words(inner)
        elif (
            (text == "count" and not self.fields.has(text))
            or "(" in text
            or "::" in text
            or "->" in text
            or re.search(r"\w:\w", text)
        ):
            self._add_columns(postgrest.select(text))
        else:
            self.add_words(text)

    def add_words(self, text: str) -> None:
        """Add names separated by commas or spaces."""
        for part in re.split(r"[,;|\s]+", text):
            word = part.strip("\"'").replace("/", ".")
            if word[:1] in ("-", "!") and len(word) > 1:
                self.left_out.append(self._resolved(word[1:]))
            elif word:
                self._add_name(word.removeprefix("+"))

    def add_json(self, value: Json) -> None:
        """Add a list of names, or an object of names and whether to show them."""
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            self.add_words(",".join(value))
        elif isinstance(value, dict):
            for name, is_shown in value.items():
                self._add_switch(name, is_shown)
        else:
            raise QueryNotUnderstoodError(f"fields cannot be {str(value)[:80]}")

    def add_tree(self, tree: Tree) -> None:
        """Add `fields[]=a`, `fields[0]=a`, `fields[a]=1`, and JSON:API's `fields[posts]=a,b`."""
        for child in tree.values():
            if (values := values_of(child)) is not None:
                for text in values:
                    self.add_text(text)
            elif isinstance(child, dict):
                for name, part in child.items():
                    self._add_entry(name, part)

    def _add_entry(self, name: str, part: Tree | list[str]) -> None:
        value = plain(part)
        word = str(value).lower()
        if word in TRUE | FALSE:
            self._add_switch(name, word in TRUE)
        elif name == "" or name.isdecimal():
            self.add_text(str(value))
        elif self._is_own(name):
            self.add_text(value if isinstance(value, str) else ",".join(map(str, value)))
        else:
            texts = value if isinstance(value, list) else str(value).split(",")
            self.of_relations[name] = tuple(str(text).strip() for text in texts)

    def _is_own(self, name: str) -> bool:
        """Return whether a type in brackets is the resource: `posts`, or `post`."""
        own, other = folded(self.resource), folded(name)
        return own in (other, f"{other}s", f"{other}es") or other == f"{own}s" or not own

    def _add_switch(self, name: str, is_shown: Json) -> None:
        if is_shown in (False, 0):
            self.left_out.append(self._resolved(name))
        else:
            self._add_name(name)

    def _add_name(self, word: str) -> None:
        head, dot, tail = word.partition(".")
        if word in ("*", "*.*"):
            self.has_all = True
            if word == "*.*":
                self.nested.append(Embed("*"))
        elif dot and head == "expand":
            self._add_name(tail)  # PocketBase: expand.user.name
        elif dot and head not in self.fields.names and self.fields.related(head) is not None:
            self.embeds.setdefault(head, []).append(tail)
        else:
            self.names.append(self._resolved(word))

    def _resolved(self, name: str) -> str:
        return self.fields.resolve(name) or name

    def _partial(self, text: str) -> str | None:
        """Return the fields of Google's `items(id,title)`: the part inside the envelope."""
        match = _PARTIAL.fullmatch(text)
        if match is None or self.fields.has(match["name"]):
            return None
        is_envelope = match["name"] in _ENVELOPES or folded(match["name"]) == folded(self.resource)
        return match["inner"] if is_envelope else None

    def _add_columns(self, columns: postgrest.Columns) -> None:
        self.nested += columns.embed
        self.has_all = self.has_all or columns.names is None
        self.renamed += [(self._resolved(path), alias) for path, alias in columns.renamed]
        self.names += [self._resolved(name) for name in columns.names or ()]

    def selection(self) -> Selection:
        """Return the selection of all parts."""
        if len(self.names) + len(self.left_out) > MAX_FIELDS:
            raise QueryNotUnderstoodError(f"at most {MAX_FIELDS} fields can be selected")
        embeds = [_embed(name, paths) for name, paths in self.embeds.items()]
        select = tuple(dict.fromkeys(self.names))
        return Selection(
            None if self.has_all or not (select or embeds or self.nested) else select,
            tuple(dict.fromkeys(self.left_out)),
            (*self.nested, *embeds),
            tuple(self.renamed),
            self.of_relations,
        )


def selection_of(
    texts: list[str], tree: Tree, resource: str, fields: Fields, values: Sequence[Json] = ()
) -> Selection:
    """Return the selection of every notation; `values` were part of a JSON filter.

    `fields=a,b` · `select=id,comments(id)` · `fields[posts]=a` · `projection={"a":1}` ·
    `select=-a` · `fields=items(id)`.

    Raises:
        QueryNotUnderstoodError: a part names no field.
    """
    collector = _Collector(fields, resource)
    for text in texts:
        collector.add_text(text)
    collector.add_tree(tree)
    for value in values:
        collector.add_json(value)
    return collector.selection()


def _embed(name: str, paths: list[str]) -> Embed:
    select = None if "*" in paths else tuple(dict.fromkeys(paths))
    return Embed(name, select)
