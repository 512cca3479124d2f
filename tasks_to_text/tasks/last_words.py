"""The last word of a passage, where the passage holds it already; kept unseen.

In the manner of LAMBADA (Paperno et al. 2016, arXiv 1606.06031): whole sentences, the last of which
ends in a word that stands in one before. The final punctuation is left out, as there.
"""

from collections.abc import Iterable, Iterator, Sequence

from tasks_to_text.example import Example
from tasks_to_text.task import Row, Split, Task
from tasks_to_text.tasks.wording import DOCUMENTATION, head_key
from tasks_to_text.tasks.words import content_words, most_frequent_word, passages

_PASSAGE_BYTES = 550
_SENTENCE_WORDS = 4


def last_word_rows(records: Iterable[Row], split: Split) -> Iterator[Row]:
    """Every passage that can end in a repeated word. Rows: id, group, passage, word."""
    for record in records:
        chunks = passages(
            record["text"], n_bytes=_PASSAGE_BYTES, min_sentences=2, min_words=_SENTENCE_WORDS
        )
        for number, chunk in enumerate(chunks):
            for end in range(len(chunk) - 1, 0, -1):
                word = _last_word(chunk[:end], chunk[end])
                if word:
                    passage = " ".join(chunk[: end + 1]).rstrip(".!?")
                    yield {
                        "id": f"{record['id']}#{number}",
                        "group": record["group"],
                        "passage": passage.removesuffix(word).rstrip(),
                        "word": word,
                    }
                    break


def _last_word(context: Sequence[str], last: str) -> str:
    """The content word that a sentence ends in, if it stands in the context; "" otherwise."""
    written = last.rstrip(".!?").rpartition(" ")[2]
    words = content_words(last)
    if not words or words[-1] != written:
        return ""
    return written if written in content_words(" ".join(context)) else ""


def last_word_keys(row: Row) -> tuple[str, ...]:
    """The first and the last eight words of the passage."""
    end = " ".join(row["passage"].lower().split()[-7:])
    return (head_key(row["passage"]), f"{end} {row['word']}")


def last_word_example(row: Row) -> Example:
    """The template of ``last_word``.

    ``{passage: "Sum over an axis. Then drop that", word: "axis"}`` becomes that passage as the
    prompt with the target `` axis``.
    """
    return Example(
        example_id=row["id"],
        group=row["group"],
        prompt=row["passage"],
        target=f" {row['word']}",
        segments=(row["passage"],),
    )


LAST_WORD = Task(
    name="last_word",
    description="The last word of a documentation passage that holds it already; the author's own.",
    kind="last word",
    source=DOCUMENTATION,
    columns=("id", "group", "text"),
    rows=last_word_rows,
    keys=last_word_keys,
    template=last_word_example,
    specimens=(
        {
            "id": "numpy:numpy.sum#0",
            "group": "numpy.sum",
            "passage": "Sum the elements over an axis. The result has no such",
            "word": "axis",
        },
    ),
    protocol="last_word",
    metrics=("acc", "perplexity"),
    unseen=True,
    baselines={"most frequent word": lambda example: most_frequent_word(example.prompt)},
)
