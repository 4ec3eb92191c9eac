"""Frames prove that they are whole, wherever the damage is and however long the text between."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larst.store.disk.frames import CorruptFramesError, decode, encode, find_salt, salvage

SALT = 0xDEADBEEF
RECORD = b'{"id":123,"name":"user","t":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},'


def _payload(number: int, text: bytes = b"") -> bytes:
    return b'{"tx":%d,"resources":{"users":{"put":["%s"]}}}' % (number, text)


def _journal(count: int) -> tuple[bytes, list[int]]:
    """Return consecutive frames, and the offsets at which each begins and the last ends."""
    frames = [encode(_payload(number, b"x" * number), SALT) for number in range(1, count + 1)]
    starts = [sum(map(len, frames[:index])) for index in range(count + 1)]
    return b"".join(frames), starts


def _calls(work: Callable[[], object]) -> int:
    """Return how many Python functions the work calls."""
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        del frame, argument
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls


class TestTornFrames:
    @pytest.mark.parametrize("scan", [decode, salvage])
    def test_the_text_of_a_torn_tail_is_not_searched_byte_by_byte(
        self, scan: Callable[[bytes, int, int], object]
    ) -> None:
        """An interrupted import leaves many megabytes: a session took 11 s to wake from them."""
        whole = encode(_payload(1), SALT)
        torn = encode(b'{"tx":2,"resources":{"users":{"put":[' + RECORD * 2000, SALT)[:-1000]

        assert _calls(lambda: scan(whole + torn, 0, SALT)) < 50

    def test_the_frames_before_a_torn_tail_are_decoded(self) -> None:
        data, starts = _journal(3)

        for end in range(starts[2], starts[3]):
            assert decode(data[:end], 0, SALT).payloads == (_payload(1, b"x"), _payload(2, b"xx"))
            assert decode(data[:end], 0, SALT).end == starts[2]
            assert salvage(data[:end], 0, SALT)[1] == end - starts[2]

    def test_text_of_a_client_cannot_pass_for_a_frame(self) -> None:
        """A client does not know the salt."""
        torn = encode(_payload(1, encode(_payload(2), 0)), SALT)[:-1]

        assert decode(torn, 0, SALT).payloads == ()


class TestDamagedFrames:
    @given(st.integers(0, 2**32 - 1), st.data())
    def test_damage_before_a_good_frame_is_corruption(self, salt: int, data: st.DataObject) -> None:
        """Also where the newline before that frame is damaged, or everything before it."""
        frames = [encode(_payload(number, b"y" * number), salt) for number in range(4)]
        bad = data.draw(st.integers(0, 2))
        before = b"".join(frames[:bad])
        size = len(frames[bad])
        first = data.draw(st.integers(0, size - 1))
        last = data.draw(st.integers(first, size - 1))
        filling = data.draw(st.sampled_from([b"\0", b"\n", b"J", b"{", b'"']))
        damaged = frames[bad][:first] + filling * (last + 1 - first) + frames[bad][last + 1 :]
        raw = before + damaged + b"".join(frames[bad + 1 :])
        if damaged == frames[bad]:
            return

        with pytest.raises(CorruptFramesError):
            decode(raw, 0, salt)
        good = [_payload(number, b"y" * number) for number in range(4) if number != bad]
        assert salvage(raw, 0, salt) == (good, size)

    @pytest.mark.parametrize("cut", [1, 8, 20])
    def test_missing_bytes_are_corruption(self, cut: int) -> None:
        data, starts = _journal(3)
        raw = data[: starts[1]] + data[starts[1] + cut :]

        with pytest.raises(CorruptFramesError):
            decode(raw, 0, SALT)
        assert salvage(raw, 0, SALT)[0] == [_payload(1, b"x"), _payload(3, b"xxx")]

    def test_frames_behind_a_damaged_beginning_are_salvaged(self) -> None:
        data, starts = _journal(3)

        assert salvage(data[5:], 0, SALT)[0] == [_payload(2, b"xx"), _payload(3, b"xxx")]
        assert salvage(b"\0" * 50 + data[starts[1] :], 0, SALT)[1] == 50


class TestSaltOfAJournalWithoutHeader:
    @given(st.integers(0, 2**32 - 1))
    def test_a_frame_names_the_salt_that_verifies_it(self, salt: int) -> None:
        frame = encode(b'{"salt":%d,"tx":1}' % salt, salt)

        assert find_salt(frame) == find_salt(b"\0" * 40 + frame) == salt

    def test_a_damaged_frame_is_skipped(self) -> None:
        frames = [encode(b'{"salt":%d,"tx":%d}' % (SALT, number), SALT) for number in (1, 2)]

        assert find_salt(frames[0].replace(b"tx", b"xx") + frames[1]) == SALT

    @pytest.mark.parametrize("salt", [b"7", b"4294967296", b"99999999999"])
    def test_a_salt_in_a_record_is_not_the_journal_s(self, salt: bytes) -> None:
        record = _payload(1, b'{"salt":' + salt + b',"n":1}')

        assert find_salt(encode(record, SALT)) is None
