"""Laws of the workspace: what is found again, what is built again, what is never left behind."""

import json
import logging
import multiprocessing
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import flows
from flows.errors import ConfigError, WorkspaceError
from flows.workspace import Product, Workspace, root

ENTRY = ("gptcore.manifest",)


def build(workspace: Workspace, text: str = "one", **changes: Any) -> Product:
    """A product whose only file says ``text``."""

    def body(out: Path) -> dict[str, int]:
        (out / "text.txt").write_text(text)
        return {"characters": len(text)}

    settings: dict[str, Any] = {"config": {"text": text}, "inputs": {}, "entry": ENTRY}
    return workspace.product("documentation", "small", **{**settings, "build": body, **changes})


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace", minimum_free=0)


def test_a_finished_product_is_reused_and_the_log_says_so(
    workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    first = build(workspace)
    with caplog.at_level(logging.INFO, logger="flows"):
        second = build(workspace, build=lambda out: pytest.fail("built twice"))
    assert (first.reused, second.reused) == (False, True)
    assert second.path == first.path and second.manifest == first.manifest
    assert first.path.name == f"small-{first.manifest.key[:12]}"
    assert f"reused documentation/{first.path.name}" in caplog.messages


def test_what_would_be_reused_is_found_and_nothing_else(workspace: Workspace) -> None:
    def find(text: str) -> Product | None:
        return workspace.find(
            "documentation", "small", config={"text": text}, inputs={}, entry=ENTRY
        )

    assert find("one") is None and not (workspace.root / "documentation").exists()
    first = build(workspace)
    build(workspace, "two")
    found = find("one")  # restored, it is not the newest
    assert found is not None and (found.path, found.digest) == (first.path, first.digest)
    assert find("three") is None
    (first.path / "text.txt").write_text("eno")
    assert find("one") is None and first.path.exists()


def test_the_key_follows_configuration_inputs_and_entry(workspace: Workspace) -> None:
    base = build(workspace)
    other = build(workspace, "two")
    keys = {
        base.manifest.key,
        other.manifest.key,
        build(workspace, inputs={"source": base}).manifest.key,
        build(workspace, inputs={"source": other}).manifest.key,
        build(workspace, entry=("gptcore.tracking",)).manifest.key,
    }
    assert len(keys) == 5


def test_the_same_bytes_from_another_configuration_keep_what_follows_valid(
    workspace: Workspace,
) -> None:
    one = build(workspace, config={"seed": 1})
    two = build(workspace, config={"seed": 2})
    assert one.manifest.key != two.manifest.key and one.digest == two.digest
    assert build(workspace, inputs={"source": one}).path == (
        build(workspace, inputs={"source": two}).path
    )


def test_content_patterns_limit_the_digest(workspace: Workspace) -> None:
    def body(volatile: str) -> Any:
        def inner(out: Path) -> dict[str, int]:
            (out / "weights").mkdir()
            (out / "weights" / "model").write_text("same")
            (out / "metrics.jsonl").write_text(volatile)
            return {}

        return inner

    products = [
        build(workspace, config=name, build=body(name), content=("weights/*",)) for name in "ab"
    ]
    assert products[0].digest == products[1].digest
    assert set(products[0].manifest.files) == {"weights/model", "metrics.jsonl"}


@pytest.mark.parametrize("damage", ["no manifest", "torn manifest", "lost file", "changed file"])
def test_a_broken_product_is_reported_in_one_line_and_built_again(
    workspace: Workspace, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    product = build(workspace)
    manifest, text = product.path / "manifest.json", product.path / "text.txt"
    match damage:
        case "no manifest":
            manifest.unlink()
        case "torn manifest":
            manifest.write_text(manifest.read_text()[:40])
        case "lost file":
            text.unlink()
        case "changed file":
            text.write_text("eno")
    again = build(workspace)
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert not again.reused and text.read_text() == "one"
    assert len(warnings) == 1 and "is broken and is built again" in warnings[0]
    assert "\n" not in warnings[0]


def test_a_crash_leaves_nothing_and_the_next_call_builds(workspace: Workspace) -> None:
    def crash(out: Path) -> dict[str, int]:
        (out / "half.txt").write_text("half")
        raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        build(workspace, build=crash)
    left = [p for p in workspace.root.rglob("*") if p.is_file() and ".locks" not in p.parts]
    assert left == []
    assert set(build(workspace).manifest.files) == {"text.txt"}


def test_a_killed_builder_leaves_nothing_that_counts(workspace: Workspace) -> None:
    context = multiprocessing.get_context("fork")
    builder = context.Process(target=_half_and_hang, args=(workspace,))
    builder.start()
    half = next(_wait_for(lambda: list(workspace.root.rglob("half.txt"))))
    builder.kill()
    builder.join()
    assert half[0].exists()
    assert set(build(workspace).manifest.files) == {"text.txt"}
    assert list(workspace.root.rglob("half.txt")) == []


def test_an_in_place_product_keeps_what_a_failure_left(workspace: Workspace) -> None:
    def crash(out: Path) -> dict[str, int]:
        (out / "checkpoint").write_text("half way")
        raise RuntimeError("boom")

    def resume(out: Path) -> dict[str, int]:
        assert (out / "checkpoint").read_text() == "half way"
        (out / "weights").write_text("done")
        return {}

    options: dict[str, Any] = {"in_place": True, "content": ("weights",)}
    with pytest.raises(RuntimeError, match="boom"):
        build(workspace, build=crash, **options)
    product = build(workspace, build=resume, **options)
    assert set(product.manifest.files) == {"weights"}
    (product.path / "checkpoint").unlink()
    assert build(workspace, build=crash, **options).reused


def test_two_processes_that_want_the_same_product_build_it_once(workspace: Workspace) -> None:
    context = multiprocessing.get_context("spawn")
    journal = workspace.root / "journal"
    builders = [context.Process(target=_slow, args=(workspace, journal)) for _ in range(3)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()
    assert [builder.exitcode for builder in builders] == [0, 0, 0]
    assert journal.read_text() == "built\n"


def test_unwritable_workspaces_name_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file" / "workspace", Path("/proc/workspace")):
        with pytest.raises(WorkspaceError, match=r"cannot be written.*--workspace"):
            Workspace(place)


def test_a_disk_with_too_little_room_is_refused_before_the_stage_starts(tmp_path: Path) -> None:
    crowded = Workspace(tmp_path, minimum_free=10**18)
    with pytest.raises(WorkspaceError, match=r"MB are free, .* are needed"):
        build(crowded, build=lambda out: pytest.fail("started"))


def test_a_disk_that_fills_up_leaves_nothing_half_written(tmp_path: Path) -> None:
    tmp_path = tmp_path / "small"
    tmp_path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(tmp_path)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("mounting a small tmpfs is not permitted here")

    def body(out: Path) -> dict[str, int]:
        (out / "first").write_bytes(bytes(1_000_000))
        (out / "second").write_bytes(bytes(4_000_000))
        return {}

    try:
        workspace = Workspace(tmp_path / "workspace", minimum_free=0)
        with pytest.raises(WorkspaceError, match=r"the disk is full.*free some space"):
            build(workspace, build=body)
        assert not any((workspace.root / "documentation").glob("*"))
        assert build(workspace).path.is_dir()
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def test_source_changes_change_the_key_and_comments_do_not(tmp_path: Path) -> None:
    home = Path(flows.__file__).parent.parent
    for package in ("flows", "gptcore", "tasks_to_text"):
        shutil.copytree(home / package, tmp_path / package)
    reached, unreached = tmp_path / "gptcore" / "errors.py", tmp_path / "gptcore" / "tracking.py"
    before = _source_digest(tmp_path)
    reached.write_text(f'# a comment\n"""Another docstring."""\n{reached.read_text()}')
    unreached.write_text(f"{unreached.read_text()}\nNEW = 1\n")
    assert _source_digest(tmp_path) == before
    reached.write_text(f"{reached.read_text()}\nNEW = 1\n")
    assert _source_digest(tmp_path) != before


def test_modules_imported_inside_functions_count(tmp_path: Path) -> None:
    home = Path(flows.__file__).parent.parent
    for package in ("flows", "gptcore", "tasks_to_text"):
        shutil.copytree(home / package, tmp_path / package)
    with (tmp_path / "gptcore" / "manifest.py").open("a") as manifest:
        manifest.write("\n\ndef f():\n    from gptcore import late\n")
    late = tmp_path / "gptcore" / "late.py"
    late.write_text("VALUE = 1\n")
    before = _source_digest(tmp_path)
    late.write_text("VALUE = 2\n")
    assert _source_digest(tmp_path) != before


def test_a_worker_needs_an_absolute_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("GENERALIST_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    assert root() == tmp_path / "workspace"
    monkeypatch.setenv("PREFECT__FLOW_RUN_ID", "any")
    with pytest.raises(ConfigError, match="needs an absolute path"):
        root()
    monkeypatch.setenv("GENERALIST_WORKSPACE", str(tmp_path))
    assert root() == tmp_path


def test_the_manifest_says_what_the_product_was_made_from(workspace: Workspace) -> None:
    source = build(workspace)
    product = build(workspace, "two", inputs={"source": source})
    manifest = json.loads((product.path / "manifest.json").read_text())
    assert manifest["inputs"] == {"source": source.digest}
    assert manifest["config"] == {"text": "two"}
    assert manifest["counts"] == {"characters": 3}


def _source_digest(home: Path) -> str:
    script = (
        "from flows.provenance import source_digest; print(source_digest(['gptcore.manifest']))"
    )
    env = {**os.environ, "PYTHONPATH": str(home)}
    command = [sys.executable, "-P", "-c", script]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout


def _half_and_hang(workspace: Workspace) -> None:
    def body(out: Path) -> dict[str, int]:
        (out / "half.txt").write_text("half")
        time.sleep(60)
        return {}

    build(workspace, build=body)


def _slow(workspace: Workspace, journal: Path) -> None:
    def body(out: Path) -> dict[str, int]:
        with journal.open("a") as file:
            file.write("built\n")
        time.sleep(0.5)
        return {}

    build(workspace, build=body)


def _wait_for(condition: Any, seconds: float = 10.0) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            yield value
            return
        time.sleep(0.02)
    raise AssertionError("waited in vain")
