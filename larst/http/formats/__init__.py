"""Request bodies: JSON, forms, multipart forms, CSV and NDJSON. Pure.

Must never know aiohttp. Values stay texts here: planning/reading types them by the schema.
"""

from __future__ import annotations

from larst.http.formats.forms import read_form
from larst.http.formats.json_bodies import check_patch, read_json
from larst.http.formats.multipart import read_multipart
from larst.http.formats.tables import read_csv, read_ndjson

__all__ = ["check_patch", "read_csv", "read_form", "read_json", "read_multipart", "read_ndjson"]
