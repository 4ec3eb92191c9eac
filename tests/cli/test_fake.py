"""The arguments of `larst fake`, before a service is asked."""

from __future__ import annotations

import pytest

from larst import cli


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["users=many"], "users=many is not understood"),
        (["shop"], "larst fake RESOURCE=COUNT"),
        (["users=1", "shop", "blog"], "larst fake RESOURCE=COUNT"),
    ],
)
def test_an_order_that_is_not_understood_is_refused(
    words: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["fake", *words]) == cli.WRONG_USAGE
    assert text in capsys.readouterr().err
