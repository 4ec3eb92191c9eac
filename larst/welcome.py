"""What `GET /` answers: the first requests to try at this very address, as JSON or as a page."""

from __future__ import annotations

from html import escape
from typing import Any

from larst import __version__

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>LARST</title>
<style>
  :root {{ color-scheme: light dark; }}
  body {{ font: 1rem/1.6 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto;
    padding: 0 1rem; }}
  pre {{ padding: .75rem 1rem; overflow-x: auto; border: 1px solid #8886; border-radius: .4rem; }}
</style>
<h1>LARST {version}</h1>
<p>{what}.</p>
<h2>Try it</h2>
{examples}
<p>{session}. The planner at work is <code>{planner}</code>.</p>
</html>
"""


def welcome(address: str, planner: str) -> dict[str, Any]:
    """Return the hints for programs; `address` is the service's own, without a slash at its end."""
    return {
        "name": "LARST",
        "version": __version__,
        "what": "The last REST service: send any REST request, there is nothing to set up",
        "try": [
            f'curl {address}/members/ -d \'{{"name":"Alice"}}\'',
            f"curl {address}/members/1",
            f"curl '{address}/members/search?name=A*'",
        ],
        "session": "Send the header X-Session-ID to have data of your own",
        "planner": planner,
        "links": {"health": "/healthz", "ready": "/readyz"},
    }


def welcome_page(hints: dict[str, Any]) -> str:
    """Return the same as a page for a person."""
    return _PAGE.format(
        version=escape(hints["version"]),
        what=escape(hints["what"]),
        examples="\n".join(f"<pre>{escape(example)}</pre>" for example in hints["try"]),
        session=escape(hints["session"]),
        planner=escape(hints["planner"]),
    )
