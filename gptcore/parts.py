"""A long text in parts: cut where a reader would pause, nothing lost."""

from collections.abc import Iterator

_PAUSES = ("\n\n", "\n", ". ", "。", " ")
"""Where to cut, the best first: ends of paragraphs, lines, sentences and words."""


def parts(text: str, size: int) -> Iterator[str]:
    """Parts of at most ``size`` characters that make up the text; a text that fits is its one part.

    Of a longer text none is shorter than a quarter of ``size``. It is cut in the middle of a word
    only where no pause is near.

    >>> list(parts("one two three", 8))
    ['one two ', 'three']
    """
    start = 0
    while len(text) - start > size:
        low, high = start + size // 2, start + min(size, len(text) - start - size // 4)
        end = _pause(text, low, high)
        yield text[start:end]
        start = end
    yield text[start:]


def _pause(text: str, low: int, high: int) -> int:
    """The end of the last of the best pauses that end in [low, high]; else ``high``."""
    for pause in _PAUSES:
        found = text.rfind(pause, max(0, low - len(pause)), high)
        if found >= 0:
            return found + len(pause)
    return high
