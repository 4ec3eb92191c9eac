"""A hook of mkdocs.yml: addresses that differ between GitHub and the site.

On GitHub `../README.md` is a file beside docs/; on the site that address does not exist. The site
has a folder for each page, and mkdocs moves the links of Markdown there, but not the pictures in
HTML. Changes nothing on disk.
"""

from __future__ import annotations

import re
from typing import Any

_OUTSIDE = "](../"
_PICTURE = re.compile(r'\b(src|srcset)="(?=images/)')


def on_page_markdown(markdown: str, *, config: Any, page: Any, **_unused: Any) -> str:
    """Return the page with links out of docs/ made absolute and its pictures found."""
    up = "../" * page.url.count("/")
    pictured = _PICTURE.sub(rf'\1="{up}', markdown)
    return pictured.replace(_OUTSIDE, f"]({config.extra['repository']}/blob/main/")
