"""Parts of ``generalist up`` that need no server: state, lock, ports, tether, family."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from flows.errors import FlowsError, WorkspaceError
from flows.mlflow_tracking import Store
from flows.stack import _need_ports, up
from flows.stack_processes import MARK, end, family, need_port
from flows.stack_services import LONGEST_WAIT, REMEMBERED_SECONDS, Child, Places, Service, answers
from flows.stack_state import (
    Process,
    State,
    mlflow_address,
    only_one,
    own,
    process,
    read_state,
    running_stack,
)
from flows.workspace import Workspace
from tests.flows.processes import free_port, wait_for

SLEEP = [sys.executable, "-c", "import time; time.sleep(100)"]


def state(launcher: Process) -> State:
    return State(
        launcher=launcher,
        prefect="http://127.0.0.1:1",
        mlflow="http://127.0.0.1:2",
        processes={"prefect": launcher},
        working=("a", "b"),
    )


def test_what_a_launcher_writes_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "stack").mkdir()
    assert read_state(tmp_path) is None
    state(own()).write(tmp_path / "stack")
    assert read_state(tmp_path) == state(own())
    (tmp_path / "stack" / "state.json").write_text('{"format": 1, "launcher"')
    assert read_state(tmp_path) is None


def test_a_later_process_of_the_same_number_is_not_the_launcher(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "stack").mkdir()
    state(own()).write(tmp_path / "stack")
    assert running_stack(tmp_path) is not None
    assert mlflow_address(tmp_path) == "http://127.0.0.1:2"
    earlier = Process(pid=os.getpid(), started=own().started - 5)
    state(earlier).write(tmp_path / "stack")
    assert running_stack(tmp_path) is None
    assert mlflow_address(tmp_path) == "http://127.0.0.1:5000"


def test_a_second_launcher_is_told_where_the_first_is(tmp_path: Path) -> None:
    with only_one(tmp_path) as before:
        assert before is None
        state(own()).write(tmp_path / "stack")
        told = r"a stack is up at http://127.0.0.1:1 \(process "
        with pytest.raises(FlowsError, match=told), only_one(tmp_path):
            pass
    with only_one(tmp_path) as before:
        assert before == state(own())


def test_a_taken_port_is_named_with_its_holder() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(FlowsError, match=rf"port {port} .*process {os.getpid()} .*--port"):
            need_port("127.0.0.1", port, "--port")
    need_port("127.0.0.1", free_port(), "--port")
    with pytest.raises(FlowsError, match="--port=70000"):
        need_port("127.0.0.1", 70_000, "--port")


def test_a_family_is_found_by_its_mark_and_ended(tmp_path: Path) -> None:
    marked = subprocess.Popen(SLEEP, env={**os.environ, MARK: str(tmp_path)})
    other = subprocess.Popen(SLEEP, env={**os.environ, MARK: str(tmp_path / "other")})
    try:
        wait_for("it", lambda: [one.pid for one in family(tmp_path)] == [marked.pid], 10)
        end(family(tmp_path), 5)
        assert marked.wait(1) == -signal.SIGTERM and other.poll() is None
    finally:
        for one in (marked, other):
            one.kill()
            one.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's signal is Linux only")
def test_a_child_does_not_outlive_its_launcher_and_hears_signals(tmp_path: Path) -> None:
    tethered = "[sys.executable, '-m', 'flows.tether', str(os.getpid()), *sys.argv[2:]]"
    script = (
        "import os, signal, subprocess, sys, time; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        f"child = subprocess.Popen({tethered}, start_new_session=True)\n"
        "open(sys.argv[1], 'w').write(str(child.pid)); time.sleep(100)"
    )
    told = tmp_path / "pid"
    for number in (signal.SIGKILL, signal.SIGINT):
        told.unlink(missing_ok=True)
        launcher = subprocess.Popen([sys.executable, "-c", script, str(told), *SLEEP])
        pid = int(wait_for("the child", lambda: told.exists() and told.read_text(), 20))
        child = process(pid)
        time.sleep(1)
        if number == signal.SIGINT:  # which the launcher ignores, as nohup leaves it
            os.kill(pid, number)
        else:
            launcher.send_signal(number)
        wait_for("its end", lambda child=child: not child.alive, 10)  # type: ignore[misc]
        launcher.kill()
        launcher.wait()


def test_what_dies_again_waits_longer_each_time(tmp_path: Path) -> None:
    child = Child(Service(name="it", command=("none",)), tmp_path / "it.log")
    assert [child.died() for _ in range(7)] == [1, 2, 4, 8, 16, LONGEST_WAIT, LONGEST_WAIT]
    child.deaths = [moment - REMEMBERED_SECONDS for moment in child.deaths]
    assert child.died() == 1


def test_a_disk_that_is_nearly_full_is_refused_before_anything_starts(tmp_path: Path) -> None:
    space = Workspace(tmp_path, minimum_free=10**18)
    with pytest.raises(WorkspaceError, match="are needed"):
        up(Console(), space, free_port(), free_port())
    assert [one.name for one in (tmp_path / "stack").iterdir()] == ["lock"]


def test_an_experiment_that_a_server_made_is_used_beside_our_own(
    by_hand: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    space = Workspace(tmp_path / "workspace")
    shutil.copy(by_hand / "mlflow.db", space.root)  # a fresh one takes seconds
    store = Store(space)
    artifacts = (space.root / "mlartifacts").as_uri()
    by_server = store.client.create_experiment("theirs", artifact_location=f"{artifacts}/7")
    assert store.experiment("theirs") == by_server
    ours = store.experiment("ours")
    assert store.experiment("ours") == ours
    assert store.client.get_experiment(ours).artifact_location == f"{artifacts}/ours"
    store.client.create_experiment("moved", artifact_location=(tmp_path / "old" / "7").as_uri())
    with pytest.raises(FlowsError, match="was moved"):
        store.experiment("moved")


@pytest.mark.parametrize("host", ["::1", "::", "192.0.2.7"])
def test_an_address_at_which_workers_would_not_find_the_servers_is_refused(
    host: str, tmp_path: Path
) -> None:
    with pytest.raises(FlowsError, match="--host=.*127.0.0.1"):
        _need_ports(Places(workspace=tmp_path, port=1, mlflow_port=2, host=host))


def test_an_address_that_is_none_does_not_answer() -> None:
    assert not answers("http://[/health")
