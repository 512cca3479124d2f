"""Was the text of an evaluation item in the training text? (GPT-2 §4)

GPT-2 put the 8-grams of its training text into a Bloom filter. Here it is the other way round: the
8-grams of the *evaluation* texts are indexed (``tasks_to_text.gram_index``), and the training text
streams through. So memory does not grow with the corpus, one pass also tells which documents hold
an item, and no overlap is missed: 8 normalised words (``tasks_to_text.grams``) that stand within
one document are found, whatever their case, punctuation and white space.

Eight words recur by chance ("at the end of the day it was"); GPT-2 too found overlaps that meant
nothing. So a suspect is looked at again, its words themselves and no hashes: it is *confirmed* when
13 of its words in a row stand in a document (the length that GPT-3, appendix C, and
lm-evaluation-harness use), or, of an item with fewer words, all of them. An item of fewer than 8
words is compared as one gram of its own length and marked ``too_short``: so few words are found in
any large text, and mean little.

Text in which no spaces stand between words (Chinese, Japanese, Thai) has few, long words here: of
it only copies of many clauses are found.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from tasks_to_text.example import Example
from tasks_to_text.grams import normalised, words_of
from tasks_to_text.overlap_search import CHECK, GRAM, Search

__all__ = [
    "CHECK",
    "GRAM",
    "EvaluationText",
    "Found",
    "Holder",
    "Overlap",
    "batches",
    "find_overlaps",
    "item_text",
]

_BATCH = 1 << 19
"""Characters of training text looked through at once: with what is made of them, they stay in the
cache."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EvaluationText:
    """What is looked for: the words of one item."""

    task: str
    split: str
    example_id: str
    group: str
    """What intervals are clustered by."""
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """A document of the training text that holds grams of an item."""

    id: str
    n: int
    """Of the item's grams, those that stand in this document."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Overlap:
    """How much of one item stands in the training text."""

    task: str
    split: str
    example_id: str
    group: str
    n_grams: int
    """8-grams of the item, repeated ones too; of one that is too short, 1: all of it (0: it has no
    word at all, so that nothing can be said of it)."""
    n_found: int
    """Those of them that stand in a document of the training text."""
    documents: tuple[Holder, ...]
    """Up to three that hold most of them, most first."""
    confirmed: bool
    """Whether 13 words in a row, or all of fewer, stand in a document, compared as words."""
    too_short: bool
    """Fewer than 8 words."""

    @property
    def share(self) -> float:
        """n_found / n_grams, 0 … 1."""
        return self.n_found / self.n_grams if self.n_grams else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What came of looking through a training text."""

    overlaps: tuple[Overlap, ...]
    """One per item, in their order."""
    documents: int
    """Looked through."""
    n_bytes: int
    """Of their text in UTF-8."""
    n_words: int
    """Of theirs, normalised."""
    index_bytes: int
    """Memory of what was looked for, whatever the size of the corpus."""


def item_text(example: Example) -> str:
    """The row's own words, without the template's, which a mixture with tasks holds anyway.

    Of a text task what the model reads; else the segments, and the target where it is at least as
    long as a gram and not at the end of a segment already. A shorter answer or label makes no gram
    of its own, and in no other wording would it stand right behind the text: with it, a question of
    nine words would need eleven in a row to be confirmed. So a field of fewer than 13 words that
    stands in the training text without the next one is a suspect and no more.
    """
    if not example.prompt:
        return example.target
    own = "\n".join(example.segments) or example.prompt
    target = normalised(example.target)
    if len(target.split(" ")) < GRAM or normalised(own).endswith(target):
        return own
    return f"{own}\n{example.target}"


def find_overlaps(
    items: Sequence[EvaluationText],
    documents: Iterable[tuple[str, str]],
    progress: Callable[[int], None] = lambda n_bytes: None,
) -> Found:
    """Look for every item in all documents, (id, text), which are read once.

    ``progress`` is told the bytes looked through since it was last called. A document is held as a
    whole, with working memory of about ten times its size.
    """
    search = Search([item.text for item in items])
    n_documents = n_bytes = n_words = 0
    for ids, texts in batches(documents):
        size = sum(map(_utf8_size, texts))
        words = words_of(texts)
        search.look(words, ids, n_documents)
        n_documents, n_bytes = n_documents + len(ids), n_bytes + size
        n_words += len(words.starts)
        progress(size)
    return Found(
        overlaps=tuple(_overlaps(items, search)),
        documents=n_documents,
        n_bytes=n_bytes,
        n_words=n_words,
        index_bytes=search.n_bytes,
    )


def _overlaps(items: Sequence[EvaluationText], search: Search) -> Iterator[Overlap]:
    counts = (found.tolist() for found in (search.sizes, *search.counts(), search.confirmed()))
    for number, (item, size, n_grams, n_found, confirmed) in enumerate(
        zip(items, *counts, strict=True)
    ):
        yield Overlap(
            task=item.task,
            split=item.split,
            example_id=item.example_id,
            group=item.group,
            n_grams=n_grams,
            n_found=n_found,
            documents=tuple(Holder(id=id_, n=n) for id_, n in search.holders.of(number)),
            confirmed=confirmed,
            too_short=size < GRAM,
        )


def _utf8_size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))


def batches(documents: Iterable[tuple[str, str]]) -> Iterator[tuple[list[str], list[str]]]:
    """Ids and texts, half a megabyte at a time; a large document alone."""
    ids: list[str] = []
    texts: list[str] = []
    size = 0
    for id_, text in documents:
        if ids and size + len(text) > _BATCH:
            yield ids, texts
            ids, texts, size = [], [], 0
        ids.append(id_)
        texts.append(text)
        size += len(text)
    if ids:
        yield ids, texts
