"""What the gate is given: what both models have read, and comparisons that make no sense."""

import json
import random
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from flows.champion import Decision, record
from flows.clean import ReadItems, read_by
from flows.judging import judge
from flows.profiles import Profile
from flows.shipped import tiny
from flows.tokenize import Text
from flows.workspace import Product, Workspace
from gptcore.config import TokenizerConfig
from gptcore.manifest import write_manifest
from gptcore.shards import encode_documents
from gptcore.tokenizer import load_tokenizer, train_tokenizer
from tasks_to_text import registry
from tasks_to_text.example import Example
from tasks_to_text.scored import Item
from tasks_to_text.store import Converted, write_items, write_prompts

_RANDOM = random.Random(0)
TEXTS = [" ".join(f"w{_RANDOM.randrange(5000)}" for _ in range(40)) for _ in range(40)]
EXAMPLES = {"tonight": 3, "then": 13, "long ago": 23, "nowhere": 33}
"""Example → the text that it is; of ten texts each, a run has read its own ten."""
TASK = "continuation"


@dataclass(frozen=True)
class Place:
    """A workspace with prompts, and shards and runs to be made in it."""

    workspace: Workspace
    prompts: Product
    tokenizer: Product

    def made(self, kind: str, build: Any, config: Any = None, **inputs: Product) -> Product:
        def built(out: Path) -> dict[str, Any]:
            build(out)
            return {}

        return self.workspace.product(
            kind, "tiny", config=config or {}, inputs=inputs, entry=(), build=built
        )

    def shards(self, first: int) -> Product:
        """Ten texts of the corpus; of tasks nothing that is evaluated."""
        model = load_tokenizer(self.tokenizer.path)

        def build(out: Path) -> None:
            for name in ("corpus", *tiny().mixture_tasks):
                some = TEXTS[first : first + 10] if name == "corpus" else [f"Nothing {first}."]
                encode_documents(model, some, out, split="train", name=name)

        return self.made("shards", build, {"first": first})

    def run(self, shards: Product, **inputs: Product) -> Product:
        streams = [{"name": name} for name in (*tiny().mixture_tasks, "corpus")]
        config = {"train": {"mixture": streams}, "model": {"context_length": 64}}

        def build(out: Path) -> None:
            (out / "w").write_text(shards.digest + "".join(one.digest for one in inputs.values()))

        return self.made("run", build, config, shards=shards, tokenizer=self.tokenizer, **inputs)

    def text(self, shards: Product) -> Text:
        return Text(
            prompts=self.prompts, documents=self.prompts, tokenizer=self.tokenizer, shards=shards
        )

    def read(self, run: Product, tonight: Product) -> ReadItems:
        return read_by(self.workspace, tiny(), self.text(tonight), run)

    def evaluation(self, tasks: Mapping[str, str], **inputs: Product) -> Product:
        """Task → metric; one item each."""
        scores = [
            {
                "task": task,
                "model": "generalist",
                "split": "validation",
                "metric": metric,
                "headline": True,
                "exposure": "in_mixture",
                "value": 0.5,
            }
            for task, metric in tasks.items()
        ]

        def build(out: Path) -> None:
            (out / "metrics.json").write_text(json.dumps(scores))
            write_items(
                [answered(task, metric) for task, metric in tasks.items()], out / "items.parquet"
            )

        return self.made("evaluation", build, dict(tasks), **inputs)


def answered(task: str, metric: str) -> Item:
    return Item(
        task=task,
        split="validation",
        model="generalist",
        example_id="tonight",
        group="g",
        template_hash="t",
        prompt_digest="p",
        values={metric: 1.0},
    )


def example(name: str, text: str) -> Example:
    return Example(example_id=name, group=name, prompt=f"Read: {text}", target=" yes",
                   choices=(" yes", " no"), gold=0, segments=(text,))  # fmt: skip


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    workspace = Workspace(tmp_path / "workspace", minimum_free=0)
    monkeypatch.setenv("GENERALIST_WORKSPACE", str(workspace.root))
    examples = [example(name, TEXTS[i]) for name, i in EXAMPLES.items()]

    def prompts(out: Path) -> dict[str, Any]:
        task = registry.get(TASK)
        split: Any = {"validation": examples}
        write_prompts([Converted(task=task, source_name="here", licence="", revision="",
                                 examples=split, n_records={})], out)  # fmt: skip
        return {}

    def pieces(out: Path) -> dict[str, Any]:
        train_tokenizer(TokenizerConfig(vocab_size=512), TEXTS, out)
        return {}

    def made(kind: str, build: Any) -> Product:
        return workspace.product(kind, "tiny", config={}, inputs={}, entry=(), build=build)

    return Place(workspace, made("prompts", prompts), made("tokenizer", pieces))


def test_what_the_champion_has_read_is_looked_for_in_its_own_text(place: Place) -> None:
    tonight, then = place.shards(0), place.shards(10)
    challenger, champion = place.run(tonight), place.run(then)
    assert place.read(challenger, tonight) == ReadItems(
        items=frozenset({(TASK, "tonight")}), known=True
    )
    assert place.read(champion, tonight).items == {(TASK, "then")}
    assert len(place.workspace.finished("contamination")) == 2
    place.read(champion, tonight)
    assert len(place.workspace.finished("contamination")) == 2, "looked through once"


def test_a_run_has_read_what_the_runs_before_it_have_read(place: Place) -> None:
    tonight, then, before = place.shards(0), place.shards(10), place.shards(20)
    first = place.run(before)
    second = place.run(then, initial=first)
    third = place.run(tonight, initial=second)
    names = {name for _, name in place.read(third, tonight).items}
    assert names == {"tonight", "then", "long ago"} and place.read(third, tonight).known
    shutil.rmtree(first.path)
    found = place.read(third, tonight)
    assert {name for _, name in found.items} == {"tonight", "then"} and not found.known


def test_a_run_whose_weights_are_those_it_began_with_is_looked_at_once(place: Place) -> None:
    tonight = place.shards(0)
    first = place.run(tonight)
    manifest = replace(first.manifest, inputs={**first.manifest.inputs, "initial": first.digest})
    write_manifest(first.path, manifest)
    found = place.read(replace(first, manifest=manifest), tonight)
    assert {name for _, name in found.items} == {"tonight"} and not found.known


def test_text_that_is_gone_or_damaged_is_not_known(place: Place) -> None:
    tonight, then = place.shards(0), place.shards(10)
    champion = place.run(then)
    for file in then.path.glob("train/*"):
        file.write_bytes(b"")
    assert place.read(champion, tonight) == ReadItems(items=frozenset(), known=False)
    shutil.rmtree(then.path)
    assert place.read(champion, tonight) == ReadItems(items=frozenset(), known=False)


def judged(place: Place, tasks: Mapping[str, str], before: Sequence[str]) -> tuple[bool, str]:
    """A challenger scored on tasks, against a champion that was judged on those before."""
    tonight = place.shards(0)
    run, champion = place.run(tonight), place.run(place.shards(10))
    then = place.evaluation({**dict.fromkeys(before, "acc"), "documents": "bits_per_byte"})
    decision = Decision(
        key="k",
        profile="tiny",
        promoted=True,
        reason="first",
        run=str(champion.path.relative_to(place.workspace.root)),
        run_digest=champion.digest,
        evaluation=str(then.path.relative_to(place.workspace.root)),
    )
    record(place.workspace, decision)
    profile: Profile = tiny()
    verdict, _ = judge(
        place.workspace, profile, place.text(tonight), run, place.evaluation(tasks), champion
    )
    return verdict.promoted, verdict.reason.replace(run.path.name, "RUN")


def test_a_night_that_dropped_a_task_is_a_decision_with_a_remedy(place: Place) -> None:
    assert judged(place, {"package": "acc"}, ["package", "summary"]) == (
        False,
        "not comparable: tonight's evaluation lacks summary, on which the champion was judged; "
        "by hand: generalist promote --profile tiny --to RUN",
    )


def test_the_same_weights_are_not_compared(place: Place) -> None:
    shards = place.shards(0)
    run = place.run(shards)
    verdict, theirs = judge(
        place.workspace, tiny(), place.text(shards), run, place.evaluation({"a": "acc"}), run
    )
    assert not verdict.promoted and theirs is None and verdict.evidence is None
    assert verdict.reason == "its weights are the champion's"


def test_what_a_first_champion_has_read_is_left_out(place: Place) -> None:
    shards = place.shards(0)
    evaluation = place.evaluation({TASK: "acc"})
    text, run = place.text(shards), place.run(shards)
    verdict, _ = judge(place.workspace, tiny(), text, run, evaluation, None)
    assert verdict.reason == (
        "nothing to decide by; 1 of 1 items left out as read in training; "
        f"{TASK} without a clean item"
    )
