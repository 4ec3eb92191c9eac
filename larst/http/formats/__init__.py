"""Request bodies that are not JSON: forms, multipart forms, CSV and NDJSON. Pure.

Must never know aiohttp. Values stay texts here: planning/reading types them by the schema.
"""

from __future__ import annotations

from larst.http.formats.forms import read_form
from larst.http.formats.multipart import read_multipart
from larst.http.formats.tables import read_csv, read_ndjson

__all__ = ["read_csv", "read_form", "read_multipart", "read_ndjson"]
