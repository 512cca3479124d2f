"""Questions whose answers must be known."""

from tasks_to_text.kinds import Shape, question_answering
from tasks_to_text.source import Source
from tasks_to_text.task import Row
from tasks_to_text.tasks import harness


def nq_open_in_harness(row: Row) -> Shape:
    """As lm-evaluation-harness without solved examples, its first line included."""
    context = f"Answer these questions:\n\nQ: {row['question']}?\nA:"
    return harness.written(context, row["answer"])


NQ_OPEN = question_answering(
    name="nq_open",
    description="A question that people asked a search engine, answered without any passage (Lee "
    "et al. 2019, from Natural Questions); short answers by annotators.",
    source=Source(
        hub="google-research-datasets/nq_open",
        mirror="tasks/nq_open",
        splits={"test": "validation"},
        licence="CC BY-SA 3.0",
    ),
    question="{question}?",
    answers="answer",
    wordings={"brief": {"asks": "Q", "answered": "A"}, "lm_eval": nq_open_in_harness},
    group="question",
    few_shot=5,
    unseen=True,
    specimens=(
        {"question": "when was the last time on the moon", "answer": ["December 1972", "1972"]},
    ),
)
"""``Question: when was the last time on the moon?\\nAnswer:`` with the target `` December 1972``;
any of the answers counts. Our test split is the published validation split.

GPT-2 read questions with their answers first, to learn the short style (§3.8); how many is not
published, five here, and an evaluation can ask for none. The wording ``lm_eval`` is the harness's
without them; it also ends answers at the first full stop or comma, we at the line end only.
"""
