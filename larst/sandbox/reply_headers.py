"""The headers and media types that a program may give its reply. Data.

They list the allowed ones: no list of the dangerous ones is ever complete. A header may be an order
to the proxy in front (X-Accel-Redirect) or to the browser (Clear-Site-Data), and a media type may
make a browser run the body in the origin of the service.
"""

from __future__ import annotations

import re

ALLOWED_HEADERS = frozenset(
    "accept-patch accept-post accept-ranges allow cache-control content-disposition"
    " content-language content-location content-range content-type deprecation etag expires"
    " last-modified link location preference-applied ratelimit ratelimit-limit ratelimit-policy"
    " ratelimit-remaining ratelimit-reset retry-after sunset vary warning"
    " x-count x-has-more x-limit x-next-cursor x-next-page x-offset x-page x-per-page x-prev-page"
    " x-larst-file x-larst-hint x-larst-length x-total".split()
)
"""In lower case."""

ALLOWED_PREFIXES = ("x-total-", "x-page-", "x-pagination-")

ALLOWED_MEDIA_TYPES = frozenset(
    "application/json application/ld+json application/problem+json application/x-ndjson"
    " application/ndjson application/jsonl application/json-seq application/xml application/yaml"
    " application/atom+xml application/rss+xml application/soap+xml application/pdf"
    " application/rtf application/zip application/gzip application/sql application/toml"
    " application/csv application/graphql application/octet-stream"
    " text/plain text/csv text/tab-separated-values text/html text/markdown text/xml text/yaml"
    " text/calendar text/vcard text/richtext text/uri-list"
    " image/png image/jpeg image/gif image/webp image/avif image/bmp image/tiff image/x-icon"
    " image/vnd.microsoft.icon image/heic image/svg+xml"
    " audio/mpeg audio/ogg audio/wav audio/webm audio/mp4 audio/aac audio/flac"
    " video/mp4 video/webm video/ogg video/mpeg video/quicktime".split()
)
"""Types that are data, or that a sandboxed page may show. Scripts, style sheets and what a browser
applies to other pages are not among them."""

_ALLOWED_PATTERN = re.compile(
    r"application/(?!manifest\+|speculationrules\+|importmap\+)[\w.-]{1,100}\+json|application/vnd\.(?:ms-|openxmlformats-|oasis\.)[\w.-]{1,100}"
    r"|application/msword|font/(?:woff2?|ttf|otf)",
    re.ASCII,
)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_CHARSET = re.compile(r"charset=\"?[\w.+-]+\"?", re.IGNORECASE)

UNKNOWN = "application/octet-stream"


def is_allowed(name: str) -> bool:
    """Return whether a program may set a header; the name is in lower case."""
    return name in ALLOWED_HEADERS or name.startswith(ALLOWED_PREFIXES)


def served_type(media_type: str) -> str:
    """Return the type that a browser may see: `application/octet-stream` for one not allowed.

    A body is always sent as UTF-8.
    """
    name, separator, parameters = media_type.partition(";")
    name = name.strip().lower()
    if name not in ALLOWED_MEDIA_TYPES and not _ALLOWED_PATTERN.fullmatch(name):
        return UNKNOWN
    return f"{name};{_CHARSET.sub('charset=utf-8', parameters)}" if separator else name


def is_safe_location(text: str) -> bool:
    """Return whether a Location is relative or leads to HTTP; no other scheme may follow."""
    scheme = _SCHEME.match(text)
    return scheme is None or scheme[1].lower() in ("http", "https")
