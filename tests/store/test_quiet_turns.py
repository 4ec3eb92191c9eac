"""Few quiet sessions at a time complete their files."""

from __future__ import annotations

from larst.store.quiet_turns import Done, QuietTurns


class Work:
    """Work that the test ends."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self._ends: dict[str, Done] = {}

    def add(self, turns: QuietTurns, name: str) -> None:
        def start(on_end: Done) -> None:
            self.started.append(name)
            self._ends[name] = on_end

        turns.add(name, start)

    def end(self, name: str) -> None:
        self._ends.pop(name)()


def test_sessions_take_turns_in_the_order_of_their_arrival() -> None:
    """Ten thousand at once kept all writes waiting."""
    turns, work = QuietTurns(max_at_once=2), Work()
    for name in "abcd":
        work.add(turns, name)
    assert work.started == ["a", "b"]

    work.end("b")

    assert work.started == ["a", "b", "c"]
    work.end("a")
    work.end("c")
    work.end("d")
    work.add(turns, "e")
    assert work.started == ["a", "b", "c", "d", "e"]


def test_a_session_that_leaves_the_queue_does_not_begin() -> None:
    """It sleeps by now, or was erased."""
    turns, work = QuietTurns(max_at_once=1), Work()
    for name in "abc":
        work.add(turns, name)

    turns.discard("b")
    turns.discard("b")
    work.end("a")

    assert work.started == ["a", "c"]
    assert len(turns) == 0


def test_work_that_ends_at_once_starts_the_next() -> None:
    """A checkpoint may be about to begin already."""
    turns, started = QuietTurns(max_at_once=1), []

    def start(on_end: Done) -> None:
        started.append(on_end)
        on_end()

    for name in range(100):
        turns.add(name, start)

    assert len(started) == 100
