"""Replies in the form of the client's dialect: envelopes, counts, links, ranges, media types. Pure.

The programs of the rules answer in LARST's own form, and this room puts their records into the form
that the dialect's clients read. Must never touch an error or the reply of any other program.
"""

from __future__ import annotations

from larst.http.presentation.media_types import prefers_page
from larst.http.presentation.replies import present
from larst.http.presentation.rest_reply import Place
from larst.http.presentation.wording import reading_text

__all__ = ["Place", "prefers_page", "present", "reading_text"]
