"""Kinds of tasks that ask how likely a text is: its last word, or all of it."""

import re
from collections import Counter
from typing import Unpack

from tasks_to_text.example import Example
from tasks_to_text.fields import Field, Unusable, columns_of
from tasks_to_text.fields import text as text_of
from tasks_to_text.labelled import Built, Common, Kind, Shape, make
from tasks_to_text.task import Row, Task

_LAST_WORD = Kind(name="cloze", protocol="last_word", metrics=("acc", "perplexity"))
_PLAIN_TEXT = Kind(
    name="language modeling", protocol="text", metrics=("word_perplexity", "bits_per_byte")
)

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_LISTED = (
    "a about after again all also am an and any are as at back be because been before being "
    "but by can can't could couldn't did didn't do does doesn't don't down even for from get "
    "go got had hadn't has hasn't have he he'd he'll he's her here hers him his how i i'd "
    "i'll i'm i've if in into is isn't it it's its just know like me more my no not now of "
    "off on one only or other our out over said say see she she'd she'll she's should so some "
    "still than that that's the their them then there these they they'd they're this those "
    "through to too up us very was wasn't we we'd we'll we're well were what when where which "
    "while who why will with won't would wouldn't yes you you'd you'll you're your "
)
_FUNCTION_WORDS = frozenset(_LISTED.split())


def most_frequent_word(text: str) -> str:
    """The word that a text repeats most, function words of English aside; the later of equals.

    >>> most_frequent_word("The dog saw the cat, and the dog barked at")
    'dog'
    """
    words = [
        word
        for word in _WORD.findall(text)
        if word.lower().replace("’", "'") not in _FUNCTION_WORDS
    ]
    counts = Counter(map(str.lower, words))
    return max(reversed(words), key=lambda word: counts[word.lower()], default="")


def last_word(*, text: Field, **common: Unpack[Common]) -> Task:
    """A text whose last word is to be said (LAMBADA).

    Args:
        text: the whole text; a column, a format string or a function. It is split at its last
            space; punctuation after the word belongs to the word.
        common: see ``Common``.

    ``It rains every day`` becomes the prompt ``It rains every`` with the target `` day``. The word
    that the prompt repeats most is a baseline of the task.
    """

    def build(text: Field = text) -> Built:
        def shape(record: Row) -> Shape:
            whole = text_of(text, record).rstrip()
            prompt = whole.rpartition(" ")[0].rstrip()
            if not prompt:
                raise Unusable("fewer than two words")
            return Shape(prompt=prompt, target=whole[len(prompt) :], segments=(whole,), key=whole)

        return Built(shape, columns_of("text", text))

    return make(_LAST_WORD, build, baselines={"most frequent word": _frequent}, **common)


def plain_text(*, text: Field, original: Field | None = None, **common: Unpack[Common]) -> Task:
    """Running text, whose likelihood is measured.

    Args:
        text: the text that the model reads, white space and all; a column, a format string or a
            function.
        original: the text whose words and bytes are counted, where it is another: for corpora that
            are published in words apart (``can n't``), the model reads natural text, and perplexity
            is still per published word. None: the text itself.
        common: see ``Common``.
    """

    def build(text: Field = text, original: Field | None = original) -> Built:
        counted = text if original is None else original

        def shape(record: Row) -> Shape:
            read = text_of(text, record)
            return Shape(prompt="", target=read, segments=(text_of(counted, record),), key=read)

        return Built(shape, (*columns_of("text", text), *columns_of("original", counted)))

    return make(_PLAIN_TEXT, build, **common)


def _frequent(example: Example) -> str:
    return most_frequent_word(example.prompt)
