"""The vocabulary: the meaning of each word of a query. Data.

Words are compared without case, `_`, `-` and a leading `_` or `$`: `per_page`, `perPage` and
`_per_page` are one word. A learned field of the resource wins over every word here. `VERSION` is
part of the rules planner's: raise it when a change gives a request another meaning.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache

VERSION = "3"

_MAX_CACHED = 64
"""Characters of the words that the cache keeps: all words of the vocabulary are shorter."""


class Meaning(StrEnum):
    """What a word asks for."""

    LIMIT = "limit"
    OFFSET = "offset"
    PAGE = "page"
    END = "end"
    RANGE = "range"
    AFTER = "after"
    BEFORE = "before"
    UNPAGED = "unpaged"
    SORT = "sort"
    DIRECTION = "direction"
    SEARCH = "search"
    SEARCH_FIELDS = "search fields"
    WHERE = "where"
    SELECT = "select"
    EXCLUDE = "exclude"
    EMBED = "embed"
    DEPENDENTS = "dependents"
    COUNT = "count"
    NOISE = "noise"


PAGING = frozenset(
    {
        Meaning.LIMIT,
        Meaning.OFFSET,
        Meaning.PAGE,
        Meaning.END,
        Meaning.RANGE,
        Meaning.AFTER,
        Meaning.BEFORE,
    }
)
"""The meanings that choose a part of a list."""

_SPELLINGS: Mapping[Meaning, str] = {
    Meaning.LIMIT: (
        "limit take top per perpage pagesize pagelimit size maxresults maxpagesize maxitems max"
        " rows rowsperpage recordsperpage itemsperpage resultsperpage hitsperpage numresults first"
        " maxresultcount items pagecount length pagelength displaylength jtpagesize results"
        " batchsize limitnumber ps"
    ),
    Meaning.OFFSET: (
        "offset skip start startindex firstresult startat recordoffset pageoffset displaystart"
        " jtstartindex startrow firstrow skipcount from"
    ),
    Meaning.PAGE: (
        "page pagenumber pageno pagenum pagenr pageindex currentpage current currpage paged pg p"
    ),
    Meaning.END: "end endrow lastrow stop to",
    Meaning.RANGE: "range",
    Meaning.AFTER: (
        "after startingafter startafter afterid cursor nextcursor pagecursor pagetoken nexttoken"
        " nextpagetoken continuationtoken continuation marker lastid sinceid skiptoken bookmark"
        " exclusivestartkey lastkey"
    ),
    Meaning.BEFORE: "before endingbefore endbefore beforeid maxid",
    Meaning.UNPAGED: "pagination paginate paging unpaged nopaging nopagination disablepagination",
    Meaning.SORT: (
        "sort sortby orderby order ordering sorting sortfield sortcolumn sortkey orders sorts"
        " sorter sorters sidx orderfield orderkey ordercolumn sortname sortprop sortproperty"
        " jtsorting o orderon sorton sortfields orderbyfield"
    ),
    Meaning.DIRECTION: (
        "direction dir sortorder sortdirection sortdir orderdir orderdirection sord sortedby"
        " ordertype sorttype sortdesc sortdescending isdesc orderdesc descending reverse reversed"
        " desc asc ascending sortasc sortascending isascending orderasc orderbydesc orderbyasc"
        " sortbydesc sortbyasc"
    ),
    Meaning.SEARCH: (
        "q search query keyword keywords kw term searchterm searchtext searchquery searchstring"
        " searchvalue searchkeyword fulltext freetext quicksearch globalfilter filtertext find"
        " text phrase"
    ),
    Meaning.SEARCH_FIELDS: "searchfields searchfield searchin searchby searchcolumns queryby qf",
    Meaning.WHERE: (
        "filter filters where s condition conditions criteria constraints rsql fiql filterquery fq"
        " filtermodel advancedfilter"
    ),
    Meaning.SELECT: (
        "fields field select only columns cols projection attributes props properties keys pick"
        " returnfields onlyfields includefields selectfields fl readmask fieldmask fieldset"
    ),
    Meaning.EXCLUDE: (
        "exclude omit except excludefields excludedfields excludekeys omitfields hide defer without"
    ),
    Meaning.EMBED: (
        "embed embedded expand expands include includes with withrelated withrelations withgraph"
        " withgraphfetched populate relations relationships join joins related includerelated"
        " preload eager eagerload deep sideload sideloads associations hydrate"
    ),
    Meaning.DEPENDENTS: "dependent",
    Meaning.COUNT: (
        "count includecount withcount inlinecount totalcount includetotal includetotalcount"
        " counttotal requiretotalcount withtotal total showtotal returncount returntotalcount meta"
    ),
    Meaning.NOISE: (
        "t ts cb cachebuster cachebust nocache rnd rand r nonce dc nd gclid fbclid apikey"
        " accesstoken key token format alt wt export pretty prettyprint print lang locale hl"
        " callback apiversion envelope v noinlinecount skipcache cache pragma debug np skiptotal"
        " draw publicationstate plevel auth requestid traceid correlationid timestamp time silent"
        " commit"
    ),
}
WORDS: Mapping[str, Meaning] = {
    word: meaning for meaning, words in _SPELLINGS.items() for word in words.split()
}
"""The meaning of each word, by its compared form."""

WEAK_WORDS = frozenset(
    "first items size start end to from p pg ps max length results current stop r t v ts time"
    " timestamp key token desc asc dir o without marker find text phrase term total field keys"
    " paged reverse reversed meta cache draw auth".split()
)
"""Words that are likely names of fields: they count only with a value of their meaning's kind."""

SURE_NOISE = frozenset(
    "cachebuster cachebust nocache gclid fbclid apikey accesstoken format alt prettyprint callback"
    " noinlinecount skipcache requestid traceid correlationid".split()
)
"""Noise that a request which changes records may carry; other noise could be a filter there."""

CHANGE_SEARCH = frozenset({"q", "search", "fulltext", "s", "query"})
"""The search words that a request which changes records may have; others could be filters."""

UNSUPPORTED = frozenset("aggregate aggregates groupby having distinct pivot facet facets".split())
"""Words of features that are not supported; they count where no field has the name."""

NOISE_KEY = re.compile(
    r"_|_dc|utm_\w+|x-\w+|mc_[ce]id|_method|_token|_csrf|utf8|authenticity_token", re.IGNORECASE
)
"""Keys that trackers, caches, forms and jQuery add."""

NUMERIC_NOISE = frozenset("t ts cb rnd rand r v nd dc draw np timestamp time cache".split())
"""Noise that is a number, such as a time or a random number."""

SUGGESTED = tuple(
    "limit offset page per_page pageSize sort order orderBy direction fields select include expand"
    " embed populate search query filter filters where cursor skip take q".split()
)
"""The words that a misspelt one is compared with."""

PAGE_PARTS: Mapping[str, Meaning] = {
    "number": Meaning.PAGE,
    "page": Meaning.PAGE,
    "size": Meaning.LIMIT,
    "pageindex": Meaning.PAGE,
    "current": Meaning.PAGE,
    "pagesize": Meaning.LIMIT,
    "perpage": Meaning.LIMIT,
    "limit": Meaning.LIMIT,
    "offset": Meaning.OFFSET,
    "start": Meaning.OFFSET,
    "skip": Meaning.OFFSET,
    "after": Meaning.AFTER,
    "cursor": Meaning.AFTER,
    "token": Meaning.AFTER,
    "before": Meaning.BEFORE,
    "withcount": Meaning.COUNT,
    "total": Meaning.COUNT,
    "totals": Meaning.COUNT,
}
"""The parts that may follow `page` and `pagination` in brackets."""

NESTED_PARTS: Mapping[str, Meaning] = {
    "where": Meaning.WHERE,
    "filter": Meaning.WHERE,
    "limit": Meaning.LIMIT,
    "skip": Meaning.OFFSET,
    "offset": Meaning.OFFSET,
    "order": Meaning.SORT,
    "sort": Meaning.SORT,
    "include": Meaning.EMBED,
    "populate": Meaning.EMBED,
    "fields": Meaning.SELECT,
    "select": Meaning.SELECT,
    "page": Meaning.PAGE,
}
"""The parts of a LoopBack filter."""

GROUPS = frozenset({"or", "and", "nor", "not"})
"""Keys that join conditions in brackets and in JSON."""

ASCENDING = frozenset({"asc", "ascending", "ascend", "1", "up", "+", "false"})
DESCENDING = frozenset({"desc", "descending", "descend", "-1", "down", "-", "true"})
TRUE = frozenset({"true", "1", "yes", "on"})
FALSE = frozenset({"false", "0", "no", "off"})
NOT_VALUES = frozenset({"undefined", "null", "NaN", "[object Object]", "None", "nil"})
"""The texts that programs send instead of a value they did not have: named in the hint."""


def compared(word: str) -> str:
    """Return the form in which words are compared."""
    return _compared(word) if len(word) <= _MAX_CACHED else _compared.__wrapped__(word)


@lru_cache(maxsize=2048)
def _compared(word: str) -> str:
    return word.lstrip("_$").replace("_", "").replace("-", "").lower()
