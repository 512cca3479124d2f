"""Questions whose answers must be known."""

from tasks_to_text.kinds import question_answering
from tasks_to_text.source import Source

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
    group="question",
    unseen=True,
    specimens=(
        {"question": "when was the last time on the moon", "answer": ["December 1972", "1972"]},
    ),
)
"""``Question: when was the last time on the moon?\\nAnswer:`` with the target `` December 1972``;
any of the answers counts. Our test split is the published validation split."""
