"""Mutated inputs: valid ones, with bytes deleted, repeated, exchanged and inserted."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.effort import examples

TOKENS: tuple[bytes, ...] = (
    *(bytes((byte,)) for byte in b"\x00\t\n\r \"#$%&'()*+,-./0:;<=>?@[\\]^_`a{|}~\x7f\x80\xff"),
    *b"%00 %2F %2f %25 %ff %C3%A9 .. ../ // /./ ;; [] {} () [[ ]] {{ }} && == ,".split(),
    *b"-1 1e999 NaN Infinity".split(),
    *b"null true false __class__ $ref $where constructor 9223372036854775808 <script> ${x}".split(),
    b"0" * 400,
    b"[" * 300,
    b'{"a":' * 300,
    b"(" * 300,
    b"a." * 300,
    "é\u202e\ufeff".encode(),
    "\U0001f600".encode(),
    b"\xed\xa0\x80",
)
"""Bytes that parsers treat in a special way, and runs of them."""


def effort(count: int) -> settings:
    """Return the settings of a fuzz test with so many examples in the default suite."""
    return settings(
        max_examples=examples(count),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )


@st.composite
def mutated(draw: st.DrawFn, seeds: Sequence[bytes]) -> bytes:
    """Draw one of the seeds, changed in at most four places."""
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 12)))
        piece = data[start:end]
        match draw(st.sampled_from(("insert", "replace", "delete", "repeat", "splice"))):
            case "insert":
                data = data[:start] + draw(st.sampled_from(TOKENS)) + data[start:]
            case "replace":
                data = data[:start] + draw(st.sampled_from(TOKENS)) + data[end:]
            case "delete":
                data = data[:start] + data[end:]
            case "repeat":
                data = data[:end] + piece * draw(st.integers(1, 40)) + data[end:]
            case _:
                other = draw(st.sampled_from(seeds))
                cut = draw(st.integers(0, len(other)))
                data = data[:start] + other[cut : cut + 40] + data[start:]
    return data
