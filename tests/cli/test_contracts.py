"""API documents in files: JSON, or YAML as most people have them."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from larst.cli.contracts import read_document
from larst.errors import ConfigError
from tests.contract.documents import OPENAPI_3

YAML = b"""
openapi: 3.0.3
info: {title: Shop, version: 1.0}
paths:
  /orders:
    get:
      responses:
        200:
          description: since 2026-11-27
          content: {application/json: {schema: {type: array, example: 2026-11-27}}}
"""


def test_json_and_yaml_are_read() -> None:
    """Keys such as 200 become texts, and dates too."""
    assert read_document(json.dumps(OPENAPI_3).encode()) == OPENAPI_3
    reply = read_document(YAML)["paths"]["/orders"]["get"]["responses"]["200"]
    schema = reply["content"]["application/json"]["schema"]
    assert schema == {"type": "array", "example": "2026-11-27"}


@pytest.mark.parametrize("content", [b"[1]", b"just text", b"a: [", b"\xff\xfe\x00"])
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(ConfigError):
        read_document(content)


def test_aliases_are_followed_within_a_limit() -> None:
    names = "abcdefgh"
    lists = [f"{name}: &{name} [{', '.join([f'*{last}'] * 9)}]" for last, name in pairwise(names)]
    bomb = "\n".join(["a: &a [x, x]", *lists])

    assert read_document(b"a: &a {b: 1}\nc: *a") == {"a": {"b": 1}, "c": {"b": 1}}
    for content in (bomb, "a: &a [*a]", "a: &a {b: *a}"):
        with pytest.raises(ConfigError, match="aliases"):
            read_document(content.encode())


def test_keys_that_json_cannot_have_are_refused() -> None:
    with pytest.raises(ConfigError, match="keys"):
        read_document(b"? [a, b]\n: 1")
