"""The table of tasks: names, suggestions, hashes, hypothesis-free laws of every task."""

import pytest

from tasks_to_text import registry
from tasks_to_text.errors import ConfigError, UnknownName
from tasks_to_text.task import Task


def test_the_three_tasks_and_which_of_them_no_mixture_may_hold() -> None:
    assert registry.names() == ("package", "parameter_type", "sentence_order")
    assert [registry.get(name).unseen for name in registry.names()] == [False, False, True]
    assert [registry.get(name).closed for name in registry.names()] == [True, True, False]


def test_unknown_names_suggest_near_ones() -> None:
    with pytest.raises(UnknownName, match="did you mean sentence_order"):
        registry.get("sentence-order")
    with pytest.raises(UnknownName, match="there are package, parameter_type, sentence_order"):
        registry.get("qqq")


@pytest.mark.parametrize("name", registry.names())
def test_specimens_render_and_give_the_template_its_version(name: str) -> None:
    task = registry.get(name)
    for specimen in task.specimens:
        example = task.template(specimen)
        assert example.prompt
        assert example.target[0].isspace()
        assert task.keys(specimen)
    assert len(task.template_hash) == 12
    assert int(task.template_hash, 16) >= 0


def test_versions_differ_between_tasks() -> None:
    hashes = {registry.get(name).template_hash for name in registry.names()}
    assert len(hashes) == 3


def test_a_task_without_a_version_or_a_plain_name_is_refused() -> None:
    task = registry.get("package")
    known = {field: getattr(task, field) for field in ("description", "columns", "rows", "keys")}
    with pytest.raises(ConfigError, match="no specimens"):
        Task(name="package", template=task.template, specimens=(), **known)
    with pytest.raises(ConfigError, match="lower-case"):
        Task(name="Which package?", template=task.template, specimens=task.specimens, **known)
