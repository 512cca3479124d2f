"""The end of a run as a person sees it, and MLflow's pages about it."""

import contextlib
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from flows.champion import FILE, decisions
from flows.console import show_decision, show_places, show_samples, show_scores
from flows.errors import FlowsError
from flows.mlflow_records import evaluation_address
from flows.mlflow_tracking import tracking_uri
from flows.night import page_of
from flows.report import read_scores, read_verdicts
from flows.stack_state import mlflow_address, running_stack
from flows.workspace import Workspace

HOST = "127.0.0.1"


def show_results(
    console: Console, workspace: Workspace, profile: str, key: str, *, skipped: bool
) -> None:
    """Table, samples, the decision of a key, where things are, and what to try next."""
    decision = next(d for d in decisions(workspace, profile) if d.key == key)
    evaluation = workspace.root / decision.evaluation
    console.print()
    if skipped:
        console.print(f"[bold]skipped: nothing new[/] since {decision.date}; its results again:\n")
    show_scores(console, read_scores(evaluation), read_verdicts(evaluation))
    samples = json.loads((evaluation / "samples.json").read_text(encoding="utf-8"))
    show_samples(console, samples)
    show_decision(console, decision)
    console.print()
    server = mlflow_address(workspace.root)
    page = page_of(workspace, decision)
    show_places(
        console,
        {
            **({"report": page} if page else {}),
            "table": evaluation / "table.md",
            "plot": evaluation / "scores.png",
            "decisions": workspace.root / FILE,
            "MLflow": "is up:" if running_stack(workspace.root) else command("mlflow", workspace),
            "": evaluation_address(evaluation, server),
        },
    )
    example = _beginning(samples)
    try_next = command(f"generate {shlex.quote(example)}", workspace, profile)
    console.print("\n[bold]Try next[/]:", end=" ")
    console.print(escape(try_next), soft_wrap=True)


def _beginning(samples: Sequence[Mapping[str, Any]]) -> str:
    """Some words of a held-out text, for a person to try."""
    prompts = [str(s["prompt"]) for s in samples if "continuation" in s]
    words = (prompts[0] if prompts else "The beginning of a text").split()[:6]
    return "".join(c for c in " ".join(words) if c.isprintable())[:60]


def command(arguments: str, workspace: Workspace, profile: str = "quickstart") -> str:
    """A command line that works where the person stands."""
    own = Path(sys.executable).with_name("generalist")
    if shutil.which("generalist") == str(own):
        program = "generalist"
    elif own.exists():
        near = own.is_relative_to(Path.cwd())
        program = str(own.relative_to(Path.cwd())) if near else str(own)
    else:
        program = f"{sys.executable} -m flows"
    parts = [program, arguments]
    if profile != "quickstart":
        parts.append(f"--profile {profile}")
    if workspace.root != Path("workspace").absolute():
        parts.append(f"--workspace {shlex.quote(str(workspace.root))}")
    return " ".join(parts)


def serve_mlflow(workspace: Workspace, port: int) -> int:
    """Run MLflow's server on the workspace until it is interrupted; returns its exit code."""
    if stack := running_stack(workspace.root):
        print(f"MLflow is up already: {stack.mlflow}/#/experiments?workflowType=machine_learning")
        return 0
    uri = tracking_uri(workspace)
    if uri.startswith("sqlite:///") and not Path(uri.removeprefix("sqlite:///")).exists():
        raise FlowsError(f"{uri} is not there yet: generalist run makes it")
    _need_port(port)
    arguments = ["--host", HOST, "--port", str(port), "--workers", "1"]
    store = ["--backend-store-uri", uri]
    print(f"MLflow: http://{HOST}:{port}/#/experiments?workflowType=machine_learning", flush=True)
    print("Ctrl-C stops it.", flush=True)
    server = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "server", *arguments, *store],
        env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
        start_new_session=True,
    )
    try:
        return server.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        server.wait()


def _need_port(port: int) -> None:
    if not 0 < port < 65536:
        raise FlowsError(f"port {port}: choose 1 … 65535 with --port")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise FlowsError(
                f"port {port} of {HOST} cannot be used ({error}): choose another with --port"
            ) from None
