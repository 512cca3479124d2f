"""The same in another language."""

from tasks_to_text.kinds import translation
from tasks_to_text.source import Source

WMT14_FR_EN = translation(
    name="wmt14_fr_en",
    description="French news sentences into English (newstest2013 and newstest2014; Bojar et al. "
    "2014); by professional translators.",
    source=Source(
        hub="wmt/wmt14",
        config="fr-en",
        mirror="tasks/wmt14_fr_en",
        splits={"validation": "validation", "test": "test"},
        licence="not stated (statmt.org: free for research use)",
    ),
    source_text="{translation[fr]}",
    target_text="{translation[en]}",
    source_language="French",
    target_language="English",
    metrics=("bleu", "chrf"),
    max_tokens=96,
    unseen=True,
    specimens=({"translation": {"en": "It rains.", "fr": "Il pleut."}},),
)
"""``French: Il pleut.\\nEnglish:`` with the target `` It rains.``; no pairs of examples before it,
as GPT-2 had."""
