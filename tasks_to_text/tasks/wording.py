"""Cutting and comparing the texts that tasks show."""

from collections.abc import Iterable

from tasks_to_text.fields import Unusable
from tasks_to_text.source import Source

DOCUMENTATION = Source(product="documentation")
"""The records of the tasks that are made from installed documentation."""
MASK = "___"
"""Stands where a word would give the answer away."""
_KEY_WORDS = 8


def clip(text: str, n_bytes: int) -> str:
    """The longest prefix of whole words that fits into ``n_bytes`` of UTF-8.

    >>> clip("one two three", 9)
    'one two'
    """
    raw = text.encode()
    if len(raw) <= n_bytes:
        return text
    cut = raw[: n_bytes + 1].decode(errors="ignore")
    return cut[: max(cut.rfind(" "), cut.rfind("\n"), 0)].rstrip()


def head_key(text: str) -> str:
    """The first eight words in lower case: texts that share them count as the same question."""
    return " ".join(text.lower().split(maxsplit=_KEY_WORDS)[:_KEY_WORDS])


def bare_name(dotted: str) -> str:
    """The last part of a dotted name.

    >>> bare_name("linalg.norm")
    'norm'
    """
    return dotted.rpartition(".")[2]


def place(value: object, values: Iterable[object]) -> int:
    """Where the right one stands among what a row offers; a row without it is rejected.

    >>> place("B", ["A", "B"])
    1
    """
    offered = list(values)
    if value not in offered:
        raise Unusable("label out of range", f"{value!r} of {offered}")
    return offered.index(value)
