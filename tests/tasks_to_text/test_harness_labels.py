"""``lm_eval`` wordings against what lm-evaluation-harness itself asks, on the same rows."""

from pathlib import Path
from typing import Any

import datasets
import lm_eval.tasks
import pytest
from lm_eval.api.task import ConfigurableTask
from lm_eval.tasks._yaml_loader import load_yaml

from tasks_to_text import registry
from tasks_to_text.task import LM_EVAL
from tests.tasks_to_text.test_label_tasks import LABELS, ROWS, made

HARNESS = {
    "cb": "super_glue/cb/default.yaml",
    "cola": "glue/cola/default.yaml",
    "mnli": "glue/mnli/default.yaml",
    "mnli_mismatched": "glue/mnli/mismatch.yaml",
    "mrpc": "glue/mrpc/default.yaml",
    "pascal_rte": "glue/rte/default.yaml",
    "qnli": "glue/qnli/default.yaml",
    "qqp": "glue/qqp/default.yaml",
    "rte": "glue/rte/default.yaml",
    "sst2": "glue/sst2/default.yaml",
}
"""Our task → where the harness says how rows of that schema are asked."""


def harness_task(name: str, records: list[dict[str, Any]]) -> Any:
    """A task of the harness whose dataset are these records."""

    class Offline(ConfigurableTask):  # type: ignore[misc]
        def download(self, *args: Any, **kwargs: Any) -> None:
            rows = datasets.Dataset.from_list(records)
            splits = ("train", self.config.validation_split)
            self.dataset = datasets.DatasetDict(dict.fromkeys(splits, rows))

    path = Path(lm_eval.tasks.__file__).parent / HARNESS[name]
    return Offline(config=load_yaml(path))


def test_the_tasks_that_the_harness_has_are_worded_as_there() -> None:
    assert {name for name in ROWS if LM_EVAL in registry.get(name).wordings} == set(HARNESS)


@pytest.mark.parametrize("name", HARNESS)
def test_lm_eval_wordings_are_the_harness_s_own_requests(name: str) -> None:
    column, values = LABELS[name]
    records = [{**ROWS[name], column: value} for value in values]
    theirs = harness_task(name, records)
    for document, record in zip(theirs.validation_docs(), records, strict=True):
        ours = made(name, record)[LM_EVAL]
        context = theirs.fewshot_context(document, num_fewshot=0)
        requests = theirs.construct_requests(document, context)
        assert tuple(request.args for request in requests) == ours.requests
        assert theirs.doc_to_target(document) == ours.gold
