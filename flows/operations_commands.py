"""Commands of operations: the stack on this machine, and what is said of its health."""

import argparse
from collections.abc import Callable


def add_operations(add: Callable[..., argparse.ArgumentParser]) -> None:
    """Put the commands of this module on the command line."""
    stack = add("up", "Prefect, MLflow, deployments and workers on this machine, until Ctrl-C")
    stack.add_argument("--port", type=int, default=4200, help="of Prefect")
    stack.add_argument("--mlflow-port", type=int, default=5000)


def up(options: argparse.Namespace) -> int:
    """The stack."""
    from flows.console import make_console
    from flows.stack import up as run_stack
    from flows.workspace import Workspace

    return run_stack(make_console(), Workspace.open(), options.port, options.mlflow_port)
