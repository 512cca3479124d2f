"""Questions about a story, asked one after another."""

import dataclasses
from collections.abc import Iterable, Iterator

from tasks_to_text.kinds import Shape, reading
from tasks_to_text.labelled import digest
from tasks_to_text.source import Source
from tasks_to_text.task import Rejected, Row, Split
from tasks_to_text.tasks import harness


def passage(row: Row, asks: str = "Q", answered: str = "A") -> str:
    """The story, and the questions before this one with their right answers, a line each.

    ``{story: "Ann sings.", history: [("Who sings?", "Ann")]}`` → ``Ann sings.\\nQ: Who sings?\\nA:
    Ann``.
    """
    turns = [
        f"{asks}: {_line(asked)}\n{answered}: {_line(answer)}" for asked, answer in row["history"]
    ]
    return "\n".join([row["story"].strip(), *turns])


def _line(text: str) -> str:
    return " ".join(text.split())


def in_harness(row: Row) -> Shape:
    """As lm-evaluation-harness, which asks the last question of a story only: blank lines."""
    turns = [f"Q: {asked}\n\nA: {answer}\n\n" for asked, answer in row["history"]]
    context = f"{row['story']}\n\n{''.join(turns)}Q: {row['question']}\n\nA:"
    return harness.written(context, [row["answer"]])


_TURN = reading(
    name="coqa",
    description="A question about a story in a conversation about it, with the questions before "
    "and their answers (CoQA; Reddy et al. 2019); an answer by a reader.",
    source=Source(
        hub="stanfordnlp/coqa",
        splits={"test": "validation"},
        licence="mixed by source (CoQA: CC BY-SA 4.0, MSR-LA, research)",
    ),
    passage=passage,
    question="question",
    answers="answer",
    unanswerable="",
    asks="Q",
    answered="A",
    columns=("story", "history"),
    id="id",
    group=lambda row: digest(row["story"]),
    wordings={
        "words": {
            "passage": lambda row: (
                passage(row).replace("\nQ: ", "\nQuestion: ").replace("\nA: ", "\nAnswer: ")
            ),
            "asks": "Question",
            "answered": "Answer",
        },
        "lm_eval": in_harness,
    },
    unseen=True,
    specimens=(
        {
            "id": "a-1",
            "story": "Ann sings. Bo does not.",
            "history": [("Who sings?", "Ann")],
            "question": "Does Bo?",
            "answer": "no",
        },
    ),
)


def coqa_rows(records: Iterable[Row], split: Split) -> Iterator[Row | Rejected]:
    """A row per question of each story. A question without an answer is rejected, and no part of
    the conversation that later questions see.
    """
    for number, record in enumerate(records, start=1):
        turns = _turns(record)
        if turns is None:
            where = f"record {number} of {split}: {str(record.get('story'))[:60]}"
            yield Rejected(reason="questions and answers do not match", where=where)
        else:
            yield from _TURN.rows(turns, split)


def _turns(record: Row) -> list[Row] | None:
    """The questions of a story as records of their own; None: it has not one answer for each."""
    story, questions = record.get("story"), record.get("questions") or ()
    answers = (record.get("answers") or {}).get("input_text") or ()
    if not isinstance(story, str) or not questions or len(questions) != len(answers):
        return None
    pairs = [(_text(q), _text(a)) for q, a in zip(questions, answers, strict=True)]
    return [
        {
            "id": f"{digest(story)}-{turn}",
            "story": story,
            "history": [(q, a) for q, a in pairs[:turn] if q.strip() and a.strip()],
            "question": question,
            "answer": answer,
        }
        for turn, (question, answer) in enumerate(pairs)
    ]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


COQA = dataclasses.replace(_TURN, rows=coqa_rows, columns=("story", "questions", "answers"))
"""The prompt is as GPT-2's (§3.5): the story, the conversation, and ``A:``::

    Ann sings. Bo does not.
    Q: Who sings?
    A: Ann
    Q: Does Bo?
    A:

with the target `` no``. The answers before are the right ones, not the model's. A story is a group;
our test split is the published validation split. The Hub has one answer per question, where the
official score takes the best of four readers, so F1 is lower here."""
