"""The same in another language: English and French.

The wording ``gpt2`` is that of GPT-2 (§3.7), ``English = French``: what is asked for shows only in
the solved examples before it. GPT-2's answer was the first sentence, ours is the first line.
"""

from tasks_to_text.kinds import translation
from tasks_to_text.source import Source
from tasks_to_text.task import Task

_LANGUAGES = {"en": "English", "fr": "French"}


def _pair(
    name: str,
    direction: str,
    description: str,
    source: Source,
    specimen: tuple[str, str],
    few_shot: int = 0,
    siblings: tuple[str, ...] = (),
) -> Task:
    """A task between two languages; ``direction`` is such as ``en-fr``, the specimen in order."""
    given, wanted = direction.split("-")
    return translation(
        name=name,
        siblings=(f"{name.removesuffix(f'_{given}_{wanted}')}_{wanted}_{given}", *siblings),
        description=description,
        source=source,
        source_text=f"{{translation[{given}]}}",
        target_text=f"{{translation[{wanted}]}}",
        source_language=_LANGUAGES[given],
        target_language=_LANGUAGES[wanted],
        metrics=("bleu", "chrf"),
        wordings={"gpt2": {"wording": "{} ="}},
        few_shot=few_shot,
        max_tokens=96,
        unseen="train" not in source.all_splits,
        specimens=({"translation": dict(zip((given, wanted), specimen, strict=True))},),
    )


_WMT14 = Source(
    hub="wmt/wmt14",
    config="fr-en",
    mirror="tasks/wmt14_fr_en",
    splits={"validation": "validation", "test": "test"},
    licence="not stated (statmt.org: free for research use)",
)
_MULTI30K = Source(
    mirror="tasks/multi30k_en_fr",
    splits={"train": "train", "test": "test"},
    hold_out={"validation": 0.05},
    licence="not stated (captions of Flickr30k, research use)",
)
_CAPTIONS = ("breaking_nli", "snli", "sts_semeval", "stsb")
"""Tasks in English with captions of the same pictures (Flickr30k)."""
_TATOEBA = Source(
    mirror="tasks/tatoeba_en_fr", splits={"test": "test"}, licence="CC BY 2.0 FR (Tatoeba)"
)

WMT14_FR_EN = _pair(
    "wmt14_fr_en",
    "fr-en",
    "French news sentences into English (newstest2013 and newstest2014; Bojar et al. "
    "2014); by professional translators.",
    _WMT14,
    ("Il pleut.", "It rains."),
    few_shot=5,
)
"""``French: Il pleut.\\nEnglish:`` with the target `` It rains.``; in the wording ``gpt2``
``Il pleut. =``. Five solved pairs are shown before it; how many GPT-2 read is not published."""
WMT14_EN_FR = _pair(
    "wmt14_en_fr",
    "en-fr",
    "English news sentences into French (newstest2013 and newstest2014; Bojar et al. "
    "2014); by professional translators.",
    _WMT14,
    ("It rains.", "Il pleut."),
    few_shot=5,
)
"""``English: It rains.\\nFrench:`` with the target `` Il pleut.``."""

MULTI30K_EN_FR = _pair(
    "multi30k_en_fr",
    "en-fr",
    "English captions of pictures into French (Elliott et al. 2017); by translators.",
    _MULTI30K,
    ("A dog runs.", "Un chien court."),
    siblings=_CAPTIONS,
)
"""Short sentences with training rows; the first 20 000 of a shuffle in a mirror."""
MULTI30K_FR_EN = _pair(
    "multi30k_fr_en",
    "fr-en",
    "French captions of pictures into English (Elliott et al. 2017); by translators.",
    _MULTI30K,
    ("Un chien court.", "A dog runs."),
    siblings=_CAPTIONS,
)
"""``multi30k_en_fr`` the other way round: who trains on one has read the other's rows."""

TATOEBA_EN_FR = _pair(
    "tatoeba_en_fr",
    "en-fr",
    "English everyday sentences into French (Tatoeba; Tiedemann 2020); by volunteers.",
    _TATOEBA,
    ("I see.", "Je vois."),
)
"""Most have a handful of words."""
TATOEBA_FR_EN = _pair(
    "tatoeba_fr_en",
    "fr-en",
    "French everyday sentences into English (Tatoeba; Tiedemann 2020); by volunteers.",
    _TATOEBA,
    ("Je vois.", "I see."),
)
"""``tatoeba_en_fr`` the other way round."""
