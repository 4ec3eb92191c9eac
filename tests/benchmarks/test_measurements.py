"""Parsing and arithmetic of the measurements: /proc, percentiles, replies, figures."""

from __future__ import annotations

import os
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.peers.generator import Outcome
from benchmarks.peers.machine import parse_model
from benchmarks.peers.measuring import figures_of, median_figures
from benchmarks.peers.procfs import (
    ProcessStat,
    parse_busy_ticks,
    parse_resident_kb,
    parse_stat,
    tree_cpu_s,
    tree_of,
)
from benchmarks.peers.replies import id_of, is_complete, status_of
from benchmarks.peers.stats import median, percentile
from tests.benchmarks.reports import figures

STAT = "42 (a (b) c) S 7 42 42 0 -1 4194304 90 80 0 0 11 13 17 19 20 0 1 0 5 1 1"


class TestProc:
    def test_the_name_of_a_program_may_contain_spaces_and_parentheses(self) -> None:
        """Split by spaces, the fields of `(a (b) c)` would be shifted."""
        assert parse_stat(STAT) == ProcessStat(pid=42, parent=7, ticks=11 + 13 + 17 + 19)

    def test_a_tree_has_all_descendants_and_no_other_process(self) -> None:
        parents = {1: 0, 10: 1, 11: 10, 12: 11, 13: 10, 20: 1}
        stats = [ProcessStat(pid, parent, 1) for pid, parent in parents.items()]

        assert {stat.pid for stat in tree_of(10, stats)} == {10, 11, 12, 13}

    def test_a_process_that_ended_has_an_empty_tree(self) -> None:
        assert tree_of(10, [ProcessStat(1, 0, 5)]) == []

    def test_the_cpu_time_of_this_process_grows_with_its_work(self) -> None:
        before_s, end_s = tree_cpu_s(os.getpid()), time.process_time() + 0.1
        while time.process_time() < end_s:
            pass

        assert 0.05 < tree_cpu_s(os.getpid()) - before_s < 1

    def test_the_resident_memory_is_in_kb(self) -> None:
        assert parse_resident_kb("Name:\tx\nVmHWM:\t 9 kB\nVmRSS:\t  5120 kB\n") == 5120
        assert parse_resident_kb("Name:\tx\nState:\tZ (zombie)\n") == 0

    def test_a_core_that_waits_for_the_disk_is_not_busy(self) -> None:
        text = "cpu  1 2 4 800 1600 8 16 32 0 0\ncpu0 9 9 9 9 9 9 9 9 0 0\n"

        assert parse_busy_ticks(text) == 1 + 2 + 4 + 8 + 16 + 32

    def test_the_model_of_the_processor_is_that_of_the_first_core(self) -> None:
        assert parse_model("processor\t: 0\nmodel name\t: A 1\n\nmodel name\t: B\n") == "A 1"
        assert parse_model("") == "unknown"


class TestStatistics:
    @pytest.mark.parametrize(
        ("share", "expected"), [(0.5, 50), (0.99, 99), (0.991, 100), (1.0, 100), (0.0, 1)]
    )
    def test_a_percentile_is_the_smallest_value_that_covers_the_share(
        self, share: float, expected: float
    ) -> None:
        assert percentile(list(range(100, 0, -1)), share) == expected

    @given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0, 1))
    def test_at_least_the_share_of_the_values_is_within_the_percentile(
        self, values: list[float], share: float
    ) -> None:
        limit = percentile(values, share)

        assert limit in values
        assert sum(value <= limit for value in values) >= share * len(values) - 1e-6

    def test_the_median_of_rounds_is_taken_figure_by_figure(self) -> None:
        """One disturbed round must not decide."""
        rounds = [figures(100, 9), figures(300, 5), figures(200, 90)]

        assert median_figures(rounds) == figures(200, 9)
        assert median([1.0, 9.0, 2.0]) == 2.0

    def test_the_disk_time_of_a_durable_load_survives_the_median(self) -> None:
        assert median_figures([figures(1, 1, 0.2), figures(1, 1, 0.4)]).fdatasync_ms == (
            pytest.approx(0.3)
        )
        assert median_figures([figures(1, 1)]).fdatasync_ms is None

    def test_figures_are_per_request_and_per_second(self) -> None:
        outcome = Outcome(1000, 4.0, 1.0, 2.0, 3.0, server_cpu_s=0.5, generator_cpu_s=1.0)

        result = figures_of(outcome)

        assert result.requests_per_s == 250
        assert result.cpu_us == 500
        assert result.generator_share == 0.25
        assert figures_of(replace(outcome, requests=500)).cpu_us == 1000


class TestReplies:
    CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1,2]\r\n0\r\n\r\n"
    SIZED = b'HTTP/1.1 201 Created\r\ncontent-length: 10\r\n\r\n{"id":"7"}'
    BODILESS = b"HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n"

    @pytest.mark.parametrize("reply", [CHUNKED, SIZED, BODILESS])
    def test_a_reply_is_complete_with_its_last_byte_and_not_before(self, reply: bytes) -> None:
        """A reply that counts too early makes the server look fast."""
        assert is_complete(reply)
        assert not any(is_complete(reply[:end]) for end in range(len(reply)))

    def test_a_length_in_the_body_is_not_a_header(self) -> None:
        reply = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n\r\ncontent-length: 2\r\n"
        assert not is_complete(reply[:-2])

    def test_a_reply_without_an_end_is_an_error(self) -> None:
        with pytest.raises(ValueError, match="without a length"):
            is_complete(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")

    def test_status_and_id_are_those_of_the_reply(self) -> None:
        assert status_of(self.SIZED) == 201
        assert id_of(self.SIZED) == "7"
        assert id_of(b'H\r\n\r\n{"collectionId":"a","id": 12, "x":1}') == "12"
        with pytest.raises(ValueError, match="no id"):
            id_of(b"H\r\n\r\n{}")
