"""What ``generalist doctor`` finds wrong without any server; each finding is caused."""

import fcntl
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows import doctor_machine
from flows.doctor_workspace import checkpoints, leftovers, locks, products, promotions
from flows.finding import Finding
from flows.stack_processes import port_holder
from flows.workspace import Workspace
from gptcore.manifest import FORMAT


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace")


def grade(finding: Finding) -> str:
    return finding.grade


def test_an_empty_workspace_is_well(space: Workspace) -> None:
    findings = [products(space), locks(space), leftovers(space), *promotions(space)]
    assert {grade(one) for one in findings} <= {"good", "told"}


def test_a_product_of_a_newer_format_is_wrong(space: Workspace) -> None:
    place = space.root / "shards" / "tiny-0123456789ab"
    place.mkdir(parents=True)
    (place / "manifest.json").write_text(json.dumps({"format": FORMAT + 1}))
    found = products(space)
    assert found.grade == "wrong" and "upgrade" in found.remedy and str(place) in found.said


def test_an_unfinished_run_with_a_checkpoint_of_another_format_is_wrong(space: Workspace) -> None:
    state = space.root / "run" / "tiny-generalist-0" / "checkpoints" / "step-00000010"
    state.mkdir(parents=True)
    (state / "state.json").write_text(json.dumps({"format": 1}))
    assert grade(checkpoints(space)) == "wrong"
    from gptcore.checkpoint import FORMAT as CURRENT

    (state / "state.json").write_text(json.dumps({"format": CURRENT}))
    assert "can go on" in checkpoints(space).said


def test_a_held_lock_is_told_and_excuses_what_is_being_built(space: Workspace) -> None:
    (space.root / ".building" / "documents-x").mkdir()
    assert grade(leftovers(space)) == "odd"
    with space.locked("documents/x"):
        assert "documents-x" in locks(space).said
        assert grade(leftovers(space)) == "told"
    assert locks(space).said == "none is held"


def test_to_look_whether_a_lock_is_held_leaves_it_free(space: Workspace) -> None:
    lock = space.root / ".locks" / "one"
    lock.touch()
    assert grade(locks(space)) == "good"
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_line_that_is_no_decision_and_a_champion_that_is_gone_are_found(space: Workspace) -> None:
    decision = {
        "key": "k", "profile": "tiny", "promoted": True, "reason": "better",
        "run": "run/gone", "run_digest": "d", "evaluation": "evaluation/gone",
    }  # fmt: skip
    (space.root / "promotion.jsonl").write_text(f'{json.dumps(decision)}\n{{"key": "cut o')
    log, champion = promotions(space)
    assert log.grade == "odd" and log.said.startswith("1 of 2 lines")
    assert champion.grade == "wrong" and "run/gone" in champion.remedy


@pytest.fixture
def distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installed package whose requirements a test writes."""
    place = tmp_path / "site"
    (place / "strange-1.0.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(place))
    yield place / "strange-1.0.dist-info" / "METADATA"


def test_a_version_out_of_bounds_is_wrong_and_says_why(distribution: Path) -> None:
    distribution.write_text(
        "Metadata-Version: 2.1\nName: strange\nVersion: 1.0\n"
        "Requires-Dist: fastapi<0.1\nRequires-Dist: sqlalchemy>=1\n"
        'Requires-Dist: mlflow<1; extra == "team"\n'
    )
    found = {one.about: one for one in doctor_machine.packages("strange")}
    assert found["fastapi"].grade == "wrong" and "Prefect's server" in found["fastapi"].said
    assert found["sqlalchemy"].grade == "good" and "mlflow" not in found


def test_our_own_bounds_hold_here() -> None:
    found = list(doctor_machine.packages())
    assert {one.about for one in found} == set(doctor_machine.WHY)
    assert all(one.grade == "good" for one in found), found


def test_a_free_port_has_no_holder() -> None:
    from tests.flows.processes import free_port

    assert port_holder(free_port()) is None
