"""Faults of what a Prefect worker runs: engines, workers, cancelled and simultaneous flow runs."""

from tests.faults.fault import Fault
from tests.faults.pool import Pool
from tests.faults.scene import Scene
from tests.faults.training import resumed
from tests.flows.processes import wait_for


def _begun(scene: Scene) -> tuple[Pool, str]:
    """A flow run that a worker has started, in mid-training."""
    pool = scene.pool()
    scene.worker(pool)
    pool.limit()
    flow_run = pool.start()
    scene.training()
    return pool, flow_run


def _ended(scene: Scene, pool: Pool, flow_run: str, least: int) -> str:
    """The same flow run goes on by itself and loses nothing."""
    states = pool.reach(flow_run, "COMPLETED")
    scene.stop_workers()
    step = resumed(scene)
    assert step >= least, f"it went on at step {step}, not at {least} or later"
    return f"{states}, from step {step}; {scene.check()}; {pool.check()}"


def engine_killed(scene: Scene) -> str:
    pool, flow_run = _begun(scene)
    scene.engine().kill()
    pool.reach(flow_run, "CRASHED")
    return _ended(scene, pool, flow_run, 60)


def engine_stopped(scene: Scene) -> str:
    pool, flow_run = _begun(scene)
    scene.engine().terminate()
    pool.reach(flow_run, "CRASHED")
    return _ended(scene, pool, flow_run, 60)


def worker_killed(scene: Scene) -> str:
    pool, flow_run = _begun(scene)
    scene.workers[-1].kill()
    scene.worker(pool)
    return _ended(scene, pool, flow_run, 1)


def worker_stopped(scene: Scene) -> str:
    pool, flow_run = _begun(scene)
    scene.workers[-1].terminate()
    scene.workers[-1].wait(60)
    scene.worker(pool)
    return _ended(scene, pool, flow_run, 1)


def cancelled(scene: Scene) -> str:
    pool, flow_run = _begun(scene)
    pool.cancel(flow_run)
    states = pool.reach(flow_run, "CANCELLED")
    (run,) = scene.workspace.glob("run/tiny-generalist-*")
    wait_for("the trainer's end", lambda: not scene.trains(), 60)
    assert "stopped after a checkpoint" in (run / "trainer.log").read_text()
    another = pool.start()
    pool.reach(another, "COMPLETED")
    scene.stop_workers()
    assert pool.state(flow_run) == "CANCELLED", "what a person cancelled was started again"
    found = f"{states}; the next one went on at step {resumed(scene)}"
    return f"{found}; {scene.check()}; {pool.check()}"


def two_nightlies(scene: Scene) -> str:
    pool = scene.pool("nightly", concurrency_limit=1, concurrency_options=QUEUE)
    scene.worker(pool)
    first = pool.start()
    scene.training()
    second = pool.start()
    states = pool.reach(first, "COMPLETED")
    waited = pool.reach(second, "COMPLETED")
    scene.stop_workers()
    one, other = pool.flow_run(first), pool.flow_run(second)
    assert other["start_time"] >= one["end_time"], "both were at work at once"
    log = (scene.workspace / "promotion.jsonl").read_text().splitlines()
    assert len(log) == 1, f"{len(log)} decisions"
    assert other["state"]["name"] == "Skipped", other["state"]
    return f"first: {states}; second: {waited}; one decision; {scene.check()}; {pool.check()}"


QUEUE = {"collision_strategy": "ENQUEUE"}

FAULTS = (
    Fault(
        name="two-nightlies",
        cause="a second nightly is started in the training of the first, with room for both",
        expected="it waits for the first, then is skipped; one decision",
        play=two_nightlies,
    ),
    Fault(
        name="worker-sigkill",
        cause="SIGKILL to the worker in mid-training; another worker is started",
        expected="the flow run completes by itself, bit-equal; its place is free",
        play=worker_killed,
    ),
    Fault(
        name="worker-sigterm",
        cause="SIGTERM to the worker in mid-training; another worker is started",
        expected="the flow run completes by itself, bit-equal; its place is free",
        play=worker_stopped,
    ),
    Fault(
        name="engine-sigkill",
        cause="SIGKILL to the engine of a flow run in mid-training",
        expected="Crashed, scheduled again by an automation, completed, bit-equal",
        play=engine_killed,
    ),
    Fault(
        name="engine-sigterm",
        cause="SIGTERM to the engine of a flow run in mid-training",
        expected="Crashed after a checkpoint, scheduled again, completed, bit-equal",
        play=engine_stopped,
    ),
    Fault(
        name="cancelled",
        cause="cancelled through the API in mid-training",
        expected="Cancelled after a checkpoint and left so; the next flow run goes on, bit-equal",
        play=cancelled,
    ),
)
