"""The wordings ``lm_eval`` against lm-evaluation-harness: the same records, its own task files.

White space at the end of a context is compared where the harness scores it: in the continuation.
"""

import json
from pathlib import Path
from typing import Any

import lm_eval.tasks
import pytest
from lm_eval.api.task import ConfigurableTask
from lm_eval.tasks._yaml_loader import load_yaml
from lm_eval.tasks.squadv2.task import SQuAD2

from tests.tasks_to_text import test_answer_tasks, test_choice_tasks, test_coreference_tasks
from tests.tasks_to_text.golden import Record, example

ROWS = {**test_answer_tasks.ROWS, **test_choice_tasks.ROWS, **test_coreference_tasks.ROWS}
HELLASWAG, WINOGRANDE = ROWS["hellaswag"], ROWS["winogrande"]
BAG = test_coreference_tasks.winograd("Jim took his bag. It tore.", "his", "Jim", "The man")
STARTS = test_coreference_tasks.winograd("Ann  saw it. She won.", "She", "The cat", "Ann")
CASES: dict[str, tuple[str, list[Record]]] = {
    "hellaswag": (
        "hellaswag/hellaswag.yaml",
        [HELLASWAG, {**HELLASWAG, "ctx_a": " Sit [step]  down. [x]", "ctx_b": ""}],
    ),
    "swag": ("swag/swag.yaml", [ROWS["swag"]]),
    "piqa": ("piqa/piqa.yaml", [ROWS["piqa"]]),
    "arc_easy": ("arc/arc_easy.yaml", [ROWS["arc_easy"]]),
    "arc_challenge": ("arc/arc_challenge.yaml", [ROWS["arc_challenge"]]),
    "openbookqa": ("openbookqa/openbookqa.yaml", [ROWS["openbookqa"]]),
    "commonsense_qa": ("commonsense_qa/default.yaml", [ROWS["commonsense_qa"]]),
    "social_i_qa": ("siqa/siqa.yaml", [ROWS["social_i_qa"]]),
    "boolq": (
        "super_glue/boolq/default.yaml",
        [{**ROWS["boolq"], "answer": answer, "label": int(answer)} for answer in (True, False)],
    ),
    "wsc273": ("wsc273/default.yaml", [test_coreference_tasks.TROPHY, BAG, STARTS]),
    "winogrande": (
        "winogrande/default.yaml",
        [WINOGRANDE, {**WINOGRANDE, "sentence": "Ann saw Mia at _'s."}],
    ),
    "nq_open": ("nq_open/nq_open.yaml", [ROWS["nq_open"]]),
}
"""Task → its file, and records of it."""


def harness(path: str, records: list[Record], folder: Path) -> ConfigurableTask:
    """The harness's task over our records, without solved examples."""
    rows = folder / "test.jsonl"
    rows.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    config: dict[str, Any] = load_yaml(
        Path(lm_eval.tasks.__file__).parent / path, resolve_func=True
    )
    for key in ("training_split", "validation_split", "fewshot_split", "dataset_name"):
        config.pop(key, None)
    files = {"data_files": {"test": str(rows)}, "cache_dir": str(folder / "cache")}
    task = ConfigurableTask(
        config={**config, "test_split": "test", "dataset_path": "json", "dataset_kwargs": files}
    )
    task.build_all_requests(rank=0, world_size=1)
    return task


def moved(context: str, continuation: str) -> tuple[str, str]:
    """A request as the harness hands it to a model."""
    shown = context.rstrip()
    return shown, context[len(shown) :] + continuation


@pytest.mark.parametrize("name", sorted(CASES))
def test_requests_are_those_of_the_harness(name: str, tmp_path: Path) -> None:
    path, records = CASES[name]
    task = harness(path, records, tmp_path)
    template = "main" if name == "swag" else "lm_eval"
    for number, record in enumerate(records):
        made = example(name, record, template)
        theirs: list[Any] = [one.arguments for one in task.instances if one.doc_id == number]
        if made.choices:
            assert made.requests == tuple(moved(*request) for request in theirs)
        else:
            assert [made.prompt] == [context for context, _ in theirs]
    assert len({one.doc_id for one in task.instances}) == len(records)


def test_questions_about_a_paragraph_are_those_of_the_harness() -> None:
    rugby = test_answer_tasks.RUGBY
    for record in (rugby, {**rugby, "answers": {"text": [], "answer_start": []}}):
        made = example("squad_v2", record, "lm_eval")
        peer = SQuAD2.__new__(SQuAD2)
        assert (made.prompt, made.target) == (peer.doc_to_text(record), peer.doc_to_target(record))
