"""The table of tasks: names, suggestions, a project's own, hypothesis-free laws of every task."""

import dataclasses
import re
import subprocess
import sys

import pytest

from tasks_to_text import registry
from tasks_to_text.errors import ConfigError, UnknownName
from tasks_to_text.metric import METRICS
from tasks_to_text.task import Task
from tasks_to_text.tasks import quickstart, reference

MINE = dataclasses.replace(registry.get("sst2"), name="my_task")


def test_the_table_holds_all_shipped_tasks_once() -> None:
    shipped = [task.name for task in (*quickstart.TASKS, *reference.TASKS)]
    assert sorted(shipped) == list(registry.names())
    assert {"package", "sentence_order", "hellaswag", "lambada"} <= set(shipped)
    assert all(registry.get(name).name == name for name in registry.names())


def test_unknown_names_suggest_near_ones() -> None:
    with pytest.raises(UnknownName, match="did you mean sentence_order"):
        registry.get("sentence-order")
    with pytest.raises(UnknownName, match="there are .*package, .*parameter_type"):
        registry.get("zzz")


def test_a_project_s_own_tasks_are_found_beside_the_shipped_ones() -> None:
    extra = {"my_task": MINE}
    assert registry.get("my_task", extra) is MINE
    assert registry.get("sst2", extra).name == "sst2"
    assert "my_task" in registry.names(extra)
    assert "my_task" not in registry.names()
    with pytest.raises(UnknownName, match="did you mean my_task"):
        registry.get("my_tesk", extra)


def test_a_project_may_not_shadow_a_shipped_task() -> None:
    with pytest.raises(ConfigError, match="sst2 of the project: shipped tasks have these names"):
        registry.get("package", {"sst2": MINE})


@pytest.mark.parametrize("name", registry.names())
def test_specimens_render_and_give_the_template_its_version(name: str) -> None:
    task = registry.get(name)
    for specimen in task.specimens:
        example = task.template(specimen)
        assert not example.prompt or example.contexts or example.target[0].isspace()
        assert task.keys(specimen)
        assert bool(example.choices) == (task.protocol == "choice")
        assert (task.protocol == "text") <= (example.prompt == "" and len(example.segments) == 1)
        assert all(one == one.strip() for one in example.references)
        assert all(isinstance(rule(example), str) for rule in task.baselines.values())
    assert len(task.template_hash) == 12
    assert int(task.template_hash, 16) >= 0
    assert task.headline in METRICS
    assert task.description.endswith(".")


@pytest.mark.parametrize("task", registry.TASKS.values(), ids=lambda task: task.name)
def test_a_description_is_one_sentence_and_names_the_paper_of_a_published_set(task: Task) -> None:
    assert task.description[0].isupper() and task.description.endswith(".")
    assert ". " not in task.description.replace("et al. ", "")
    if task in reference.TASKS:
        author = r"(de )?[A-Z][\w'-]+( and [A-Z][\w'-]+| et al\.)?"
        assert re.search(rf"\b{author} (19|20)\d\d\b", task.description)


def test_siblings_are_shipped_tasks_and_each_other_s() -> None:
    pairs = {(task.name, other) for task in registry.TASKS.values() for other in task.siblings}
    assert {(other, name) for name, other in pairs} == pairs
    assert all(other in registry.TASKS and other != name for name, other in pairs)
    assert {("rte", "pascal_rte"), ("mnli", "mnli_mismatched"), ("sst2", "sst5")} <= pairs


def test_tasks_with_the_same_captions_or_film_reviews_are_siblings() -> None:
    inference, translation = {"snli", "breaking_nli"}, {"multi30k_en_fr", "multi30k_fr_en"}
    similarity, films = {"sts_semeval", "stsb"}, {"sst2", "sst5", "subj"}
    captions = inference | translation | similarity
    for together in (captions, films):
        for name in together:
            assert together - {name} <= set(registry.get(name).siblings)


def test_versions_differ_between_tasks() -> None:
    hashes = {registry.get(name).template_hash for name in registry.names()}
    assert len(hashes) == len(registry.names())


def test_a_task_without_a_version_or_a_plain_name_is_refused() -> None:
    task = registry.get("package")
    fields = ("description", "kind", "source", "columns", "rows", "keys", "template")
    known = {field: getattr(task, field) for field in fields}
    with pytest.raises(ConfigError, match="no specimens"):
        Task(name="package", specimens=(), **known)
    with pytest.raises(ConfigError, match="lower-case"):
        Task(name="Which package?", specimens=task.specimens, **known)


def test_the_table_is_light_to_import() -> None:
    code = (
        "import sys, tasks_to_text.registry\n"
        "heavy = {'pyarrow', 'datasets', 'duckdb', 'numpy', 'pandas', 'sacrebleu', 'rouge_score'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
