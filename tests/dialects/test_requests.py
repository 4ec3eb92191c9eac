"""The table of docs/dialects.md counts the requests of each server once."""

from tests.dialects.requests import counts


def test_a_server_has_one_row() -> None:
    """Requests that are kept in several lists name their server in several spellings."""
    names = [name.lower() for name in counts()]

    assert len(set(names)) == len(names)
