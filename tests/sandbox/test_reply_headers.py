"""Programs say to proxies and browsers only things of a list."""

from __future__ import annotations

import pytest

from larst.errors import ProgramFailedError
from larst.sandbox.reply import headers_of
from larst.sandbox.reply_headers import UNKNOWN, served_type


@pytest.mark.parametrize(
    "name",
    [
        "X-Accel-Redirect", "X-Accel-Buffering", "X-Sendfile", "X-LIGHTTPD-send-file",
        "X-Reproxy-URL", "Clear-Site-Data", "Service-Worker-Allowed", "Content-Encoding",
        "Set-Cookie", "set-cookie2", "Refresh", "Content-Security-Policy", "SourceMap",
        "X-SourceMap", "Report-To", "NEL", "Alt-Svc", "Public-Key-Pins", "Origin-Agent-Cluster",
        "Strict-Transport-Security", "Access-Control-Allow-Origin", "Timing-Allow-Origin",
        "Cross-Origin-Opener-Policy", "Permissions-Policy", "Server", "Date", "Transfer-Encoding",
        "Connection", "Upgrade", "Trailer", "WWW-Authenticate", "X-Session-ID", "X-Request-ID",
        "X-Frame-Options", "X-XSS-Protection", "X-Content-Type-Options", "Speculation-Rules",
        "Surrogate-Control", "X-Forwarded-Host", "X-HTTP-Method-Override", "Early-Data", "Age",
        "Supports-Loading-Mode", "Login-Status", "Set-Login", "Proxy-Authenticate", "Via", "X",
    ],
)  # fmt: skip
def test_an_order_to_a_proxy_or_a_browser_is_refused(name: str) -> None:
    for spelling in (name, name.lower(), name.upper()):
        with pytest.raises(ProgramFailedError, match="may not set"):
            headers_of({spelling: "x"})


@pytest.mark.parametrize(
    "name",
    [
        "Location", "Link", "ETag", "Allow", "Cache-Control", "Last-Modified", "Retry-After",
        "X-Total-Count", "X-Total", "X-Page", "X-Per-Page", "X-Pagination-Count", "Vary",
        "Content-Disposition", "Content-Language", "Accept-Patch",
    ],
)  # fmt: skip
def test_a_fact_about_the_reply_is_sent(name: str) -> None:
    assert headers_of({name: "1"})[0] == {name: "1"}


@pytest.mark.parametrize(
    "location",
    ["javascript:alert(1)", "JavaScript:x", "data:text/html,x", "file:///etc", "ftp://a"],
)
def test_a_location_of_another_scheme_is_refused(location: str) -> None:
    with pytest.raises(ProgramFailedError, match="http"):
        headers_of({"Location": location})


@pytest.mark.parametrize("location", ["/members/1", "/a:b", "1", "?x=a:b", "https://a.example/b"])
def test_a_location_may_lead_to_http(location: str) -> None:
    assert headers_of({"Location": location})[0] == {"Location": location}


@pytest.mark.parametrize(
    ("media_type", "served"),
    [
        ("application/json", "application/json"),
        ("application/geo+json", "application/geo+json"),
        ("text/csv; header=present", "text/csv; header=present"),
        ("text/html; charset=utf-7", "text/html; charset=utf-8"),
        ("TEXT/HTML", "text/html"),
        ("image/svg+xml", "image/svg+xml"),
        ("text/xsl", UNKNOWN),
        ("application/xslt+xml", UNKNOWN),
        ("text/javascript", UNKNOWN),
        ("application/wasm", UNKNOWN),
        ("text/css", UNKNOWN),
        ("text/cache-manifest", UNKNOWN),
        ("application/manifest+json", UNKNOWN),
        ("application/speculationrules+json", UNKNOWN),
        ("application/importmap+json", UNKNOWN),
        ("multipart/x-mixed-replace; boundary=a", UNKNOWN),
        ("message/rfc822", UNKNOWN),
        ("application/x-shockwave-flash", UNKNOWN),
        ("x/y", UNKNOWN),
    ],
)
def test_a_type_that_browsers_apply_is_sent_as_bytes(media_type: str, served: str) -> None:
    assert served_type(media_type) == served
