"""The query of a create chooses nothing: the reading must not say that it does."""

from __future__ import annotations

import pytest

from larst.http.presentation.wording import reading_text
from tests.fakes import request
from tests.planning.sessions import answer_of, session_of, shaped_of

_NOTE = ": a create takes no filters or pages"


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("on_conflict=id", ""),
        ("on_conflict=email", f"without on_conflict{_NOTE}"),
        ("title=x", f"without title{_NOTE}"),
        ("title=x&title_ne=y&foo=1", f"without foo and title and title_ne{_NOTE}"),
        ("sort=-title", f"without sort{_NOTE}"),
        ("page=2&limit=3", f"without paging{_NOTE}"),
        ("select=id,title", "fields id,title"),
        ("columns=title", "fields title"),
    ],
)
@pytest.mark.parametrize("body", [b'{"title": "n"}', b'[{"title": "n"}]'])
def test_a_create_says_what_has_no_effect(query: str, text: str, body: bytes) -> None:
    session = session_of({"posts": [{"id": 1, "title": "a"}]})
    shaped = shaped_of(request("POST", f"/posts?{query}", body), session)
    assert reading_text(shaped.reading) == text
    assert shaped.reading.unknown == ()
    assert answer_of(request("POST", f"/posts?{query}", body), session).status == 201


def test_a_search_by_post_is_not_a_create() -> None:
    session = session_of({"posts": [{"id": 1, "title": "a"}]})
    shaped = shaped_of(request("POST", "/posts/search?title=a", b'{"id": 1}'), session)
    assert reading_text(shaped.reading).startswith("where ")
