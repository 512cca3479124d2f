"""Translation of short messages from English, out of the catalogues of installed packages.

A record is one message in one language: ``id``, ``group`` (the message in all its languages, forms
and variants), ``language``, ``english``, ``translated``. About three hundred messages exist, those
of humanize in ten languages and those of apprise in two, so the task is small, its intervals are
wide, and nobody should expect a small model to learn ten languages from it: it is shown, like any
other, as it comes out.
"""

from collections.abc import Iterable, Iterator

from tasks_to_text.example import Example
from tasks_to_text.source import Source
from tasks_to_text.task import Row, Split, Task

CATALOGUES = Source(product="catalogues")
"""The records of the tasks that are made from message catalogues."""

_BYTES = 90
"""Of the English and of its translation."""


def translation_rows(records: Iterable[Row], split: Split) -> Iterator[Row]:
    """Every message that is short enough. Rows: id, group, language, english, translated."""
    for record in records:
        texts = {name: " ".join(record[name].split()) for name in ("english", "translated")}
        if all(0 < len(text.encode()) <= _BYTES for text in texts.values()):
            yield {
                "id": record["id"],
                "group": record["group"],
                "language": record["language"],
                **texts,
            }


def translation_keys(row: Row) -> tuple[str, ...]:
    """The English and the language: the group, which holds more, is split by the source."""
    return (f"{row['language']}: {row['english'].casefold()}",)


def translation_example(row: Row) -> Example:
    """The template of ``translation``.

    ``{language: "French", english: "a day", translated: "un jour"}`` becomes::

        English: a day
        French:

    with the target `` un jour``.
    """
    return Example(
        example_id=row["id"],
        group=row["group"],
        prompt=f"English: {row['english']}\n{row['language']}:",
        target=f" {row['translated']}",
        references=(row["translated"],),
        segments=(row["english"], row["language"]),
    )


TRANSLATION = Task(
    name="translation",
    description="A short message of a program from English into one of ten languages; the "
    "translator's own, from the package's catalogue.",
    kind="translation",
    source=CATALOGUES,
    columns=("id", "group", "language", "english", "translated"),
    rows=translation_rows,
    keys=translation_keys,
    template=translation_example,
    specimens=(
        {
            "id": "humanize:French:a day",
            "group": "day",
            "language": "French",
            "english": "a day",
            "translated": "un jour",
        },
    ),
    protocol="generation",
    metrics=("chrf", "bleu"),
    baselines={"copy": lambda example: example.segments[0]},
    max_tokens=32,
)
