"""Whole published datasets, where they are: how many rows, how many rejected and why.

``GENERALIST_DATA`` names the directory (see ``tests.tasks_to_text.golden``).
"""

from collections import Counter

import pytest

from tasks_to_text import registry
from tasks_to_text.task import Rejected
from tests.tasks_to_text import (
    test_answer_tasks,
    test_choice_tasks,
    test_coreference_tasks,
    test_rewriting_tasks,
)
from tests.tasks_to_text.golden import published, real_rows

Rejections = dict[str, int]
REPEATED = "choices repeated"
COUNTS: dict[str, dict[str, tuple[int, Rejections]]] = {
    "arc_challenge": {"train": (1002, {}), "validation": (117, {}), "test": (1172, {})},
    "arc_easy": {"train": (2021, {}), "validation": (230, {}), "test": (2376, {})},
    "bbh": {"test": (6511, {})},
    "boolq": {"test": (2474, {})},
    "commonsense_qa": {"test": (1221, {REPEATED: 24})},
    "dream": {"train": (6116, {REPEATED: 1}), "validation": (2040, {}), "test": (2041, {})},
    "gap": {"train": (2000, {}), "validation": (454, {}), "test": (2000, {})},
    "gsm8k": {"train": (6713, {}), "validation": (760, {}), "test": (1319, {})},
    "hellaswag": {"test": (10042, {})},
    "multi30k_en_fr": {"train": (18991, {}), "validation": (1009, {}), "test": (1000, {})},
    "multi30k_fr_en": {"train": (18991, {}), "validation": (1009, {}), "test": (1000, {})},
    "nq_open": {"test": (3610, {})},
    "openbookqa": {
        "train": (4441, {REPEATED: 2}),
        "validation": (516, {REPEATED: 1}),
        "test": (500, {}),
    },
    "piqa": {"test": (1838, {})},
    "scitldr": {"train": (1992, {}), "validation": (619, {}), "test": (618, {})},
    "social_i_qa": {"test": (1954, {REPEATED: 5})},
    "squad_v2": {"test": (6078, {})},
    "swag": {"test": (500, {})},
    "tatoeba_en_fr": {"test": (5000, {})},
    "tatoeba_fr_en": {"test": (5000, {})},
    "winogender": {"test": (720, {})},
    "winograd_wsc": {"test": (285, {})},
    "winogrande": {"test": (1267, {})},
    "wmt14_en_fr": {"validation": (3000, {}), "test": (3003, {})},
    "wmt14_fr_en": {"validation": (3000, {}), "test": (3003, {})},
    "wsc273": {"test": (273, {})},
    "xquad_en": {"test": (1190, {})},
}
"""Task → split → (records, rejected by reason); what is held out of train is not counted there."""
ELSEWHERE = {"cnn_dailymail", "coqa", "race_high", "race_middle", "squad", "story_cloze"}
"""Tasks that only the Hub, or whoever was sent them, has rows of."""


def test_every_task_of_these_families_is_counted_or_known_to_be_elsewhere() -> None:
    tables = (
        test_answer_tasks.GOLDEN,
        test_choice_tasks.GOLDEN,
        test_coreference_tasks.GOLDEN,
        test_rewriting_tasks.GOLDEN,
    )
    assert set(COUNTS) | ELSEWHERE == set().union(*tables)
    assert set(COUNTS) & ELSEWHERE == set()


@real_rows
@pytest.mark.parametrize("name", sorted(COUNTS))
def test_published_rows(name: str) -> None:
    task, found, earlier = registry.get(name), {}, set[str]()
    for split, records in published(task).items():
        rows = list(task.rows(records, split))
        rejected = Counter(row.reason for row in rows if isinstance(row, Rejected))
        found[split] = (len(records), dict(rejected))
        kept = [row for row in rows if not isinstance(row, Rejected)]
        examples = [template(row) for template in task.templates.values() for row in kept]
        assert len(examples) == len(kept) * len(task.templates)
        questions = {task.keys(row) for row in kept}
        assert len(questions) >= 0.97 * len(kept)
        groups = {row["group"] for row in kept}
        assert len(groups) >= 2
        assert len(groups & earlier) <= 0.006 * len(groups)
        earlier |= groups
    assert found == COUNTS[name]
