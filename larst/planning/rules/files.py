"""Programs for uploaded files, and for bodies that cannot be records, as text. Pure."""

from __future__ import annotations

from larst.planning.rules.text import IDENTIFIER, NOT_FOUND, literal

CONTENT = "content"
"""The segment behind a record that means the file in it: `/files/1/content`."""

ACCEPTED = (
    "application/json, application/merge-patch+json, application/json-patch+json,"
    " application/x-www-form-urlencoded, multipart/form-data, text/csv, application/x-ndjson"
)
"""The media types that a record, or a list of records, may be sent in."""


def get_content(field: str | None = None) -> str:
    """Return a program that answers with a file of a record.

    It is the file in `field`; without it the record itself, or the first file in it, unless it has
    a field `content` of its own. A file is an object with a name, a type, a size and a content. The
    header makes it a download.
    """
    values = "[record, *record.values()]" if field is None else f"[record.get({literal(field)})]"
    own = (
        f"if record is not None and {literal(CONTENT)} in record and record not in files:\n"
        f"    REPLY = make_response(200, record[{literal(CONTENT)}])\n"
    )
    return (
        f"record = store.get({IDENTIFIER})\n"
        "files = []\n"
        f"for value in ([] if record is None else {values}):\n"
        "    for item in (value if isinstance(value, list) else [value]):\n"
        "        is_file = isinstance(item, dict) and all("
        '[name in item for name in ("name", "type", "size", "content")])\n'
        "        if is_file:\n"
        "            files.append(item)\n"
        f"{own if field is None else ''}"
        f"{'if' if field else 'elif'} files:\n"
        '    file = {**files[0], "id": record["id"]}\n'
        '    REPLY = make_response(200, file, {"X-LARST-File": "1"})\n'
        f"else:\n    REPLY = {NOT_FOUND}\n"
    )


def unsupported() -> str:
    """Return a program that refuses a body by its media type, and names those that are taken."""
    return (
        'sent = ctx["headers"].get("content-type", "missing")[:100]\n'
        f'detail = f"the Content-Type is {{sent}}; send one of {ACCEPTED}"\n'
        'body = {"error": "unsupported media type", "detail": detail}\n'
        f"REPLY = make_response(415, body, "
        f"{literal({'Accept-Post': ACCEPTED, 'Accept-Patch': ACCEPTED})})\n"
    )
