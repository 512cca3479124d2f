"""Tasks that share rows or texts, so that who has learned one is not new to the others."""

from collections.abc import Collection

SIBLINGS: tuple[frozenset[str], ...] = (
    frozenset({"arc_easy", "arc_challenge"}),
    frozenset({"cbt_cn", "cbt_ne"}),
    frozenset({"hellaswag", "swag"}),
    frozenset({"lambada", "lambada_standard"}),
    frozenset({"mnli", "mnli_mismatched"}),
    frozenset({"multi30k_en_fr", "multi30k_fr_en"}),
    frozenset({"race_high", "race_middle"}),
    frozenset({"snli", "breaking_nli"}),
    frozenset({"squad", "squad_v2", "xquad_en", "qnli"}),
    frozenset({"sst2", "sst5"}),
    frozenset({"stsb", "sts_semeval", "mrpc"}),
    frozenset({"tatoeba_en_fr", "tatoeba_fr_en"}),
    frozenset({"wikitext2", "wikitext103"}),
    frozenset({"winograd_wsc", "wsc273"}),
    frozenset({"wmt14_en_fr", "wmt14_fr_en"}),
)
"""Sets of names. MRPC is a part of what the STS tasks were made from; Breaking NLI changes words of
SNLI's premises; QNLI is SQuAD's questions and sentences."""


def is_exposed(task: str, mixture: Collection[str]) -> bool:
    """Whether a mixture holds a task or one of its siblings: its score is not zero-shot then."""
    related = {task}.union(*(names for names in SIBLINGS if task in names))
    return not related.isdisjoint(mixture)
