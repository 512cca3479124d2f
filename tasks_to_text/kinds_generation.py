"""Kinds of tasks whose answer is written freely and compared with references.

Answers stand on one line: white space in them becomes single spaces, and what a model writes ends
at the first line end.
"""

import re
from collections.abc import Callable
from typing import Unpack

from tasks_to_text.errors import ConfigError
from tasks_to_text.fields import Field, Texts, Unusable, columns_of, line, text, texts
from tasks_to_text.labelled import Built, Common, Kind, Shape, make
from tasks_to_text.task import Row, Task

_READING = Kind(name="reading comprehension", protocol="generation", metrics=("f1", "exact_match"))
_QUESTION_ANSWERING = Kind(
    name="question answering", protocol="generation", metrics=("exact_match", "f1")
)
_SUMMARIZATION = Kind(
    name="summarization", protocol="generation", metrics=("rouge_l", "rouge_1", "rouge_2")
)
_TRANSLATION = Kind(name="translation", protocol="generation", metrics=("chrf", "bleu"))

_SENTENCE = re.compile(r".+?[.!?][\"'”’)\]]*(?=\s|$)", re.DOTALL)


def first_sentence(text: str) -> str:
    """The text up to the first full stop, question or exclamation mark before white space.

    >>> first_sentence("It rains 1.5 mm. Then it stops.")
    'It rains 1.5 mm.'
    """
    found = _SENTENCE.match(text)
    return " ".join((found[0] if found else text).split())


def first_sentences(text: str, n: int) -> str:
    """The first ``n`` sentences of a text, on one line; all of it where it has no more.

    >>> first_sentences("It rains. It pours! The end? No.", 2)
    'It rains. It pours!'
    """
    found = [" ".join(one[0].split()) for one in _SENTENCE.finditer(text)]
    return " ".join(found[:n]) if len(found) >= n else " ".join(text.split())


def reading(
    *,
    passage: Field,
    question: Field,
    answers: Texts,
    unanswerable: str = "unanswerable",
    max_tokens: int = 32,
    **common: Unpack[Common],
) -> Task:
    """A passage, a question about it, and one or more right answers.

    Args:
        passage: what to read; a column, a format string or a function.
        question: what is asked; the same.
        answers: the right answers: a column with a text or a list of texts, or a function. The
            first is the one that training reads.
        unanswerable: the answer where the list is empty; "": such records are rejected.
        max_tokens: length of an answer, at most.
        common: see ``Common``.

    The prompt is::

        Rome is the capital of Italy.
        Question: What is the capital of Italy?
        Answer:

    with the target `` Rome``.
    """

    def build(
        passage: Field = passage,
        question: Field = question,
        answers: Texts = answers,
        asks: str = "Question",
        answered: str = "Answer",
    ) -> Built:
        def shape(record: Row) -> Shape:
            read, asked = text(passage, record).strip(), line(question, record)
            prompt = f"{read}\n{asks}: {asked}\n{answered}:"
            return _answered(prompt, texts(answers, record), (read, asked), unanswerable)

        return Built(shape, _columns(passage=passage, question=question, answers=answers))

    return make(_READING, build, max_tokens=max_tokens, **common)


def question_answering(
    *, question: Field, answers: Texts, max_tokens: int = 16, **common: Unpack[Common]
) -> Task:
    """A question without a passage, and one or more right answers.

    Args:
        question: what is asked; a column, a format string or a function.
        answers: the right answers: a column with a text or a list of texts, or a function. The
            first is the one that training reads; a record without any is rejected.
        max_tokens: length of an answer, at most.
        common: see ``Common``.

    The prompt is::

        Question: What is the capital of Italy?
        Answer:

    with the target `` Rome``.
    """

    def build(
        question: Field = question,
        answers: Texts = answers,
        asks: str = "Question",
        answered: str = "Answer",
    ) -> Built:
        def shape(record: Row) -> Shape:
            asked = line(question, record)
            prompt = f"{asks}: {asked}\n{answered}:"
            return _answered(prompt, texts(answers, record), (asked,), "")

        return Built(shape, _columns(question=question, answers=answers))

    return make(_QUESTION_ANSWERING, build, max_tokens=max_tokens, **common)


def summarization(
    *,
    text: Field,
    summary: Field,
    hint: str = "TL;DR:",
    lead: Callable[[str], str] = first_sentence,
    max_tokens: int = 64,
    **common: Unpack[Common],
) -> Task:
    """A text and its summary.

    Args:
        text: what is to be summarised; a column, a format string or a function.
        summary: the summary; the same.
        hint: words on a line of their own between text and summary (GPT-2's by default).
        lead: the beginning of a text that stands for it without any model, a baseline of the task:
            text → text; by default the first sentence.
        max_tokens: length of a summary, at most.
        common: see ``Common``.

    The prompt is the text, a line end and the hint; the target is a space and the summary.
    """

    def build(text: Field = text, summary: Field = summary, hint: str = hint) -> Built:
        if not hint.strip():
            raise ConfigError(f"hint={hint!r}: give words that ask for a summary, such as 'TL;DR:'")

        def shape(record: Row) -> Shape:
            shown, short = _stripped(text, record), line(summary, record)
            prompt = f"{shown}\n{hint.strip()}"
            return Shape(prompt=prompt, target=f" {short}", references=(short,), segments=(shown,))

        return Built(shape, _columns(text=text, summary=summary))

    baselines = {"lead": lambda example: lead(example.segments[0])}
    return make(_SUMMARIZATION, build, baselines=baselines, max_tokens=max_tokens, **common)


def translation(
    *,
    source_text: Field,
    target_text: Field,
    source_language: str,
    target_language: str,
    max_tokens: int = 64,
    **common: Unpack[Common],
) -> Task:
    """A text and its translation.

    Args:
        source_text: the text to translate; a column, a format string such as
            ``"{translation[fr]}"``, or a function.
        target_text: its translation; the same.
        source_language: name of the language of the text, shown before it.
        target_language: name of the language of the translation.
        max_tokens: length of a translation, at most.
        common: see ``Common``.

    The prompt is::

        French: Il pleut.
        English:

    with the target `` It rains.``. Copying the text is a baseline of the task.
    """
    if not source_language.strip() or not target_language.strip():
        raise ConfigError("source_language, target_language: name both languages")

    def build(
        source_text: Field = source_text, target_text: Field = target_text, wording: str = ""
    ) -> Built:
        shown = wording or f"{source_language}: {{}}\n{target_language}:"

        def shape(record: Row) -> Shape:
            given, wanted = line(source_text, record), line(target_text, record)
            prompt = shown.replace("{}", given)
            return Shape(
                prompt=prompt, target=f" {wanted}", references=(wanted,), segments=(given,)
            )

        return Built(shape, _columns(source_text=source_text, target_text=target_text))

    baselines = {"copy": lambda example: example.segments[0]}
    return make(_TRANSLATION, build, baselines=baselines, max_tokens=max_tokens, **common)


def _answered(
    prompt: str, answers: tuple[str, ...], segments: tuple[str, ...], unanswerable: str
) -> Shape:
    right = answers or ((unanswerable,) if unanswerable else ())
    if not right:
        raise Unusable("no answer")
    return Shape(prompt=prompt, target=f" {right[0]}", references=right, segments=segments)


def _stripped(field: Field, record: Row) -> str:
    return text(field, record).strip()


def _columns(**fields: Field | Texts) -> tuple[str, ...]:
    return tuple(name for arg, field in fields.items() for name in columns_of(arg, field))
