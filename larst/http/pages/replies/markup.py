"""HTML in which every text is escaped, because nothing but `Html` is taken as markup. Pure."""

from __future__ import annotations

from html import escape


class Html(str):
    """Markup; any other text is escaped where it becomes a part of a page."""

    __slots__ = ()


Content = Html | str

_VOID = frozenset({"meta", "link", "br"})


def markup(content: Content) -> Html:
    """Return a content as markup.

    >>> markup("<b>")
    '&lt;b&gt;'
    """
    return content if isinstance(content, Html) else Html(escape(content))


def joined(*contents: Content) -> Html:
    """Return contents one behind the other."""
    return Html("".join(map(markup, contents)))


def element(tag: str, *contents: Content, **attributes: str | None) -> Html:
    """Return an element; an attribute that is None is left out, and `class_` is `class`.

    >>> element("a", "1 < 2", href="?a&b", class_="x")
    '<a href="?a&amp;b" class="x">1 &lt; 2</a>'
    """
    text = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in _VOID:
        return Html(f"<{tag}{text}>")
    return Html(f"<{tag}{text}>{joined(*contents)}</{tag}>")
