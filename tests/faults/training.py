"""Faults of the trainer and of what it writes, under ``generalist pretrain`` by hand."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.faults.fault import Fault
from tests.faults.scene import Scene
from tests.flows.processes import wait_for

DISK = 40_000_000
"""Bytes of the small disk."""
FAKETIME = "/usr/lib/*/faketime/libfaketimeMT.so.1"
HOUR = 3600


def resumed(scene: Scene) -> int:
    """The step at which the generalist went on, by the trainer's own log."""
    (log,) = scene.workspace.glob("run/tiny-generalist-*/trainer.log")
    found = re.findall(r"resumed at step (\d+)", log.read_text())
    assert found, f"the trainer began anew: {log.read_text()}"
    return int(found[-1])


def again(scene: Scene, least: int) -> str:
    """The same command goes on, at ``least`` from that step, and loses nothing."""
    scene.pretrain().succeed()
    step = resumed(scene)
    assert step >= least, f"it went on at step {step}, not at {least} or later"
    return f"the same command went on at step {step}; {scene.check()}"


def trainer_killed(scene: Scene) -> str:
    command = scene.pretrain()
    scene.training()
    scene.trainer().kill()
    error = command.fail()
    assert "killed by SIGKILL" in error and "goes on from its last checkpoint" in error, error
    return f"one error that says so; {again(scene, 50)}"


def trainer_stopped(scene: Scene) -> str:
    command = scene.pretrain()
    scene.training()
    scene.trainer().terminate()
    error = command.fail()
    assert "stopped after a checkpoint: run the command again" in error, error
    return f"one error that says so; {again(scene, 60)}"


def command_interrupted(scene: Scene) -> str:
    command = scene.pretrain()
    scene.training()
    command.process.send_signal(signal.SIGINT)
    code, text = command.end()
    assert code == 130 and "the same command goes on" in text, f"{code}: {text}"
    return f"exit code 130; {again(scene, 60)}"


def checkpoint_damaged(scene: Scene) -> str:
    command = scene.pretrain()
    run = scene.training()
    scene.trainer().terminate()
    command.fail()
    newest = max(run.glob("checkpoints/step-*"))
    flip(newest / "model.safetensors")
    found = again(scene, 40)
    log = (run / "trainer.log").read_text()
    assert "falling back to the checkpoint before" in log, log
    assert resumed(scene) < int(newest.name.removeprefix("step-"))
    return f"the one before {newest.name} was taken; {found}"


def flip(path: Path) -> None:
    """Change one bit in the middle of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def second_trainer(scene: Scene) -> str:
    command = scene.pretrain()
    run = scene.training()
    other = [sys.executable, "-m", "gptcore.pretrain", str(run / "launch.json")]
    done = subprocess.run(other, capture_output=True, text=True, check=False)
    assert done.returncode == 3 and "in use by another trainer" in done.stderr, done
    command.succeed()
    assert json.loads((run / "summary.json").read_text())["generations"] == 1
    return f"second: exit code 3, in use by another trainer; first undisturbed; {scene.check()}"


def second_command(scene: Scene) -> str:
    first = scene.pretrain()
    scene.training()
    second = scene.pretrain()
    first.succeed()
    second.succeed()
    (run,) = scene.workspace.glob("run/tiny-generalist-*")
    assert json.loads((run / "summary.json").read_text())["generations"] == 1
    return f"the second waited and reused both runs; {scene.check()}"


def disk_full(scene: Scene) -> str:
    place = scene.workspace / "run"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(place)]
    mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        error, how = _filled(scene, place) if mounted else _limited(scene)
        if mounted:
            subprocess.run([*mount[:3], "-o", "remount,size=200M", str(place)], check=True)
        return f"{how}: {error.splitlines()[0]!r}; {again(scene, 20)}"
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(place)], check=True)


def _filled(scene: Scene, place: Path) -> tuple[str, str]:
    command = scene.pretrain()
    scene.training()
    with (place / "ballast").open("wb") as ballast:
        try:
            while True:
                ballast.write(bytes(1 << 16))
                ballast.flush()
        except OSError:
            pass
    error = command.fail()
    assert "the disk is full" in error and "the run goes on" in error, error
    (place / "ballast").unlink(missing_ok=True)
    return error, "ENOSPC on a small tmpfs"


def _limited(scene: Scene) -> tuple[str, str]:
    command = scene.pretrain()
    scene.training()
    resource.prlimit(scene.trainer().pid, resource.RLIMIT_FSIZE, (1000, 1000))
    error = command.fail()
    assert "File too large" in error, error
    return error, "EFBIG by RLIMIT_FSIZE (no tmpfs may be mounted here)"


def clock_forwards(scene: Scene) -> str:
    return _clock(scene, HOUR)


def clock_backwards(scene: Scene) -> str:
    return _clock(scene, -HOUR)


def _clock(scene: Scene, seconds: int) -> str:
    """Move the clock of the flow run and its trainer in mid-training, not that of the server."""
    offset = scene.root / "offset"
    offset.write_text("+0\n")
    env, how = _moved(scene, offset)
    command = scene.pretrain(**env)
    run = scene.training()
    offset.write_text(f"{seconds:+d}\n")
    text = command.succeed()
    speeds = [
        row["tokens_per_second"]
        for row in map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    ]
    assert min(speeds) > 0, f"tokens per second: {speeds}"
    assert max(speeds) < 100 * min(speeds), f"tokens per second: {speeds}"
    moved = run.joinpath("manifest.json").stat().st_mtime - time.time()
    assert "-" not in re.findall(r"(\S+) s\b", text)[-1], text
    return f"{how}; files of {moved:+.0f} s; speed as before; {scene.check()}"


def _moved(scene: Scene, offset: Path) -> tuple[dict[str, str], str]:
    """The environment in which a file says how far the clock is wrong."""
    if found := sorted(Path("/").glob(FAKETIME.lstrip("/"))):
        return {
            "LD_PRELOAD": str(found[0]),
            "FAKETIME_TIMESTAMP_FILE": str(offset),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }, "libfaketime"
    place = scene.root / "clock"
    place.mkdir()
    (place / "sitecustomize.py").write_text(_SITECUSTOMIZE)
    path = os.pathsep.join((str(place), os.environ.get("PYTHONPATH", "")))
    return {"PYTHONPATH": path, "CLOCK_OFFSET": str(offset)}, "time.time and time.time_ns replaced"


_SITECUSTOMIZE = """
import os, time
_seconds, _nanoseconds = time.time, time.time_ns
def _offset():
    with open(os.environ["CLOCK_OFFSET"]) as file:
        return int(file.read() or 0)
time.time = lambda: _seconds() + _offset()
time.time_ns = lambda: _nanoseconds() + _offset() * 10**9
"""


def trainer_hangs(scene: Scene) -> str:
    command = scene.pretrain()
    scene.training()
    trainer = scene.trainer()
    trainer.suspend()
    command.process.send_signal(signal.SIGTERM)
    code, text = command.end()
    wait_for("the trainer's end", lambda: not trainer.is_running(), 60)
    assert code == 130, f"exit code {code}: {text}"
    return f"exit code 130, the hanging trainer ended with it; {again(scene, 50)}"


FAULTS = (
    Fault(
        name="trainer-sigkill",
        cause="SIGKILL to the trainer at step 60",
        expected="one error; the same command goes on, bit-equal",
        play=trainer_killed,
    ),
    Fault(
        name="trainer-sigterm",
        cause="SIGTERM to the trainer at step 60",
        expected="a checkpoint, one error; the same command goes on, bit-equal",
        play=trainer_stopped,
    ),
    Fault(
        name="command-ctrl-c",
        cause="SIGINT to `generalist pretrain` in mid-training",
        expected="a checkpoint, exit code 130; the same command goes on, bit-equal",
        play=command_interrupted,
    ),
    Fault(
        name="trainer-hangs",
        cause="SIGSTOP to the trainer, then SIGTERM to the command",
        expected="both end; the same command goes on, bit-equal",
        play=trainer_hangs,
    ),
    Fault(
        name="checkpoint-damaged",
        cause="a bit flipped in the newest checkpoint of a stopped run",
        expected="the checkpoint before is taken and the log says so; bit-equal",
        play=checkpoint_damaged,
    ),
    Fault(
        name="two-trainers",
        cause="a second trainer on a run directory in use",
        expected="the second is refused with exit code 3, the first is undisturbed",
        play=second_trainer,
    ),
    Fault(
        name="two-commands",
        cause="a second `generalist pretrain` in mid-training",
        expected="it waits and reuses what the first has trained",
        play=second_command,
    ),
    Fault(
        name="disk-full",
        cause="the disk of the run directory is filled in mid-training",
        expected="one error that says so; with room again the same command goes on, bit-equal",
        play=disk_full,
    ),
    Fault(
        name="clock-forwards",
        cause="the clock of flow and trainer jumps an hour ahead in mid-training",
        expected="bit-equal; speeds and logged steps as ever",
        play=clock_forwards,
    ),
    Fault(
        name="clock-backwards",
        cause="the clock of flow and trainer jumps an hour back in mid-training",
        expected="bit-equal; speeds and logged steps as ever",
        play=clock_backwards,
    ),
)
