"""Kills, losses of power and refused calls around edits of files: no edit and no change is lost."""

from __future__ import annotations

import pytest

from larst.store.disk.changes import Changes
from larst.store.disk.checkpoint import Checkpoint
from larst.store.disk.places import Places
from larst.store.disk.session_files import Adoption, SessionFiles
from tests.store.busy_histories import run_busy_history
from tests.store.histories import run_history

MAX_HISTORIES = 200


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of the histories are complete."""
    monkeypatch.setattr("larst.store.edits.foreign_files.SETTLE_S", 0)


@pytest.mark.parametrize("start", range(0, 100, 50))
async def test_no_edit_and_no_shown_change_is_lost(start: int) -> None:
    """Edits while the session is awake and between its lives, some of them broken."""
    deaths = [await run_history(seed, has_edits=True) for seed in range(start, start + 50)]

    assert sum(deaths) > 150


@pytest.mark.parametrize("start", range(0, 60, 30))
async def test_no_edit_during_a_checkpoint_is_lost(start: int) -> None:
    """The steps of checkpoints, the writes and the edits alternate in any order."""
    deaths = [await run_busy_history(seed, has_edits=True) for seed in range(start, start + 30)]

    assert sum(deaths) > 80


@pytest.mark.slow
@pytest.mark.parametrize("start", range(10_000, 20_000, 1000))
async def test_ten_thousand_histories_lose_no_edit(start: int) -> None:
    """`pytest -m slow` before a release; about ten minutes."""
    for seed in range(start, start + 1000):
        await run_history(seed, has_edits=True)
        if not seed % 4:
            await run_busy_history(seed, has_edits=True)


def _never_foreign(self: Places, name: str) -> bool:
    del self, name
    return False


def _adopt_without_a_journal(self: SessionFiles, adoption: Adoption) -> None:
    del self, adoption


def _adopt_as_if_exact(self: SessionFiles, adoption: Adoption) -> None:
    """Lose the keys of the records that are not as in the edited file."""
    _adopt(self, Adoption(adoption.resource, adoption.edited, adoption.entry, [], adoption.taken))


def _claim_all(self: Checkpoint, names: list[str], through: int) -> None:
    """Claim that the files hold transactions that were written later."""
    _claim(self, names, through + 2)


def _theirs(*_: object) -> bool:
    return False


_adopt, _claim = SessionFiles.adopt, Checkpoint._claim

BREAKS: dict[str, tuple[object, str, object]] = {
    "files that are replaced without a look": (Places, "is_foreign", _never_foreign),
    "an edit in memory alone": (SessionFiles, "adopt", _adopt_without_a_journal),
    "an edit that hides the changes that it lacks": (SessionFiles, "adopt", _adopt_as_if_exact),
    "files that claim too much": (Checkpoint, "_claim", _claim_all),
    "an edit that wins over requests": (Changes, "has", _theirs),
}


@pytest.mark.parametrize("name", BREAKS)
async def test_the_histories_catch_a_break(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    target, attribute, replacement = BREAKS[name]
    monkeypatch.setattr(target, attribute, replacement)

    for seed in range(MAX_HISTORIES):
        try:
            await run_history(seed, has_edits=True)
            await run_busy_history(seed, has_edits=True)
        except Exception:  # noqa: BLE001 - a break may show as any error
            return
    pytest.fail(f"{MAX_HISTORIES} histories passed with {name}")
