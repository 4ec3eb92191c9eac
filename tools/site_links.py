"""A hook of mkdocs.yml: links that leave docs/ lead to the repository.

On GitHub `../README.md` is a file beside docs/; on the site that address does not exist. Changes
nothing on disk.
"""

from __future__ import annotations

from typing import Any

_OUTSIDE = "](../"


def on_page_markdown(markdown: str, *, config: Any, **_unused: Any) -> str:
    """Return the page with such links made absolute."""
    return markdown.replace(_OUTSIDE, f"]({config.repo_url}/blob/main/")
