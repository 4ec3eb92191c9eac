"""Which resources a checkpoint completes, and when: in proportion to what has changed. Pure.

============================  =====================================================================
when                          the documented files are completed of
============================  =====================================================================
the session is quiet          the smallest resources that have changed, up to SMALL_BYTES together.
                              All that have changed, once the journal is larger than QUIET_SHARE of
                              their files. A journal of up to KEPT_JOURNAL_BYTES stays in use
the journal has grown large   all that have changed, once it is larger than their files and than
                              CHECKPOINT_BYTES
the session sleeps or stops   all that have changed
============================  =====================================================================

So one small write never rewrites a large file, and all writes together rewrite it a few times at
most for each time that they would fill it.
"""

from __future__ import annotations

from collections.abc import Collection as Names
from collections.abc import Mapping

CHECKPOINT_BYTES = 4 * 1024 * 1024
"""The smallest journal that is checkpointed while the session is busy."""

SMALL_BYTES = 256 * 1024
"""Files of this size together are rewritten in each quiet second: users read and edit them."""

QUIET_SHARE = 0.25

KEPT_JOURNAL_BYTES = 8 * 1024
"""To replace such a journal in each quiet second would cost more than to write the files."""


def quiet_choice(dirty: Names[str], sizes: Mapping[str, int], journal_bytes: int) -> set[str]:
    """Return the resources to complete in a quiet second.

    `sizes` are the bytes of each resource's files; a resource without files counts as empty, since
    all of it is in the journal.
    """
    if journal_bytes > QUIET_SHARE * sum(sizes.get(name, 0) for name in dirty):
        return set(dirty)
    chosen: set[str] = set()
    chosen_bytes = 0
    for name in sorted(dirty, key=lambda name: (sizes.get(name, 0), name)):
        chosen_bytes += sizes.get(name, 0)
        if chosen_bytes > SMALL_BYTES:
            break
        chosen.add(name)
    return chosen


def is_large(journal_bytes: int, dirty: Names[str], sizes: Mapping[str, int]) -> bool:
    """Return whether the journal is so large that a busy session completes its files."""
    if journal_bytes <= CHECKPOINT_BYTES:
        return False
    return journal_bytes > sum(sizes.get(name, 0) for name in dirty)
