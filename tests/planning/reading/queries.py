"""Queries of all kinds, most of them nonsense. Strategies for properties."""

from __future__ import annotations

import json

from hypothesis import strategies as st

_PIECES = (
    "status views id title tags meta lang userId createdAt comments user filter filters where sort"
    " order page limit q or and not $filter $or select include fields gt gte in like eq ne null"
    " true draft 50 2025-01-20 asc desc any all contains between range after cursor exclude embed"
).split()
_SYMBOLS = [*"[](){}.,:;|!=<>~*'\"\\/&$_-+%@ #?^", "[]", "[0]", "||", "..", "in.(", "not.", "$eq"]
TEXT = st.lists(st.sampled_from([*_PIECES, *_SYMBOLS]), max_size=9).map("".join)
ANY_TEXT = st.one_of(TEXT, st.text(max_size=30))
_ANY_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 99), ANY_TEXT, st.floats()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(ANY_TEXT, inner, max_size=3)
    ),
    max_leaves=8,
).map(json.dumps)
_VALUES = st.lists(st.one_of(ANY_TEXT, _ANY_JSON), min_size=1, max_size=3).map(tuple)
QUERIES = st.dictionaries(ANY_TEXT, _VALUES, max_size=4)
