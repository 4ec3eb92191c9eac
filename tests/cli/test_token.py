"""`larst token`: the file that it writes, and what it prints."""

from __future__ import annotations

import json
import stat
import tomllib
from pathlib import Path

import pytest

from larst.cli import main
from larst.tokens.file import read_table
from larst.tokens.table import parse_entries, table_of

NEW = ("token", "new")


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "tokens.json"
    monkeypatch.setenv("LARS_AUTH_TOKENS_FILE", str(path))
    return path


def test_a_new_token_is_printed_once_and_stored_as_a_hash(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*NEW, "ann", "--tenant", "acme", "--scope", "read", "--sessions", "5"]) == 0

    token = capsys.readouterr().out.strip()
    access = read_table(path).find(token)
    assert access is not None
    assert (access.name, access.tenant.name, access.tenant.max_sessions) == ("ann", "acme", 5)
    assert access.scopes == {"read"}
    assert token not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["tokens.json"]


def test_tokens_are_listed_without_secrets_and_revoked(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([*NEW, "ann"])
    main([*NEW, "ben", "--scope", "admin"])
    tokens = capsys.readouterr().out.split()

    assert main(["token", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert main(["token"]) == 0
    table = capsys.readouterr().out
    assert main(["token", "revoke", "ann"]) == 0

    assert [entry["name"] for entry in listed] == ["ann", "ben"]
    assert listed[0]["scopes"] == ["read", "write"]
    assert len(listed[0]["hash"]) < 20
    assert "admin" in table
    assert read_table(path).find(tokens[0]) is None
    assert read_table(path).find(tokens[1]) is not None


def test_a_name_that_is_taken_or_unknown_changes_nothing(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([*NEW, "ann"])
    before = path.read_bytes()

    assert main([*NEW, "ann"]) == 2
    assert main([*NEW, "a b"]) == 2
    assert main([*NEW, "ben", "--tenant", "../x"]) == 2
    assert main(["token", "revoke", "ben"]) == 2

    assert path.read_bytes() == before
    assert "larst_" not in capsys.readouterr().err


def test_a_file_in_toml_is_left_to_its_owner(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """To write it again would lose its comments; the command prints what to add."""
    path = tmp_path / "tokens.toml"
    path.write_text("# ours\n")

    assert main([*NEW, "ann", "--file", str(path), "--planner-calls", "3"]) == 0

    printed = capsys.readouterr()
    toml = printed.err[printed.err.index("[[") : printed.err.index("and this")]
    assert tomllib.loads(toml)
    assert table_of(parse_entries(toml.encode(), is_toml=True)).find(printed.out.strip())
    assert path.read_text() == "# ours\n"


def test_a_link_to_the_file_stays_a_link(tmp_path: Path, path: Path) -> None:
    real = tmp_path / "secrets" / "tokens.json"
    real.parent.mkdir()
    path.symlink_to(real)

    assert main([*NEW, "ann"]) == 0

    assert path.is_symlink()
    assert real.exists()


def test_without_a_file_the_command_says_how_to_name_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("LARS_AUTH_TOKENS_FILE", raising=False)

    assert main([*NEW, "ann"]) == 2
    assert "LARS_AUTH_TOKENS_FILE" in capsys.readouterr().err
