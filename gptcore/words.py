"""Encoding word by word from a table, with the ids that the whole text would get.

A byte-pair encoder merges neighbours, the best pair first, as long as what they make is a piece.
If no piece of the vocabulary reaches over a place in the text, no merge does; then what stands left
and right of it is merged in the same order as before, and the ids of the parts are the ids of the
whole. ``cuts_are_exact`` looks through the vocabulary for pieces that reach over one of our cuts:
before a run of spaces, and before and after a newline. A unigram model has no such places: it
weighs whole texts.

Nearly all words of a text have been seen before, so most of the work is one look-up per word.
"""

import re
from collections.abc import Callable, Sequence
from itertools import chain

from gptcore.pieces import SPACE_MARK, PieceModel

MOST_WORDS = 1 << 18
"""Of a table; a full one is emptied and fills with what is read then. 60 MB of English words."""
MOST_IDS = 16
"""Of a word that is kept: bounds what a table of rare, long words takes."""
_RUN = re.compile("( {2,}[^ ]*)")
_REACHES_OVER = re.compile(f"[^{SPACE_MARK}]{SPACE_MARK}|\n.|.\n", re.DOTALL)


def cuts_are_exact(model: PieceModel) -> bool:
    """Whether the ids of a text are those of its words, for every text."""
    plain = model.is_bpe and model.byte_fallback and model.verbatim
    return plain and not any(map(_REACHES_OVER.search, model.written))


class Memo(dict[str, tuple[int, ...]]):
    """Ids of words, made at the first look-up; bounded."""

    def __init__(self, encode: Callable[[str], Sequence[int]]) -> None:
        super().__init__()
        self._encode = encode

    def __missing__(self, word: str) -> tuple[int, ...]:
        ids = tuple(self._encode(word))
        if len(ids) <= MOST_IDS:
            if len(self) >= MOST_WORDS:
                self.clear()
            self[word] = ids
        return ids


class WordEncoder:
    """Encodes texts by their words; ``encode`` is the encoder of whole texts that it stands for.

    Exact only where ``cuts_are_exact``. Text must hold no U+2581.
    """

    def __init__(self, encode: Callable[[str], Sequence[int]]) -> None:
        self._memo = Memo(lambda word: encode(_spelled(word)))

    def __call__(self, text: str) -> list[int]:
        """Ids of a text."""
        ids = list(chain.from_iterable(map(self._memo.__getitem__, _words(text))))
        del ids[0]
        return ids


def _words(text: str) -> list[str]:
    """Keys of a text that is the second line of one whose first is empty: its first id is newline.

    The cut before a newline is marked by a space. Then text is split at single spaces, which no key
    holds but each stands for; two or more spaces stay with what follows them.

    >>> _words("a b   c\\nd")
    ['\\na', 'b', '   c', '\\nd']
    """
    marked = "\n" + text.replace("\n", " \n")
    if "  " not in marked:
        return marked.split(" ")
    first, *others = _RUN.split(marked)
    words = first.split(" ")
    for run, span in zip(others[::2], others[1::2], strict=True):
        words.append(run)
        if span:
            words += span[1:].split(" ")
    return words


def _spelled(word: str) -> str:
    """What a key stands for in the text."""
    return (word if word.startswith(" ") else f" {word}").replace(" \n", "\n")
