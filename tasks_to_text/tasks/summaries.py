"""Two tasks about the summary that a docstring opens with.

    summary_match   does this summary describe this signature? yes or no
    summary         the rest of a docstring → its summary, as news is summarised: "TL;DR:"

A summary is the first paragraph when that is one short sentence of prose. The first task is easy by
its surface: whether a part of the name stands in the summary answers .86 to .88 of the rows of
installed documentation (the rule ``shared word``), yet a small model does not find that rule and
stays near chance. On the second it is behind the lead sentence. Both are printed as they come out.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from tasks_to_text.example import Example
from tasks_to_text.selection import seeded_digest
from tasks_to_text.task import Row, Split, Task
from tasks_to_text.tasks.sentences import first_sentence, prose, whole
from tasks_to_text.tasks.wording import DOCUMENTATION, bare_name, clip, head_key

_SUMMARY_BYTES = 90
"""Of a summary: about 31 tokens of a small vocabulary."""
_SUMMARY_WORDS = 3


def split_summary(text: str) -> tuple[str, str]:
    """The summary in one line and the rest of the text; ("", "") when it has none.

    >>> split_summary("Sum the elements.\\n\\nOf all axes.")
    ('Sum the elements.', 'Of all axes.')
    """
    first = next(prose(text), [])
    if (
        len(first) != 1
        or len(first[0].text.encode()) > _SUMMARY_BYTES
        or not whole(first[0], min_words=_SUMMARY_WORDS, max_characters=_SUMMARY_BYTES)
    ):
        return "", ""
    return first[0].text, text.partition("\n\n")[2].strip("\n")


# --------------------------------------------------------------------------------- summary_match

_SIGNATURE_BYTES = 200
_PART = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z][a-z]{2}|[A-Z]{3,}(?![a-z])")
"""Of a name, divided at underscores and where CamelCase begins a word."""


def summary_match_rows(records: Iterable[Row], split: Split) -> Iterator[Row]:
    """Every function or method with parameters and a summary.

    Rows: id, group, package, signature (bare name and parameters), summary (the right one).
    """
    for record in records:
        names = [one["name"] for one in record["parameters"]]
        if record["kind"] not in ("function", "method") or not names:
            continue
        summary, _ = split_summary(record["text"])
        signature = f"{bare_name(record['qualname'])}({', '.join(names)})"
        if summary and len(signature.encode()) <= _SIGNATURE_BYTES:
            yield {
                "id": record["id"],
                "group": record["group"],
                "package": record["distribution"],
                "signature": signature,
                "summary": summary,
            }


def summary_match_keys(row: Row) -> tuple[str, ...]:
    """The signature, and the first eight words of the summary."""
    return (row["signature"].lower(), head_key(row["summary"]))


def summary_match_distract(rows: Sequence[Row]) -> list[Row]:
    """Each row with ``shown``: its own summary, or another's, for half of them.

    The wrong ones pass theirs on in a circle, ordered by package: so every summary is shown once,
    and a wrong one is nearly always of the same package.
    """
    order = sorted(rows, key=lambda row: (row["package"], seeded_digest("match", row["id"])))
    wrong = order[1::2]
    shown = {row["id"]: row["summary"] for row in order[::2]}
    following = [*wrong[1:], *wrong[:1]]
    shown |= {row["id"]: other["summary"] for row, other in zip(wrong, following, strict=True)}
    return [{**row, "shown": shown[row["id"]]} for row in rows]


def summary_match_example(row: Row) -> Example:
    """The template of ``summary_match``.

    ``{signature: "sum(a, axis)", summary: "Sum the elements.", shown: "Sum the elements."}``
    becomes::

        Signature: sum(a, axis)
        Summary: Sum the elements.
        Does the summary describe the signature?

    with the choices `` yes``, `` no`` and the target `` yes``.
    """
    choices = (" yes", " no")
    gold = int(row["shown"] != row["summary"])
    return Example(
        example_id=row["id"],
        group=row["group"],
        prompt=f"Signature: {row['signature']}\nSummary: {row['shown']}\n"
        "Does the summary describe the signature?",
        target=choices[gold],
        choices=choices,
        gold=gold,
        segments=(row["signature"], row["shown"]),
    )


def shared_word(example: Example) -> str:
    """Yes when a part of the bare name, of three letters or more, stands in the summary."""
    signature, shown = example.segments
    parts = _PART.findall(signature.partition("(")[0])
    return example.choices[not any(part.lower() in shown.lower() for part in parts)]


SUMMARY_MATCH = Task(
    name="summary_match",
    description="Whether a summary line describes a signature or belongs to another function of "
    "the same package; known from the source.",
    kind="pair",
    source=DOCUMENTATION,
    columns=("id", "group", "distribution", "qualname", "kind", "parameters", "text"),
    rows=summary_match_rows,
    keys=summary_match_keys,
    template=summary_match_example,
    specimens=(
        {
            "id": "numpy:numpy.sum",
            "group": "numpy.sum",
            "package": "numpy",
            "signature": "sum(a, axis)",
            "summary": "Sum the elements.",
            "shown": "Sum the elements.",
        },
    ),
    closed=True,
    distract=summary_match_distract,
    baselines={"shared word": shared_word},
)

# --------------------------------------------------------------------------------------- summary

_BODY_BYTES = 400
_BODY_WORDS = 20


def summary_rows(records: Iterable[Row], split: Split) -> Iterator[Row]:
    """Every text with a summary whose rest opens with prose. Rows: id, group, body, summary."""
    for record in records:
        summary, rest = split_summary(record["text"])
        if not summary or not next(prose(rest), []):
            continue
        body = clip(rest, _BODY_BYTES)
        if len(body.split()) >= _BODY_WORDS:
            yield {
                "id": record["id"],
                "group": record["group"],
                "body": body,
                "summary": summary,
            }


def summary_keys(row: Row) -> tuple[str, ...]:
    """The first eight words of the summary, and of what is shown."""
    return (head_key(row["summary"]), head_key(row["body"]))


def summary_example(row: Row) -> Example:
    """The template of ``summary``.

    ``{body: "All axes count. It is fast.", summary: "Sum the elements."}`` becomes::

        All axes count. It is fast.
        TL;DR:

    with the target `` Sum the elements.``
    """
    return Example(
        example_id=row["id"],
        group=row["group"],
        prompt=f"{row['body']}\nTL;DR:",
        target=f" {row['summary']}",
        references=(row["summary"],),
        segments=(row["body"],),
    )


SUMMARY = Task(
    name="summary",
    description="The summary line of a documentation text, from the rest of it; the author's own.",
    kind="summarization",
    source=DOCUMENTATION,
    columns=("id", "group", "text"),
    rows=summary_rows,
    keys=summary_keys,
    template=summary_example,
    specimens=(
        {
            "id": "numpy:numpy.sum",
            "group": "numpy.sum",
            "body": "All axes count. It is fast.",
            "summary": "Sum the elements.",
        },
    ),
    protocol="generation",
    metrics=("rouge_l", "rouge_1", "rouge_2"),
    baselines={"lead": lambda example: first_sentence(example.segments[0])},
    max_tokens=32,
)
