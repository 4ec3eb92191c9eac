"""Forms with files: multipart/form-data (RFC 7578). Pure.

A file becomes `{"name", "type", "size", "content"}`, its content in base64. Must never believe a
file's name or type: they are only stored.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from urllib.parse import unquote

from larst.domain import Body, BodyKind, Json, Notation
from larst.errors import BadRequestError, BodyTooLargeError
from larst.http.formats.json_bodies import check_value_count, read_json
from larst.http.formats.nesting import nested

MAX_PARTS = 1000
"""Parts of one form."""

MAX_HEAD_BYTES = 8 * 1024
"""The headers of one part."""

_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,70})"|([^\s;,"]{1,70}))', re.IGNORECASE)
_PARAMETER = re.compile(r';\s*([\w*-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))')
_ESCAPED = re.compile(r'\\(["\\])')


def read_multipart(raw: bytes, content_type: str) -> Body:
    """Return a multipart form as an object.

    Raises:
        BodyTooLargeError: it has too many parts, or too many values.
        BadRequestError: it has no boundary, breaks off, or a part is not as RFC 7578 has it.
    """
    match = _BOUNDARY.search(content_type)
    if match is None:
        raise BadRequestError("the Content-Type multipart/form-data names no boundary")
    delimiter = b"\r\n--" + (match[1] or match[2]).encode()
    # The first delimiter may begin the body; text before it is a preamble (RFC 2046 5.1.1).
    _, *parts = (b"\r\n" + raw).split(delimiter, MAX_PARTS + 1)
    ends = [index for index, part in enumerate(parts) if part.startswith(b"--")]
    if not ends and len(parts) > MAX_PARTS:
        raise BodyTooLargeError(f"the form has more than {MAX_PARTS} parts")
    if not ends:
        raise BadRequestError("the form breaks off before its last boundary")
    read = [_part(part, number) for number, part in enumerate(parts[: ends[0]], start=1)]
    check_value_count(b",".join(part.content for part in read if part.is_json))
    fields = [(part.name, _value(part, number)) for number, part in enumerate(read, start=1)]
    return Body(BodyKind.OBJECT, json=nested(fields), notation=Notation.FORM)


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    filename: str | None
    media_type: str
    content: bytes

    @property
    def is_json(self) -> bool:
        return (
            self.filename is None
            and self.media_type.partition(";")[0].strip().lower() == "application/json"
        )


def _part(part: bytes, number: int) -> _Part:
    head, separator, content = part.partition(b"\r\n\r\n")
    if not separator or len(head) > MAX_HEAD_BYTES:
        raise BadRequestError(f"part {number} of the form has no headers, or no end of them")
    headers = _headers(head, number)
    disposition = headers.get("content-disposition", "")
    parameters = _parameters(disposition)
    if not disposition.lower().startswith("form-data") or not parameters.get("name"):
        raise BadRequestError(
            f'part {number} of the form needs the header Content-Disposition: form-data; name="…"'
        )
    media_type = headers.get("content-type", "")
    return _Part(parameters["name"], parameters.get("filename"), media_type, content)


def _value(part: _Part, number: int) -> Json:
    if part.filename is not None:
        return _file(part.filename, part.media_type, part.content)
    if part.is_json:
        return read_json(part.content)
    try:
        return part.content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequestError(f"part {number} of the form is not UTF-8; send a file") from error


def _file(name: str, media_type: str, content: bytes) -> Json:
    return {
        "name": name.replace("\\", "/").rpartition("/")[2],
        "type": media_type or "application/octet-stream",
        "size": len(content),
        "content": base64.b64encode(content).decode(),
    }


def _headers(head: bytes, number: int) -> dict[str, str]:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequestError(f"the headers of part {number} are not UTF-8") from error
    lines = [line.partition(":") for line in text.split("\r\n") if line.strip()]
    return {name.strip().lower(): value.strip() for name, _, value in lines}


def _parameters(disposition: str) -> dict[str, str]:
    """Return the parameters of a header; `filename*` (RFC 8187) wins over `filename`."""
    parameters: dict[str, str] = {}
    for name, quoted, token in _PARAMETER.findall(disposition):
        parameters[name.lower()] = _ESCAPED.sub(r"\1", quoted or token)
    if (extended := parameters.pop("filename*", "")).lower().startswith("utf-8'"):
        parameters["filename"] = unquote(extended.rpartition("'")[2])
    return parameters
