"""Natural text from text that is published in words apart (``It does n't , he said .``).

Published scores depend on it: a model that has read natural text finds such spaces unlikely
(Radford et al. 2019, §3.1). Only white space and the stand-ins for quotes and hyphens change, no
letter. What the published form does not tell (whether a lone ``'`` opens or closes) stays apart.

A ``Detokenizer`` has both directions: natural text, and the published form again (from
``tasks_to_text.tasks.retokenize``). Where the way back misses, natural text has lost what the
published form said, and a likelihood of the one is not quite that of the other; ``failures`` counts
such texts. They are scored all the same, and the share belongs beside the score.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from tasks_to_text.tasks.retokenize import (
    moses_tokens,
    penn_tokens,
    ptb_tokens,
    wikitext_tokens,
)

_CLITIC = re.compile(r" (n't|'(?:s|re|ve|ll|d|m|t))(?![\w])", re.IGNORECASE)
_BEFORE_CLOSING = re.compile(r" ([.,;:!?%)\]}]+)(?=\s|['\"]|$)")
_AFTER_OPENING = re.compile(r"(^|(?<=\s)|(?<=['\"]))([(\[{$£€¥]) (?=\S)", re.MULTILINE)


def penn(text: str) -> str:
    """Words apart as in the Penn Treebank, on one line.

    >>> penn("`` It 's over , '' he said -lrb- twice -rrb- .")
    '"It\\'s over," he said (twice).'
    """
    text = re.sub(r"(?<!\S)-?[lL][rR][bB]-?(?!\S)", "(", text)
    text = re.sub(r"(?<!\S)-?[rR][rR][bB]-?(?!\S)", ")", text)
    text = re.sub(r"`` ?", '"', text)
    text = re.sub(r" ?''", '"', text)
    text = re.sub(r"(?<!\S)` ", "'", text)
    text = re.sub(r" '(?=\s|$)", "'", text)
    return _joined(" ".join(text.split()))


def wikitext(text: str) -> str:
    """A page of WikiText, line by line; quotes open and close in turn within a line.

    >>> wikitext(' = Ann = \\n \\n She read 1 @,@ 000 " well @-@ known " books . \\n')
    '= Ann =\\n\\nShe read 1,000 "well-known" books.\\n'
    """
    return "\n".join(map(_wikitext_line, text.split("\n")))


def ptb(text: str) -> str:
    r"""A sentence of the Penn Treebank as language models are tested on it: lower case, numbers
    as ``N``, rare words as ``<unk>``, no punctuation but within words. Those stand-ins stay.

    >>> ptb("mr. <unk> says it 's up $ N and\\/or is n't")
    "mr. <unk> says it's up $N and/or isn't"
    """
    return penn(re.sub(r"\\([/*])", r"\1", text))


def one_billion_words(text: str) -> str:
    r"""A sentence of the One Billion Word Benchmark; quotes open and close in turn.

    >>> one_billion_words('" We can \'t , " said Mr. Lee ( twice ) .')
    '"We can\'t," said Mr. Lee (twice).'
    """
    return _moses_line(" ".join(text.split()))


def _wikitext_line(line: str) -> str:
    line = line.strip(" ")
    line = re.sub(r" @([-,.])@ ", r"\1", line)
    if line.startswith("= "):
        line = re.sub(r"=(?: =)+", lambda run: run[0].replace(" ", ""), line)
    return _moses_line(line)


def _moses_line(line: str) -> str:
    """Undirected quotes to what they enclose, unless one is left over; then marks to words."""
    parts = re.split(r'(?<!\S)"(?!\S)', line)
    if len(parts) % 2:  # as many opening as closing ones
        line = parts[0] + "".join(
            f'"{inside.strip(" ")}"{after}'
            for inside, after in zip(parts[1::2], parts[2::2], strict=True)
        )
    return _joined(re.sub(r"(?<=s) '(?=\s|$)", "'", line))


def _joined(text: str) -> str:
    """Closing marks to the word before them, opening ones to the word after them."""
    text = _CLITIC.sub(r"\1", text)
    return _AFTER_OPENING.sub(r"\1\2", _BEFORE_CLOSING.sub(r"\1", text))


@dataclass(frozen=True, kw_only=True, slots=True)
class Detokenizer:
    """The published form of a data set, words apart, to natural text and back."""

    name: str
    """Whose form it is."""
    to_text: Callable[[str], str]
    """Published form → natural text."""
    to_tokens: Callable[[str], str]
    """Natural text → published form, as far as natural text tells."""
    by_line: bool = False
    """Whether each line of a text is one on its own, as failures are counted."""

    def is_invertible(self, text: str) -> bool:
        """Whether a published text comes back as it was, to the last character."""
        return self.to_tokens(self.to_text(text)) == text

    def failures(self, texts: Iterable[str]) -> "Failures":
        """How many published texts (lines that are not blank, where ``by_line``) do not."""
        asked = [one for text in texts for one in self._parts(text)]
        failed = tuple(one for one in asked if not self.is_invertible(one))
        return Failures(n=len(asked), failed=failed)

    def _parts(self, text: str) -> Iterator[str]:
        lines = text.split("\n") if self.by_line else [text]
        yield from (line for line in lines if line.strip())


@dataclass(frozen=True, kw_only=True, slots=True)
class Failures:
    """Texts that a de-tokenizer does not bring back."""

    n: int
    """Texts asked."""
    failed: tuple[str, ...]
    """Those that did not come back, in the published form and in order."""

    @property
    def share(self) -> float:
        """Of all texts; 0 without any."""
        return len(self.failed) / self.n if self.n else 0.0


def _penn(name: str, left: str, right: str) -> Detokenizer:
    back = partial(penn_tokens, brackets=(left, right))
    return Detokenizer(name=name, to_text=penn, to_tokens=back)


SST = _penn("sst", "lrb", "rrb")
"""Sentences without any hyphen, that of ``-lrb-`` included, as the mirror has them. 3 of its 9613
do not come back: single quotes before ``em`` and ``tis``, and two that close together."""
SNLI = _penn("snli", "(", ")")
"""9 of the 39,332 premises and hypotheses of validation and test do not come back: two full stops,
lone quotes, ``Mt.``."""
TREC = _penn("trec", "(", ")")
"""1.2 % of 5439 questions do not come back: it is not published in one form. ``ca n't`` stands
beside ``can 't``, and ``$5 , 0`` beside ``$ 5``."""
LAMBADA = _penn("lambada", "-lrb-", "-rrb-")
"""The original, lower-case form."""
CBT = _penn("cbt", "-LRB-", "-RRB-")
PTB = Detokenizer(name="ptb", to_text=ptb, to_tokens=ptb_tokens)
WIKITEXT = Detokenizer(name="wikitext", to_text=wikitext, to_tokens=wikitext_tokens, by_line=True)
"""19 of the 5352 lines of WikiText-2's validation and test do not come back, so 15 of 120 articles:
marks apart that follow each other (``? ?``, ``. .``), a quote after another letter than s, a line
that ends in ``@,@``, ``var.`` before ``<unk>``."""
ONE_BILLION_WORDS = Detokenizer(
    name="one_billion_words", to_text=one_billion_words, to_tokens=moses_tokens
)
DETOKENIZERS = (SST, SNLI, TREC, LAMBADA, CBT, PTB, WIKITEXT, ONE_BILLION_WORDS)
_REPLACED = (
    *((f" @{sign}@ ", sign) for sign in "-,."),
    *((f" {mark} ", f"{mark} ") for mark in ":;.!?,"),
)
_PAIRS = tuple(
    (re.compile(rf"{re.escape(a)}\s*([^{re.escape(b)}]*?)\s*{re.escape(b)}"), rf"{a}\1{b}")
    for a, b in ("()", "[]", "{}", '""', "''")
)
_HEADINGS = tuple((" ".join("=" * n), "=" * n) for n in (4, 3, 2))
_MARKS = ((" ° ", "°"), (" \n", "\n"), ("\n ", "\n"), (" N ", " 1 "), (" 's", "'s"))
_YEAR = re.compile("/' [0-9]/")
_NO_YEAR = "/'[0-9]/"
"""Meant to close up ``' 70``, but slashes and digits are taken literally in both: only ``/' 7/`` is
found, and its digit is lost."""


def wikitext_in_harness(page: str) -> str:
    """A page of WikiText as lm-evaluation-harness reads it, quirks included: quotes and brackets
    close up over line ends too, ``N`` becomes 1.

    >>> wikitext_in_harness(' = Ann = \\n \\n She read 1 @,@ 000 " well @-@ known " books . \\n')
    ' = Ann =\\n\\nShe read 1,000 "well-known" books.\\n'
    """
    text = _YEAR.sub(_NO_YEAR, page.replace("s '", "s'"))
    text = _replaced(text, _REPLACED)
    for pair, joined in _PAIRS:
        text = pair.sub(joined, text)
    return _replaced(_replaced(text, _HEADINGS), _MARKS)


def _replaced(text: str, pairs: tuple[tuple[str, str], ...]) -> str:
    """One after the other, in order."""
    for found, new in pairs:
        text = text.replace(found, new)
    return text
