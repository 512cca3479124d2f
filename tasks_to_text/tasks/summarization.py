"""A shorter text that says the same."""

from tasks_to_text.kinds import summarization
from tasks_to_text.source import Source
from tasks_to_text.task import Row

CNN_DAILYMAIL = summarization(
    name="cnn_dailymail",
    description="The highlights of a news article (See et al. 2017); by its editors.",
    source=Source(
        hub="abisee/cnn_dailymail",
        config="3.0.0",
        splits={"validation": "validation", "test": "test"},
        licence="Apache-2.0 (the collection); articles: CNN and Daily Mail",
    ),
    text="article",
    summary="highlights",
    id="id",
    wordings={"no_hint": {"hint": ""}},
    max_tokens=100,
    top_k=2,
    sentences=3,
    unseen=True,
    specimens=(
        {
            "id": "a",
            "article": "It rained for days. The river rose. A bridge fell. Nobody was hurt.",
            "highlights": "Rain brings down a bridge .\nNobody is hurt .",
        },
    ),
)
"""The prompt is the article and ``TL;DR:`` on a line of its own. As in GPT-2 (§3.6), 100 tokens are
drawn from the two likeliest each, and the first three sentences are kept; the wording ``no_hint``
leaves ``TL;DR:`` out, which cost GPT-2 6.4 points of ROUGE. ``lead3``, the first three sentences of
the article, beats most models."""


def abstract(row: Row) -> str:
    """The sentences of an abstract on one line.

    >>> abstract({"source": ["We sort.", " ", "It is fast."]})
    'We sort. It is fast.'
    """
    return " ".join(" ".join(row["source"]).split())


SCITLDR = summarization(
    name="scitldr",
    description="One sentence for the abstract of a paper on machine learning (SciTLDR; Cachola "
    "et al. 2020); by its authors and by readers of its reviews.",
    source=Source(
        mirror="tasks/scitldr",
        splits={"train": "train", "validation": "validation", "test": "test"},
        licence="Apache-2.0",
    ),
    text=abstract,
    summary="target",
    columns=("source",),
    id="paper_id",
    group="paper_id",
    wordings={"no_hint": {"hint": ""}, "asked": {"hint": "In one sentence:"}},
    max_tokens=48,
    specimens=(
        {"paper_id": "a", "source": ["We sort.", "It is fast."], "target": ["A fast sort.", "So"]},
    ),
)
"""The best of up to four summaries counts; training reads the first. The Hub has it as a script
only."""
