"""Faults of what lies on the disk: products, a project's files, the promotion log, the data."""

import json
import re
import sys
from pathlib import Path

from tests.faults.fault import Fault
from tests.faults.project import PROFILE, make_project, write_task
from tests.faults.scene import Command, Scene
from tests.faults.training import flip
from tests.flows.processes import wait_for

PROJECT_TOKENS = 60_000


def shard_missing(scene: Scene) -> str:
    (shard,) = scene.workspace.glob("shards/*/train/corpus.npy")
    shard.unlink()
    return _built_again(scene, "shards", "is missing")


def product_damaged(scene: Scene) -> str:
    (prompts,) = scene.workspace.glob("prompts/*/train.parquet")
    flip(prompts)
    return _built_again(scene, "prompts", "has changed since it was written")


def _built_again(scene: Scene, kind: str, why: str) -> str:
    text = scene.pretrain().succeed()
    told = " ".join(text.split())
    assert f"{kind}/tiny-" in told and "is broken and is built again" in told, text
    assert why in told, text
    reused = len(re.findall("reused", text))
    return f"one line names the file, {kind} built again, {reused} others reused; {scene.check()}"


def databases_locked(scene: Scene) -> str:
    ask = [sys.executable, "-m", "flows", "sql", "--workspace", str(scene.workspace)]
    scene.start([*ask, "SELECT count(*) FROM products"]).succeed()
    (prompts,) = scene.workspace.glob("prompts/*/prompts.duckdb")
    held = [str(prompts), str(scene.workspace / "catalogue.duckdb")]
    holder = scene.start([sys.executable, "-c", _HOLD, *held])
    wait_for("the locks", lambda: "held" in holder.log.read_text(), 60)
    text = scene.pretrain().succeed()
    again = "built again" if "is built again" in " ".join(text.split()) else "reused"
    answer = scene.start([*ask, "SELECT count(*) FROM products"]).succeed()
    holder.process.kill()
    holder.process.wait()
    return f"prompts {again}, sql answers {answer.split()[-1]!r}; {scene.check()}"


_HOLD = """
import sys, time
import duckdb
held = [duckdb.connect(path) for path in sys.argv[1:]]
print("held", flush=True)
time.sleep(600)
"""


def hub_unreachable(scene: Scene) -> str:
    project = make_project(scene.root / "project", tokens=PROJECT_TOKENS)
    toml = (project / "generalist.toml").read_text()
    source = f'hub = "somebody/texts"\nrevision = "{"0" * 40}"\nsplits = {{ train = "train" }}'
    (project / "generalist.toml").write_text(toml.replace('path = "data/texts"', source))
    error = _night(scene, project, HF_ENDPOINT="http://127.0.0.1:1").fail()
    assert "somebody/texts" in error and "--data" in error, error
    assert len(error.strip().splitlines()) == 1, error
    begun = list(scene.workspace.glob(f"*/{PROFILE}-*"))
    assert not begun, f"work began before it was said: {begun}"
    return f"{error.strip()!r}; nothing was built"


def template_changed(scene: Scene) -> str:
    project = make_project(scene.root / "project", tokens=PROJECT_TOKENS)
    night = _night(scene, project)
    _in_training(scene)
    write_task(project, "Subject:")
    night.succeed()
    first = _templates(scene)
    assert len(first) == 1, f"the night has scored under {first}"
    text = _night(scene, project).succeed()
    both = _templates(scene)
    assert "✓ prompts/" in text, f"the prompts were not converted again: {text}"
    assert len(both) == 2, f"the next night has scored under {both}"
    told = "the night ended under the template it began with, the next converted anew"
    return f"{told}; {_sound(scene)}"


def _templates(scene: Scene) -> set[tuple[str, str]]:
    """(evaluation's template, prompts' template) of every evaluation of the task."""
    found = set()
    prompts = {
        manifest["digest"]: manifest
        for path in scene.workspace.glob(f"prompts/{PROFILE}-*/manifest.json")
        if (manifest := json.loads(path.read_text()))
    }
    for path in scene.workspace.glob(f"evaluation/{PROFILE}-*/manifest.json"):
        manifest = json.loads(path.read_text())
        made_of = prompts[manifest["inputs"]["prompts"]]["counts"]["tasks"]["topic"]
        scored = _scored(path.parent)
        assert scored <= {made_of["template_hash"], ""}, (scored, made_of["template_hash"])
        found.add((made_of["template_hash"], manifest["inputs"]["prompts"]))
    return found


def _scored(evaluation: Path) -> set[str]:
    """Template hashes that stand in the scores of the task."""
    rows = json.loads((evaluation / "metrics.json").read_text())
    return {str(row.get("template_hash", "")) for row in rows if row["task"] == "topic"}


def log_cut_off(scene: Scene) -> str:
    project = make_project(scene.root / "project", tokens=PROJECT_TOKENS)
    _night(scene, project).succeed()
    log = scene.workspace / "promotion.jsonl"
    first = log.read_text()
    log.write_text(first + first[: len(first) // 2])
    _night(scene, project).succeed()
    assert log.read_text().startswith(first), "the whole line was changed"
    known = [line for line in log.read_text().splitlines() if _is_json(line)]
    assert len(known) == 1, f"{len(known)} decisions"
    again = _night(scene, project, "--retrain", "always").succeed()
    known = [line for line in log.read_text().splitlines() if _is_json(line)]
    assert len(known) == 2, f"{len(known)} decisions: {again}"
    told = "the known night is skipped, the next decision stands on a line of its own"
    return f"{told}; {_sound(scene)}"


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _night(scene: Scene, project: Path, *more: str, **env: str) -> Command:
    command = [sys.executable, "-m", "flows", "run", "--profile", PROFILE]
    places = ["--project", str(project), "--workspace", str(scene.workspace)]
    return scene.start([*command, *places, *more], **env)


def _in_training(scene: Scene) -> None:
    pattern = f"run/{PROFILE}-generalist-*/metrics.jsonl"
    wait_for("training", lambda: [*scene.workspace.glob(pattern)], 240, every=0.05)


def _sound(scene: Scene) -> str:
    """No half product, no process, no lock, no run at work in MLflow."""
    return scene.check(trainings=False)


FAULTS = (
    Fault(
        name="template-changed",
        cause="a task file of a project is edited while its night trains",
        expected="the night ends under the template it began with; the next converts anew",
        play=template_changed,
    ),
    Fault(
        name="promotion-log-cut-off",
        cause="the promotion log ends in half a line",
        expected="no decision is lost or made twice; the next stands on a line of its own",
        play=log_cut_off,
    ),
    Fault(
        name="shard-missing",
        cause="a shard is deleted between tokenizing and training",
        expected="one warning; the shards are built again, bit-equal",
        play=shard_missing,
    ),
    Fault(
        name="product-damaged",
        cause="a bit flipped in finished prompts",
        expected="one warning; the prompts are built again, the rest reused, bit-equal",
        play=product_damaged,
    ),
    Fault(
        name="duckdb-locked",
        cause="another process holds prompts.duckdb and catalogue.duckdb open to write",
        expected="training reads its shards; `generalist sql` answers from a new catalogue",
        play=databases_locked,
    ),
    Fault(
        name="hub-unreachable",
        cause="a profile with a dataset of the Hub, no mirror, and no way there",
        expected="one clear error before any work",
        play=hub_unreachable,
    ),
)
