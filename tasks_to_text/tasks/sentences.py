"""Sentences of a docstring's running text, and where they stand in it.

Docstrings mix prose with sections, lists, tables and code. A paragraph counts as prose when it
starts at the margin, announces no list or code and has no line that belongs to one. Sentences end
at a full stop, question or exclamation mark before white space and something that can open the next
one; of the commonest abbreviations none ends a sentence.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

_PARAGRAPH = re.compile(r"(?:[^\n]+\n?)+")
_NOT_PROSE = re.compile(
    r"^(?:[ \t]|>>>|\.\. |:|[-*+•] |\d+[.)] |[-=~^*+|#]{3,}|\||@|```)", re.MULTILINE
)
_END = re.compile(
    r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)(?<!etc\.)(?<!cf\.)(?<!vs\.)(?<!resp\.)\s+(?=[A-Z`\"'(\[])"
)
_OPENING = re.compile(r"[A-Z`]")
_BLANK_LINE = "\n\n"


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


def opening(
    text: str, *, min_words: int, max_characters: int
) -> tuple[Sentence, str, Sentence] | None:
    """The first two sentences of a text and what joins them; None when they are not two and whole.

    A space joins them within a paragraph, a blank line after a summary line.
    """
    paragraphs = prose(text)
    first = next(paragraphs, [])
    if len(first) == 1:
        pair, joint = [*first, *next(paragraphs, [])[:1]], _BLANK_LINE
    else:
        pair, joint = first[:2], " "
    good = [one for one in pair if whole(one, min_words=min_words, max_characters=max_characters)]
    if len(good) < 2 or good[0].text == good[1].text:
        return None
    return good[0], joint, good[1]


def opening_prose(text: str) -> str:
    """The paragraphs of prose that a text opens with, in one line.

    >>> opening_prose("One is.\\n\\nTwo is.\\n\\n- a list\\n\\nMore.")
    'One is. Two is.'
    """
    return " ".join(one.text for block in takewhile(bool, prose(text)) for one in block)


def first_sentence(text: str) -> str:
    """The first sentence, whatever it is, white space normalised.

    >>> first_sentence("One\\nis. Two.")
    'One is.'
    """
    block = _PARAGRAPH.search(text.strip())
    return next(_sentences(block[0].rstrip(), 0)).text if block else ""


def _sentences(block: str, offset: int) -> Iterator[Sentence]:
    start = 0
    for end in _END.finditer(block):
        yield Sentence(offset + start, " ".join(block[start : end.start()].split()))
        start = end.end()
    yield Sentence(offset + start, " ".join(block[start:].split()))
