"""Sentences of a docstring's running text, and where they stand in it.

Docstrings mix prose with sections, lists, tables and code. A paragraph counts as prose when it
starts at the margin, announces no list or code and has no line that belongs to one. Sentences end
at a full stop, question or exclamation mark before white space and something that can open the next
one; of the commonest abbreviations none ends a sentence.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_PARAGRAPH = re.compile(r"(?:[^\n]+\n?)+")
_NOT_PROSE = re.compile(
    r"^(?:[ \t]|>>>|\.\. |:|[-*+•] |\d+[.)] |[-=~^*+|#]{3,}|\||@|```)", re.MULTILINE
)
_END = re.compile(
    r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)(?<!etc\.)(?<!cf\.)(?<!vs\.)(?<!resp\.)\s+(?=[A-Z`\"'(\[])"
)
_OPENING = re.compile(r"[A-Z`]")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a text."""

    start: int
    """Offset of its first character."""
    text: str
    """White space normalised to single spaces."""


def prose(text: str) -> Iterator[list[Sentence]]:
    """Sentences of each prose paragraph, in order; [] stands for what is no prose.

    >>> [[s.text for s in block] for block in prose("One\\nis. Two.\\n\\n- a list\\n\\nThree.")]
    [['One is.', 'Two.'], [], ['Three.']]
    """
    for match in _PARAGRAPH.finditer(text):
        block = match[0].rstrip()
        if _NOT_PROSE.search(block) or block.endswith(":"):
            yield []
        else:
            yield list(_sentences(block, match.start()))


def whole(sentence: Sentence, *, min_words: int, max_characters: int) -> bool:
    """Whether it opens and ends like a sentence and is of a reasonable length."""
    text = sentence.text
    return (
        len(text) <= max_characters
        and text[-1] in ".!?"
        and _OPENING.match(text) is not None
        and text.count(" ") + 1 >= min_words
    )


def _sentences(block: str, offset: int) -> Iterator[Sentence]:
    start = 0
    for end in _END.finditer(block):
        yield Sentence(offset + start, " ".join(block[start : end.start()].split()))
        start = end.end()
    yield Sentence(offset + start, " ".join(block[start:].split()))
