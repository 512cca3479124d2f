r"""Kinds of tasks: a labelled dataset becomes a task by one call.

All a file of tasks needs::

    from tasks_to_text.kinds import classification
    from tasks_to_text.source import Source

    TOPIC = classification(
        name="topic",
        description="What a message is about; labels by its sender.",
        source=Source(path="data/messages.csv", splits={"train": "messages.csv"},
                      hold_out={"validation": 0.1, "test": 0.1}),
        text="{subject}\n{body}",
        label="topic",
        labels={"bug": "bug", "idea": "idea"},
        question="Bug or idea?",
        specimens=[{"subject": "Crash", "body": "It stops.", "topic": "bug"}],
    )

Wherever a text is asked for, three things can be given: the name of a column (``"body"``), a
format string over columns (``"{subject}\n{body}"``), or a function of the record. What all kinds
take, such as ``id``, ``group``, ``unseen`` and ``metrics``, is described in
``tasks_to_text.labelled.Common``.

Records that cannot be used are counted by reason and never scored: ``field missing`` (or null),
``field is not text``, ``field empty``, ``label out of range``, ``score is no number``, ``score out
of range``, ``empty choice list``, ``fewer than two choices``, ``choices repeated``, ``no answer``,
``fewer than two words``, ``KeyError in a function of the task`` and the like. Two rows with the
same prompt (for multiple choice: the same prompt and right choice) but for case and white space
count as one question, so the second is dropped.

A task can have further wordings (``wordings``), such as the choices listed behind letters for
``multiple_choice`` (``{"letters": True}``; in a function of your own, ``lettered``).

| kind | answer | scored by |
|---|---|---|
| ``classification`` | a label of a text | accuracy, Brier score, calibration |
| ``pair`` | a label of two texts | accuracy, Brier score, calibration |
| ``rating`` | a number for what two texts share | correlation with the exact scores |
| ``multiple_choice`` | one of a record's own choices | accuracy, also per character |
| ``common_ending`` | the beginning that makes an ending likeliest | accuracy |
| ``reading`` | words from a passage | F1, exact match |
| ``question_answering`` | words from memory | exact match, F1 |
| ``summarization`` | a shorter text | ROUGE |
| ``translation`` | the text in another language | chrF, BLEU |
| ``last_word`` | the last word of a text | accuracy, perplexity |
| ``plain_text`` | none: the text's likelihood | perplexity per word, bits per byte |
"""

from tasks_to_text.kinds_choices import classification, pair, rating
from tasks_to_text.kinds_generation import (
    first_sentence,
    first_sentences,
    question_answering,
    reading,
    summarization,
    translation,
)
from tasks_to_text.kinds_options import common_ending, lettered, multiple_choice
from tasks_to_text.kinds_text import last_word, most_frequent_word, plain_text
from tasks_to_text.labelled import Common, Shape
from tasks_to_text.labels import labels_of

__all__ = [
    "Common",
    "Shape",
    "classification",
    "common_ending",
    "first_sentence",
    "first_sentences",
    "labels_of",
    "last_word",
    "lettered",
    "most_frequent_word",
    "multiple_choice",
    "pair",
    "plain_text",
    "question_answering",
    "rating",
    "reading",
    "summarization",
    "translation",
]
