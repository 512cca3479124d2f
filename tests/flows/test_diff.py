"""What two models answered differently, and where a name of a run leads."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from rich.console import Console

from flows.diff import _show_items, flips, show_diff
from flows.errors import FlowsError
from flows.workspace import Workspace
from tasks_to_text.example import Example
from tasks_to_text.scored import Item
from tests.flows.evaluated import evaluated


def _items(values: Sequence[float], metric: str = "acc", task: str = "t") -> list[Item]:
    return [
        Item(
            task=task,
            split="test",
            model="generalist",
            example_id=str(i),
            group=f"g{i // 2}",
            template_hash="h",
            prompt_digest=f"d{i}",
            values={metric: value},
        )
        for i, value in enumerate(values)
    ]


def test_answers_flip_to_right_and_to_wrong() -> None:
    (found,) = flips(_items([1, 1, 0, 0, 0, 1]), _items([1, 0, 1, 1, 0, 1]))
    assert [pair.a.example_id for pair in found.better] == ["2", "3"]
    assert [pair.a.example_id for pair in found.worse] == ["1"]
    assert found.binary and len(found.flipped) == 3
    assert found.difference.interval.value == pytest.approx(1 / 6)
    assert (
        found.difference.interval.low
        <= found.difference.interval.value
        <= found.difference.interval.high
    )


def test_a_model_differs_from_itself_in_nothing() -> None:
    items = _items([1, 0, 1])
    (found,) = flips(items, items)
    assert found.flipped == [] and found.difference.interval == (0.0, 0.0, 0.0, 0.0)
    assert (found.difference.p, found.difference.mcnemar) == (1.0, 1.0)


def test_wordings_beside_the_main_one_are_not_compared() -> None:
    items = _items([1, 0, 1])
    others = [replace(one, template="other", prompt_digest="o", values={"acc": 0}) for one in items]
    (found,) = flips([*items, *others], [*items, *others])
    assert len(found.pairs) == 3


def test_scores_between_right_and_wrong_get_better_and_worse() -> None:
    (found,) = flips(_items([10.0, 50.0, 70.0], "chrf"), _items([40.0, 50.0, 60.0], "chrf"))
    assert not found.binary
    assert [pair.a.example_id for pair in found.flipped] == ["0", "2"], "the largest change first"
    assert found.flipped[0].gain == pytest.approx(0.3)


def test_a_text_is_better_with_fewer_bits_and_counts_by_its_bytes() -> None:
    bits = _items([8.0, 8.0], "bits_per_byte")
    nats = 5.545177444479562  # of 8 bits
    ours = [replace(i, nats=nats * n, n_bytes=n) for i, n in zip(bits, (10, 30), strict=True)]
    theirs = [replace(ours[0], nats=ours[0].nats / 2), ours[1]]
    (found,) = flips(ours, theirs)
    assert [pair.gain for pair in found.better] == [pytest.approx(4.0)]
    assert found.difference.interval.value == pytest.approx(1.0), (
        "a quarter of the bytes gains 4 bits each"
    )


def test_only_what_both_answered_is_compared() -> None:
    ours, theirs = _items([1, 0, 1, 1]), _items([1, 1, 1])
    theirs[2] = replace(theirs[2], prompt_digest="another wording")
    (found,) = flips(ours, [*theirs, *_items([1], task="other")])
    assert (len(found.pairs), found.only_a, found.only_b) == (2, 2, 1)
    assert flips(ours, _items([1], task="other")) == []


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return evaluated(tmp_path_factory.mktemp("diff") / "workspace")


def _shown(workspace: Workspace, a: str, b: str, **options: object) -> str:
    console = Console(record=True, width=120, file=None, quiet=False)
    with console.capture() as captured:
        show_diff(console, workspace, a, b, **{"split": "test", **options})  # type: ignore[arg-type]
    return captured.get()


def test_a_run_leads_to_its_evaluation_and_its_prompts(workspace: Workspace) -> None:
    shown = _shown(workspace, "first", "third", task="write", number=2)
    assert "A: first-" in shown and "generalist" in shown
    assert shown.count("write test ") == 2 and "gold  " in shown
    assert "documents" not in shown
    whole = _shown(workspace, "first", "third", number=0)
    for task in ("pick", "write", "finish", "read", "documents"):
        assert task in whole
    assert "gold" not in whole


def test_a_terminal_obeys_nothing_that_was_written() -> None:
    escape = "\x1b]0;x\x07\x1b[2J"
    ours, theirs = (
        [replace(item, answer=escape, example_id=f"{item.example_id}{escape}")]
        for item in (_items([1])[0], _items([0])[0])
    )
    (found,) = flips(ours, theirs)
    example = Example(example_id="", group="", prompt=escape, target=escape, references=(escape,))
    console = Console(width=120)
    with console.capture() as captured:
        _show_items(console, found, {ours[0].example_id: example}, 1)
    assert "gold" in captured.get() and not {"\x1b", "\x07"} & set(captured.get())


def test_the_model_without_tasks_is_found_in_the_same_evaluation(workspace: Workspace) -> None:
    shown = _shown(workspace, "first", "second", split="validation", task="pick", number=1)
    assert "language model only" in shown and "validation split" in shown


def test_directories_and_evaluations_can_be_named(workspace: Workspace) -> None:
    (run,) = (workspace.root / "run").glob("third-*")
    evaluations = sorted(path.name for path in (workspace.root / "evaluation").iterdir())
    for name in evaluations:
        assert "split" in _shown(workspace, str(run), name, task="pick")


def test_names_that_lead_nowhere_are_named(workspace: Workspace) -> None:
    with pytest.raises(FlowsError, match="'nobody' is no run: the workspace has first-"):
        _shown(workspace, "nobody", "first")
    with pytest.raises(FlowsError, match="'small' may be any of evaluation/small-"):
        _shown(workspace, "small", "first")
    with pytest.raises(FlowsError, match="third-.* was not evaluated on the validation split"):
        _shown(workspace, "first", "third", split="validation")
    with pytest.raises(FlowsError, match="--task='no': both were scored on pick, write"):
        _shown(workspace, "first", "third", task="no")
