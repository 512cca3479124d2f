"""Faults of ``generalist up``: its launcher interrupted or killed in mid-training."""

import signal
import sys

from tests.faults.fault import Fault
from tests.faults.pool import Pool, asked
from tests.faults.scene import SECONDS, TOKENS, Command, Scene
from tests.faults.training import resumed
from tests.flows.processes import free_port, wait_for


class Up:
    """``generalist up`` in the workspace of a scene, on ports of its own."""

    def __init__(self, scene: Scene) -> None:
        self._scene, self._port = scene, str(free_port())
        self._command = [
            *(sys.executable, "-m", "flows", "up", "--workspace", str(scene.workspace)),
            *("--port", self._port, "--mlflow-port", str(free_port())),
        ]
        for name in [name for name in scene.env if name.startswith("PREFECT_")]:
            del scene.env[name]
        self.env = {"PREFECT_API_URL": f"http://127.0.0.1:{self._port}/api"}

    def start(self) -> Command:
        """Start it, perhaps again, and wait until it says that it is up."""
        command = self._scene.start(self._command)

        def there() -> bool:
            assert command.process.poll() is None, command.log.read_text()
            return "up after" in command.log.read_text()

        wait_for("generalist up", there, SECONDS)
        return command

    def begin(self) -> tuple[Pool, str]:
        """A flow run of the deployment pretrain, in mid-training."""
        deployment = asked(self.env, "GET", "/deployments/name/pretrain/pretrain")
        pool = Pool(self.env, "gpu", deployment["id"])
        flow_run = pool.start(profile="tiny", overrides={"tokens": TOKENS})
        self._scene.training()
        return pool, flow_run


def interrupted(scene: Scene) -> str:
    up = Up(scene)
    first = up.start()
    _, flow_run = up.begin()
    first.process.send_signal(signal.SIGINT)
    code, text = first.end()
    assert code == 0, f"exit code {code}: {text}"
    wait_for("the end of all processes", lambda: not scene.left(), 15)
    assert "stopped after a checkpoint" in _log(scene), _log(scene)
    return f"all ended in order; {_goes_on(scene, up, flow_run, 60)}"


def killed(scene: Scene) -> str:
    up = Up(scene)
    first = up.start()
    _, flow_run = up.begin()
    first.process.kill()
    first.process.wait()
    return _goes_on(scene, up, flow_run, 1)


def _goes_on(scene: Scene, up: Up, flow_run: str, least: int) -> str:
    """The next start finds the flow run and brings it to its end."""
    second = up.start()
    pool = Pool(up.env, "gpu", "")
    states = pool.reach(flow_run, "COMPLETED")
    second.process.send_signal(signal.SIGINT)
    code, text = second.end()
    assert code == 0, f"exit code {code}: {text}"
    step = resumed(scene)
    assert step >= least, f"it went on at step {step}, not at {least} or later"
    return f"after the next start {states}, from step {step}; {scene.check()}"


def _log(scene: Scene) -> str:
    (log,) = scene.workspace.glob("run/tiny-generalist-*/trainer.log")
    return log.read_text()


FAULTS = (
    Fault(
        name="launcher-ctrl-c",
        cause="SIGINT to `generalist up` in mid-training; started again",
        expected="all ends with a checkpoint; after the next start the flow run completes",
        play=interrupted,
    ),
    Fault(
        name="launcher-sigkill",
        cause="SIGKILL to `generalist up` in mid-training; started again",
        expected="the next start tidies up, the same flow run completes, bit-equal",
        play=killed,
    ),
)
