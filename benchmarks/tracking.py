"""What MLflow costs a training: its server up, down, deaf from the start, and deaf midway.

The same small training goes through the stage of a nightly run, in turns with one that tells MLflow
nothing, on all cores, so that what tracking computes is taken from the trainer. Seconds of a clock
are measured: how long the trainer took, and how long the stage took beyond it, which does not grow
with the training. No round knows of the one before that the server is down or deaf.
"""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock, patch

import psutil

from benchmarks.harness import Claim, compare, report
from benchmarks.texts import documents_of
from flows import gpu, outage, pretrain
from flows.mlflow_tracking import Store
from flows.shipped import tiny
from flows.workspace import Product, Workspace
from gptcore.config import TokenizerConfig
from gptcore.cores import usable_cores
from gptcore.shards import encode_documents
from gptcore.tokenizer import load_tokenizer, train_tokenizer

ROUNDS = 6
TOKENS = 256 * 4 * 100
A_FEW_SECONDS = 3.0
MIDWAY_SECONDS = 4.0
"""By then a trainer has started and MLflow has a run of it."""
OFF, UP, DOWN, DEAF, MIDWAY = "off", "up", "down", "deaf", "deaf midway"


def products(workspace: Workspace) -> dict[str, Product]:
    """Tokenizer and shards of the installed docstrings."""
    texts = list(documents_of(1_000_000))

    def tokenizer(out: Path) -> dict[str, Any]:
        train_tokenizer(TokenizerConfig(vocab_size=2048), texts, out)
        return {}

    first = workspace.product("tokenizer", "bench", config={}, inputs={}, entry=(), build=tokenizer)

    def shards(out: Path) -> dict[str, Any]:
        words = load_tokenizer(first.path)
        for split, part in (("train", texts), ("validation", texts[:20])):
            encode_documents(words, part, out, split=split, name="corpus")
        return {}

    second = workspace.product("shards", "bench", config={}, inputs={}, entry=(), build=shards)
    return {"tokenizer": first, "shards": second}


@contextlib.contextmanager
def mlflow_server(place: Path) -> Iterator[tuple[str, psutil.Process]]:
    """A server of MLflow; yields its address and process."""
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1"]
    store = ["--backend-store-uri", f"sqlite:///{place / 'served.db'}"]
    with (place / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *store],
            env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
            stdout=log,
            stderr=log,
            cwd=place,
        )
    family = psutil.Process(process.pid)
    try:
        while True:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2).close()
                break
            time.sleep(0.5)
        yield f"http://127.0.0.1:{port}", family
    finally:
        for one in [*family.children(recursive=True), family]:
            one.kill()
        process.wait()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def deaf_midway(server: psutil.Process) -> Iterator[None]:
    """A server that stops answering some seconds from now, until the end of the block."""
    family = [server, *server.children(recursive=True)]

    def tell(number: int) -> None:
        for one in family:
            one.send_signal(number)

    timer = threading.Timer(MIDWAY_SECONDS, tell, [signal.SIGSTOP])
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        tell(signal.SIGCONT)


def once(name: str, number: int, inputs: dict[str, Product], at: Path) -> tuple[float, float]:
    """Seconds of the trainer, and of the stage beyond it."""
    profile, spent = tiny(), [0.0]
    streams = tuple(one for one in profile.train.mixture if one.name == "corpus")
    train = replace(
        profile.train, mixture=streams, tokens=TOKENS, threads=usable_cores(), checkpoint_every=100
    )
    settings = {"model": asdict(profile.model), "train": asdict(train), "device": "cpu"}
    out = at / "run" / f"bench-generalist-{name.replace(' ', '')}{number}"
    out.mkdir(parents=True)

    def timed(*arguments: Any, **options: Any) -> Any:
        start = time.monotonic()
        try:
            return real(*arguments, **options)
        finally:
            spent[0] = time.monotonic() - start

    real = gpu.train
    outage._down.clear()
    start = time.monotonic()
    with contextlib.ExitStack() as held:
        held.enter_context(patch("flows.gpu.train", timed))
        if name == OFF:
            held.enter_context(patch("flows.pretrain.training_run", MagicMock()))
        pretrain._trained(profile, "bench-generalist", settings, inputs, out)
    return spent[0], time.monotonic() - start - spent[0]


def measure(inputs: dict[str, Product], at: Path) -> dict[str, list[tuple[float, float]]]:
    """Both figures of every variant, round by round, each round in an order of its own."""
    found: dict[str, list[tuple[float, float]]] = {}
    with mlflow_server(at) as (address, server), socket.create_server(("127.0.0.1", 0)) as deaf:
        places = {
            OFF: address,
            UP: address,
            MIDWAY: address,
            DOWN: f"http://127.0.0.1:{free_port()}",
            DEAF: f"http://127.0.0.1:{deaf.getsockname()[1]}",
        }
        os.environ[outage.VARIABLE] = address
        Store(Workspace.open())  # imports MLflow, which a process does once
        for number in range(ROUNDS):
            names = list(places)
            random.Random(number).shuffle(names)
            for name in names:
                os.environ[outage.VARIABLE] = places[name]
                with deaf_midway(server) if name == MIDWAY else contextlib.nullcontext():
                    found.setdefault(name, []).append(once(name, number, inputs, at))
            print(f"  round {number + 1} of {ROUNDS}", file=sys.stderr, flush=True)
    return found


def claims(found: dict[str, list[tuple[float, float]]]) -> Iterator[Claim]:
    """Rows of the table."""
    plain = [trainer for trainer, _ in found[OFF]]
    for name in (UP, DOWN, DEAF, MIDWAY):
        trainer = [one for one, _ in found[name]]
        claim = f"trainer's seconds, MLflow's server {name} v. no tracking"
        yield compare(claim, trainer, plain, goal=1.01, small=True)
    for name in (UP, DOWN, DEAF, MIDWAY):
        more = [one - off for (_, one), (_, off) in zip(found[name], found[OFF], strict=True)]
        claim = f"seconds that a stage takes beyond its trainer, server {name} v. a few"
        yield compare(claim, more, [A_FEW_SECONDS] * len(more), goal=1.0, small=True)


def main() -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory() as place:
        at = Path(place) / "workspace"
        os.environ["GENERALIST_WORKSPACE"] = str(at)
        table = list(claims(measure(products(Workspace.open()), at)))
    report(__file__, table)


if __name__ == "__main__":
    main()
