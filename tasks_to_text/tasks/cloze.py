"""One word removed from a passage's last sentence, ten candidates out of the passage; kept unseen.

In the manner of the Children's Book Test (Hill et al. 2015, arXiv 1511.02301), as GPT-2 was scored
on it (Radford et al. 2019 §3.2): a choice is the candidate *and* the rest of the sentence. All ten
candidates stand in the sentences before, the right one too; in the last stands none of them but
the right one, and that once. The nine others are the passage's most frequent, so that counting
words hardly answers: the rule ``most frequent candidate`` is right for a fifth of the rows.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from re import findall, search

from tasks_to_text.example import Example
from tasks_to_text.selection import seeded_digest
from tasks_to_text.task import Row, Split, Task
from tasks_to_text.tasks.wording import DOCUMENTATION, head_key
from tasks_to_text.tasks.words import content_words, passages

_PASSAGE_BYTES = 550
_SENTENCE_WORDS = 3
_CANDIDATES = 10
_MIN_BEFORE = 2
"""Words of the last sentence before the gap."""


def cloze_rows(records: Iterable[Row], split: Split) -> Iterator[Row]:
    """One row for every passage with a sentence to ask about and enough candidates.

    Rows: id, group, context, before and after (of the gap, in the last sentence), word, candidates.
    """
    for record in records:
        chunks = passages(
            record["text"], n_bytes=_PASSAGE_BYTES, min_sentences=2, min_words=_SENTENCE_WORDS
        )
        for number, chunk in enumerate(chunks):
            row_id = f"{record['id']}#{number}"
            for end in range(len(chunk) - 1, 0, -1):
                gap = _gap(row_id, chunk[:end], chunk[end])
                if gap:
                    yield {"id": row_id, "group": record["group"], **gap}
                    break


def _gap(row_id: str, context: Sequence[str], last: str) -> dict[str, object] | None:
    """A word of the last sentence to be removed, with its candidates; None where there is none.

    A space stands before it, since a choice owns one, and it stands nowhere else in the sentence,
    in code or with a capital either: there the other candidates would stand out.
    """
    counts = Counter(content_words(" ".join(context)))
    here = Counter(content_words(last))
    words = [word for word in here if here[word] == 1 and word in counts]
    in_last = findall(r"\w+", last.lower())
    others = [word for word in counts if word not in in_last]
    if not words or len(others) < _CANDIDATES - 1:
        return None
    for word in sorted(words, key=lambda word: seeded_digest("gap", row_id, word)):
        found = search(rf"(?<= ){word}(?![\w`'/(-])", last)
        alone = in_last.count(word) == 1
        if found and alone and last[: found.start()].count(" ") >= _MIN_BEFORE:
            break
    else:
        return None
    others.sort(key=lambda other: (-counts[other], seeded_digest("other", row_id, other)))
    candidates = [word, *others[: _CANDIDATES - 1]]
    candidates.sort(key=lambda one: seeded_digest("candidate", row_id, one))
    return {
        "context": " ".join(context),
        "before": last[: found.start()].rstrip(),
        "after": last[found.end() :],
        "word": word,
        "candidates": tuple(candidates),
    }


def cloze_keys(row: Row) -> tuple[str, ...]:
    """The first eight words of the passage, and the whole sentence that is asked about."""
    return (head_key(row["context"]), f"{row['before']} {row['word']}{row['after']}".lower())


def cloze_example(row: Row) -> Example:
    """The template of ``cloze``.

    ``{context: "Sum an axis.", before: "The", word: "axis", after: " is lost.", candidates: (…)}``
    becomes the prompt ``Sum an axis. The`` with a choice `` axis is lost.`` among ten.
    """
    choices = tuple(f" {word}{row['after']}" for word in row["candidates"])
    gold = row["candidates"].index(row["word"])
    return Example(
        example_id=row["id"],
        group=row["group"],
        prompt=f"{row['context']} {row['before']}",
        target=choices[gold],
        choices=choices,
        gold=gold,
        segments=(row["context"], row["before"], row["after"]),
    )


def most_frequent_candidate(example: Example) -> str:
    """The choice whose word stands most often in what is shown, the first mentioned of several."""
    words = findall(r"\w+", example.prompt)
    counts = Counter(words)
    rest = example.segments[-1]
    by_word = {choice.removesuffix(rest).strip(): choice for choice in example.choices}
    return by_word[max(by_word, key=lambda word: (counts[word], -words.index(word)))]


CLOZE = Task(
    name="cloze",
    description="Which of ten words of a documentation passage is missing in its last sentence; "
    "the author's own.",
    kind="cloze",
    source=DOCUMENTATION,
    columns=("id", "group", "text"),
    rows=cloze_rows,
    keys=cloze_keys,
    template=cloze_example,
    specimens=(
        {
            "id": "numpy:numpy.sum#0",
            "group": "numpy.sum",
            "context": "Sum the elements over an axis of the array.",
            "before": "The result has the shape of the array, without that",
            "word": "axis",
            "after": ".",
            "candidates": ("elements", "axis"),
        },
    ),
    unseen=True,
    baselines={"most frequent candidate": most_frequent_candidate},
)
