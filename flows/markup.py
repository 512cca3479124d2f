"""HTML that is safe by construction: text is escaped unless it was made here.

``el("td", "<b>")`` gives ``<td>&lt;b&gt;</td>``; only a ``Markup`` goes in as it is, and nothing
but this module makes one of a text.
"""

from collections.abc import Iterable
from html import escape

VOID = frozenset({"br", "meta", "line", "circle", "rect", "path", "polyline"})
"""Elements that are written without content."""


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


EMPTY = Markup("")


def el(name: str, /, *children: object, **attributes: object) -> Markup:
    """An element; an attribute ``cls`` is class, ``x_y`` is x-y, one that is None is left out."""
    given = "".join(
        f' {_attribute(key)}="{escape(_printable(str(value)))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in VOID and not children:
        return Markup(f"<{name}{given}>" if name in ("br", "meta") else f"<{name}{given}/>")
    return Markup(f"<{name}{given}>{join(children)}</{name}>")


def join(children: Iterable[object], between: str = "") -> Markup:
    """Children one after the other, texts escaped."""
    parts = (str(c) if isinstance(c, Markup) else escape(_printable(str(c))) for c in children)
    return Markup(between.join(parts))


def style(css: str) -> Markup:
    """A style sheet of ours; it is not escaped, so no foreign text may be in it."""
    return Markup(f"<style>\n{css}\n</style>")


def _attribute(key: str) -> str:
    return "class" if key == "cls" else key.rstrip("_").replace("_", "-")


def _printable(text: str) -> str:
    """Text without what HTML cannot hold: control characters and lone surrogates."""
    kept = (c if c in "\n\t" or (c >= " " and not "\x7f" <= c <= "\x9f") else "�" for c in text)
    return "".join(kept).encode(errors="replace").decode()
