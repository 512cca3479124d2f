"""``generalist gc`` on a disk: what goes, what stays, and who is asked to wait."""

import fcntl
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flows import in_use
from flows.__main__ import main
from flows.catalogue import catalogue
from flows.champion import FILE, champion_of, decisions
from flows.errors import ConfigError, FlowsError
from flows.garbage import collect
from flows.keeping import DAY
from flows.night import collect_night
from flows.page import page
from flows.workspace import Workspace
from tasks_to_text.database import ask
from tests.flows.nights import make, make_night

LATER = 2 * DAY


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace", minimum_free=0)


def places(workspace: Workspace) -> set[str]:
    found = workspace.root.glob("*/*/manifest.json")
    return {str(path.parent.relative_to(workspace.root)) for path in found}


def test_champions_and_the_last_nights_stay_with_all_they_were_made_from(
    workspace: Workspace,
) -> None:
    nights = [
        make_night(workspace, n, promoted=n == 0, corpus=n // 2) for n in range(6)
    ]  # the champion's text is that of nights 0 and 1
    log = (workspace.root / FILE).read_text()
    before = places(workspace)
    later = time.time() + LATER
    told = collect(workspace, keep=2, dry_run=True, now=later)
    assert places(workspace) == before and any(one.goes for one in told)
    done = collect(workspace, keep=2, now=later)
    assert [(one.place, one.why) for one in done] == [(one.place, one.why) for one in told]
    left = places(workspace)
    gone = before - left
    assert {nights[n].run for n in (1, 2, 3)} <= gone and {nights[n].run for n in (0, 4, 5)} <= left
    assert {one.split("/")[0] for one in gone} >= {"run", "evaluation", "report", "documents"}
    assert sum(one.startswith("documents/") for one in left) == 2, "of the champion, and the last"
    assert sum(one.startswith("report/") for one in left) == 3
    assert (workspace.root / FILE).read_text() == log
    assert not [one for one in collect(workspace, keep=2, now=later) if one.goes]
    champion = champion_of(workspace, "some")
    assert champion is not None and f"run/{champion.path.name}" == nights[0].run


def test_what_is_gone_is_said_to_be_and_the_catalogue_is_right(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENERALIST_WORKSPACE", str(workspace.root))
    first, *_ = [make_night(workspace, n, promoted=n == 1) for n in range(3)]
    catalogue(workspace)
    collect(workspace, keep=1, now=time.time() + LATER)
    counted = ask(catalogue(workspace), "SELECT count(*) FROM products").rows
    assert list(counted) == [(len(places(workspace)),)]
    name = Path(first.run).name
    assert main(["diff", name, name, "--workspace", str(workspace.root)]) == 2
    assert "was removed by generalist gc on" in capsys.readouterr().err
    assert "Not there: the scores" in page(collect_night(workspace, first))
    assert len(decisions(workspace)) == 3


def test_a_run_that_nobody_scored_is_not_lost(workspace: Workspace) -> None:
    shards = make(workspace, "shards", "some", "shards")
    run = make(workspace, "run", "some-generalist", "weights", shards=shards)
    make(workspace, "documents", "some", "of no use")
    found = collect(workspace, now=time.time() + LATER)
    assert [one.place.split("/")[0] for one in found if one.goes] == ["documents"]
    assert run.path.exists() and shards.path.exists()


def test_what_was_used_within_the_last_day_stays(workspace: Workspace) -> None:
    old = make(workspace, "documents", "some", "text")
    os.utime(old.path / "manifest.json", (0, 0))
    os.utime(workspace.root / ".locks" / f"documents-{old.path.name}", (0, 0))
    make(workspace, "documents", "some", "text")  # a night finds it again
    assert not [one for one in collect(workspace) if one.goes]


def test_checkpoints_of_finished_runs_and_leftovers_go(workspace: Workspace) -> None:
    decision = make_night(workspace, 0, promoted=True)
    run = workspace.root / decision.run
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["counts"]["best"] = {"step": 2, "validation/loss": 1.0}
    (run / "manifest.json").write_text(json.dumps(manifest))
    for name in ("step-00000001", "step-00000002", "step-00000003", ".step-00000002"):
        (run / "checkpoints" / name).mkdir(parents=True)
    stale, held = workspace.root / "run/some-old", workspace.root / "run/some-held"
    for path in (stale, held):
        path.mkdir()
        (path / "lock").touch()
        os.utime(path / "lock", (0, 0))
    (workspace.root / ".building/documents-half").mkdir()
    with (held / "lock").open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        told = {one.place: one for one in collect(workspace, now=time.time() + LATER)}
    assert [path.name for path in (run / "checkpoints").iterdir()] == ["step-00000002"]
    assert not stale.exists() and held.exists() and told["run/some-held"].why == "in training"
    assert list((workspace.root / ".building").iterdir()) == []


def test_a_run_that_may_go_on_keeps_what_it_reads(workspace: Workspace) -> None:
    shards = make(workspace, "shards", "some", "shards")
    run = workspace.root / "run/some-generalist-begun"
    run.mkdir(parents=True)
    job = {"shards": str(shards.path), "initial": None}
    (run / "launch.json").write_text(json.dumps(job))
    now = time.time() + LATER
    os.utime(run / "launch.json", (now, now))  # went on since, on shards of days ago
    assert not [one for one in collect(workspace, now=now) if one.goes]
    gone = {Path(one.place).name for one in collect(workspace, now=now + LATER) if one.goes}
    assert gone == {shards.path.name, run.name}


def test_it_waits_for_flows_at_work_and_they_for_it(workspace: Workspace) -> None:
    root = str(workspace.root)
    script = (
        "import sys, time; from pathlib import Path; from flows import in_use\n"
        "in_use.hold(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, root]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as flow:
        assert flow.stdin is not None and flow.stdout is not None
        assert flow.stdout.readline() == "held\n"
        arguments = [sys.executable, "-m", "flows", "gc", "--workspace", root]
        gc = subprocess.Popen(arguments, stdout=pipe, text=True)
        assert gc.stdout is not None
        assert "waiting until the flows at work" in gc.stdout.readline()
        assert gc.poll() is None
        flow.stdin.close()
    assert "gone: 0 of 0" in gc.stdout.read() and gc.wait(60) == 0
    with in_use.alone(workspace.root):
        flow = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        time.sleep(1)
        assert flow.poll() is None
    assert flow.communicate("", timeout=60)[0] == "held\n"


def test_what_cannot_be_read_stops_it(workspace: Workspace) -> None:
    make_night(workspace, 0, promoted=True)
    with pytest.raises(ConfigError, match="keep=0: keep 1 night or more"):
        collect(workspace, keep=0)
    log = workspace.root / FILE
    whole = log.read_text()
    log.write_text(json.dumps({**json.loads(whole), "of the future": 1}) + "\n")
    with pytest.raises(FlowsError, match="a decision that this version cannot read: upgrade"):
        collect(workspace)
    log.write_text(whole + whole[:30])
    collect(workspace)
    product = make(workspace, "documents", "some", "text")
    (product.path / "manifest.json").write_text("{")
    with pytest.raises(FlowsError, match="nothing is removed before"):
        collect(workspace)
