"""Paths in other notations are brought to LARST's own form; unknown parts stay as they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larst.errors import UnknownPathError
from larst.planning.reading.paths import normalize, prefix_length
from tests.fakes import request
from tests.planning.sessions import session_of

SESSION = session_of(
    {
        "posts": [{"id": 1, "userId": 1, "tags": ["a"]}],
        "comments": [{"id": 1, "postId": 1}],
        "users": [{"id": 1}],
        "blog-entries": [{"id": 1}],
    }
)
WORDS = st.sampled_from(
    ["api", "v1", "1", "2024-01-01", "posts", "post", "users", "admin", "x", "3", "a:b", "$batch"]
)


def segments(path: str, method: str = "GET") -> str:
    """Return the path of the request in LARST's own form."""
    return "/" + "/".join(normalize(request(method, path), SESSION).request.segments)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/posts", "/posts"),
        ("/posts/1.json", "/posts/1"),
        ("/posts(1)", "/posts/1"),
        ("/posts('a%2Fb')", "/posts/a/b"),
        ("/api/collections/posts/records/1", "/api/posts/1"),
        ("/items/posts/1", "/posts/1"),
        ("/classes/Post/1", "/posts/1"),
        ("/admin/posts/1", "/posts/1"),
        ("/admin/blog/post/1", "/posts/1"),
        ("/blog_entries", "/blog-entries"),
        ("/BlogEntry/1", "/blog-entries/1"),
        ("/blogentries", "/blog-entries"),
        ("/posts/$count", "/posts/count"),
        ("/user/1/post", "/users/1/posts"),
        ("/comments/1/post", "/comments/1/post"),
        ("/posts/1/tags", "/posts/1/tags"),
        ("/unknown/1/things", "/unknown/1/things"),
    ],
)
def test_a_path_is_read_as_what_the_session_knows(path: str, expected: str) -> None:
    assert segments(path).replace("%2F", "/") == expected


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/posts/1:publish", "/posts/1/publish"),
        ("POST", "/posts:batchGet", "/posts/batchGet"),
        ("GET", "/posts/1:a", "/posts/1:a"),
        ("PUT", "/posts/urn:isbn", "/posts/urn:isbn"),
    ],
)
def test_a_verb_after_a_colon_is_a_segment(method: str, path: str, expected: str) -> None:
    """Ids may contain colons: only POST to a record can mean a verb."""
    assert segments(path, method) == expected


@pytest.mark.parametrize(
    ("path", "length"),
    [
        ("posts/1", 0),
        ("api/posts", 1),
        ("api/v1/posts", 2),
        ("api/v1.2.3/posts", 2),
        ("v2beta1/posts", 1),
        ("api/1/posts", 2),
        ("api/1.1/posts/5", 2),
        ("api/1", 0),
        ("v1/5", 0),
        ("v1/5/posts", 0),
        ("2024-01-01/posts", 1),
        ("api/2024-01/posts", 2),
        ("services/data/v58.0/posts", 3),
        ("wp-json/wp/v2/posts", 3),
        ("api", 0),
        ("api/3d-models", 1),
    ],
)
def test_a_prefix_names_an_api_and_its_version(path: str, length: int) -> None:
    assert prefix_length(path.split("/"), ()) == length


def test_a_known_resource_does_not_count_as_a_prefix() -> None:
    assert prefix_length(["api", "v1", "posts"], {"api"}) == 0


@given(st.lists(WORDS, max_size=5), st.sampled_from(["GET", "POST", "DELETE"]))
def test_reading_a_path_twice_changes_nothing_more(words: list[str], method: str) -> None:
    """The result is in LARST's own form; a change of a path that is only alike is refused."""
    try:
        once = normalize(request(method, "/" + "/".join(words)), SESSION).request
    except UnknownPathError:
        assert method == "DELETE"
        return

    assert normalize(once, SESSION).request.segments == once.segments


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("/foo/bar/posts/1", "/posts/1"),
        ("/api/v1/foo/bar/posts/1", "/posts/1"),
        ("/foo/bar/baz/posts", "/posts"),
        ("/p_o_s_t_s/1", "posts"),
        ("/po-sts/1", "posts"),
        ("/b-logentries/1", "blog-entries"),
        ("/blog-en_tries/1", "blog-entries"),
        ("/users/1/po_sts/1", "posts"),
        ("/admin/po_sts/1", "posts"),
    ],
)
def test_a_change_of_a_path_that_only_resembles_a_known_one_is_refused(
    method: str, path: str, nearest: str
) -> None:
    """A reading that was right for GET may be the wrong record to delete."""
    assert segments(path, "GET").startswith(("/posts", "/blog", "/users", "/api"))
    with pytest.raises(UnknownPathError, match=f"did you mean /?{nearest}\\?"):
        segments(path, method)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/post/1", "/posts/1"),
        ("/Posts/1", "/posts/1"),
        ("/post-s/1", "/posts/1"),
        ("/blog_entries/1", "/blog-entries/1"),
        ("/BlogEntry/1", "/blog-entries/1"),
        ("/blogentries/1", "/blog-entries/1"),
        ("/admin/posts/1", "/posts/1"),
        ("/api/v1/admin/posts/1", "/api/v1/posts/1"),
        ("/admin/v1/posts/1", "/admin/v1/posts/1"),
        ("/users/1/posts/1", "/users/1/posts/1"),
        ("/unknown/1", "/unknown/1"),
    ],
)
def test_a_change_takes_number_case_style_and_one_namespace(
    method: str, path: str, expected: str
) -> None:
    assert segments(path, method) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/foo/bar/posts", "/foo/bar/posts"),
        ("/p_o_s_t_s", "/p_o_s_t_s"),
        ("/b-logentries", "/b-logentries"),
        ("/users/1/po_sts", "/users/1/po_sts"),
        ("/post", "/posts"),
        ("/post-s", "/posts"),
        ("/blogEntries", "/blog-entries"),
        ("/admin/posts", "/posts"),
    ],
)
def test_a_create_of_a_path_that_only_resembles_a_known_one_is_of_its_own(
    path: str, expected: str
) -> None:
    """It may be the first of a new resource, or an action for a model."""
    assert segments(path, "POST") == expected


def _overridden(method: str, body: bytes, target: str = "/posts/1") -> str:
    return normalize(request(method, target, body), SESSION).request.method


@pytest.mark.parametrize("name", ["PUT", "patch", "Delete"])
def test_a_post_may_name_the_method_that_it_stands_for(name: str) -> None:
    assert _overridden("POST", f'{{"_method": "{name}"}}'.encode()) == name.upper()
    assert _overridden("POST", b"{}", f"/posts/1?_method={name}") == name.upper()


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "GET"])
def test_no_other_method_is_overridden(method: str) -> None:
    """A link or a PUT that turns into DELETE would be an attack's way in."""
    assert _overridden(method, b'{"_method": "HEAD"}') == method
    assert _overridden(method, b"", "/posts/1?_method=HEAD") == method


@pytest.mark.parametrize("value", ['"card"', '"OPTIONS"', '"POST"', "5", "null", '"DELET"', '""'])
def test_any_other_value_of_method_is_data(value: str) -> None:
    assert _overridden("POST", f'{{"_method": {value}}}'.encode()) == "POST"


def test_a_learned_field_of_that_name_is_data() -> None:
    session = session_of({"payments": [{"_method": "delete"}]})
    sent = request("POST", "/payments", b'{"_method": "delete"}')
    assert normalize(sent, session).request.method == "POST"
