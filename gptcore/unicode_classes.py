"""Regular expressions for characters by their Unicode category.

``re`` knows neither \\p{L} nor \\p{N}, which published tokenizers split text by. The sets here are
those of this Python's ``unicodedata``; a character assigned by a later Unicode version has no
category in it yet.

``re`` looks a character up in a table if its code point has 16 bits, but compares it with one range
after the other above that. So the ranges above are tried for such characters only.
"""

import sys
import unicodedata
from collections.abc import Iterator
from functools import cache

WHITE_SPACE = "\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000"
"""Inside of a []: Unicode's White_Space; ``\\s`` of ``re`` takes four control characters more."""
_HIGH = 0x10000
_LOW_ONES, _HIGH_ONES = "\\x00-\\uffff", "\\U00010000-\\U0010ffff"


def one_of(*categories: str, also: str = "") -> str:
    """Pattern of one character of these categories (or their beginnings), or of ``also``.

    ``also`` is the inside of a [] and below U+10000.
    """
    low, high = _insides(categories)
    return f"(?:[{also}{low}]|(?=[{_HIGH_ONES}])[{high}])"


def some_of(*categories: str) -> str:
    """Pattern of one or more characters of these categories."""
    low, high = _insides(categories)
    return f"(?:[{low}]+|(?=[{_HIGH_ONES}])[{high}]+)+"


def some_not_of(*categories: str, also: str = "") -> str:
    """Pattern of one or more characters that ``one_of`` does not match."""
    low, high = _insides(categories)
    return f"(?:[^{_HIGH_ONES}{also}{low}]+|(?=[{_HIGH_ONES}])[^{_LOW_ONES}{high}]+)+"


@cache
def _insides(categories: tuple[str, ...]) -> tuple[str, str]:
    """Insides of two [], for the characters below U+10000 and for those from there on."""
    low = high = ""
    for first, last in _ranges(categories):
        if first < _HIGH:
            low += f"\\U{first:08x}-\\U{min(last, _HIGH - 1):08x}"
        if last >= _HIGH:
            high += f"\\U{max(first, _HIGH):08x}-\\U{last:08x}"
    return low, high


def _ranges(categories: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """First and last code points of unbroken runs."""
    start: int | None = None
    for point in range(sys.maxunicode + 2):
        inside = point <= sys.maxunicode and unicodedata.category(chr(point)).startswith(categories)
        if inside and start is None:
            start = point
        elif not inside and start is not None:
            yield start, point - 1
            start = None
