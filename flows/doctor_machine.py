"""What the doctor asks of the machine: Python, packages, accelerator, disk, ports."""

import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from flows import gpu
from flows.finding import Finding, good, odd, told, wrong
from flows.stack_processes import port_holder
from flows.stack_state import State
from flows.workspace import MINIMUM_FREE

PYTHON = (3, 11)
ROOMY = 10_000_000_000
"""Free bytes under which a night may fill the disk."""
WHY = {
    "fastapi": "newer ones keep Prefect's server from starting",
    "sqlalchemy": "with 2.1 Prefect's scheduler creates no runs, and says nothing",
    "mlflow": "its store has changed between versions",
    "prefect": "its settings have changed between versions",
    "duckdb": "version 1 cannot read what version 2 wrote",
    "torch": "checkpoints and kernels are tested with these",
}
"""Packages that matter most, and what goes wrong outside of the bounds in pyproject.toml."""


def machine(workspace: Path) -> Iterator[Finding]:
    """Python, packages, accelerator and disk."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] >= PYTHON:
        yield good("Python", version)
    else:
        yield wrong("Python", version, "make install PYTHON=python3.12")
    yield from packages()
    yield accelerator()
    yield disk(workspace)


def packages(distribution: str = "generalist") -> Iterator[Finding]:
    """The packages that matter against the bounds that this project declares."""
    from packaging.requirements import Requirement

    try:
        declared = [Requirement(text) for text in metadata.requires(distribution) or ()]
    except metadata.PackageNotFoundError:
        yield wrong("packages", f"{distribution} is not installed", "make install")
        return
    for bound in declared:
        if bound.name in WHY and (bound.marker is None or bound.marker.evaluate()):
            yield _package(bound.name, bound.specifier)


def _package(name: str, bounds: object) -> Finding:
    remedy = "make install (or: pip install -c constraints.txt -e .)"
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return wrong(name, "is not installed", remedy)
    if version in bounds:  # type: ignore[operator]
        return good(name, version)
    return wrong(name, f"{version}, but {bounds} is needed: {WHY[name]}", remedy)


def accelerator() -> Finding:
    """What training would use."""
    if gpu.device_kind() == "cuda":
        import torch

        count = torch.cuda.device_count()
        free, whole = torch.cuda.mem_get_info()
        memory = f"{free / 1e9:.0f} of {whole / 1e9:.0f} GB are free"
        return good("accelerator", f"{count} × {torch.cuda.get_device_name()}, {memory}")
    if any(Path(device).exists() for device in gpu.DEVICES):
        return odd(
            "accelerator",
            "there is one, but torch cannot use it",
            "install the driver, and a torch that was built for it",
        )
    return told("accelerator", "none: training uses the processor")


def disk(workspace: Path) -> Finding:
    """Room where the workspace is."""
    place = next(one for one in (workspace, *workspace.parents) if one.exists())
    free = shutil.disk_usage(place).free
    said = f"{free / 1e9:.1f} GB are free at {place}"
    remedy = "free some space: generalist gc, or name another place with --workspace"
    if free < MINIMUM_FREE:
        return wrong("disk", f"{said}, {MINIMUM_FREE / 1e9:.1f} are needed", remedy)
    return good("disk", said) if free > ROOMY else odd("disk", said, remedy)


def ports(prefect: int, mlflow: int, stack: State | None) -> Iterator[Finding]:
    """Whether a stack could listen at these ports; where one is up, which it has."""
    if stack is not None:
        for url in (stack.prefect, stack.mlflow):
            yield good(f"port {url.rpartition(':')[2]}", "this workspace's stack listens")
        return
    for port, option in ((prefect, "--port"), (mlflow, "--mlflow-port")):
        holder = port_holder(port)
        if holder is None:
            yield good(f"port {port}", "free")
        else:
            remedy = f"generalist up {option} ANOTHER, or end that process"
            yield odd(f"port {port}", f"taken by {holder}", remedy)
