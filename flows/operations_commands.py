"""Commands of operations: the stack on this machine, and what is said of its health."""

import argparse
import os
from collections.abc import Callable


def add_operations(add: Callable[..., argparse.ArgumentParser]) -> None:
    """Put the commands of this module on the command line."""
    up_ = add("up", "Prefect, MLflow, deployments and workers on this machine, until Ctrl-C")
    doctor_ = add("doctor", "what is well here, what is not, and what to do; 1 if something is not")
    for command in (up_, doctor_):
        command.add_argument("--port", type=int, default=4200, help="of Prefect")
        command.add_argument("--mlflow-port", type=int, default=5000)
    up_.add_argument(
        "--host", default="127.0.0.1", help="to listen on; 0.0.0.0 only with GENERALIST_AUTH"
    )
    about = "work pools, deployments and automations on the server of PREFECT_API_URL"
    add("deploy", about).add_argument(
        "--pending",
        type=float,
        default=300.0,
        metavar="SECONDS",
        help="a flow run that a worker took and did not start in time is scheduled again; more "
        "where images are fetched",
    )


def up(options: argparse.Namespace) -> int:
    """The stack; the project of this directory is that of its workers, which run elsewhere."""
    from flows.console import make_console
    from flows.project import VARIABLE, find_project, project_folder
    from flows.stack import up as run_stack
    from flows.workspace import Workspace

    if (project := project_folder()) is not None:
        find_project(tasks=False)  # a file that cannot be read would only be missed in the form
        os.environ[VARIABLE] = str(project.absolute())
    workspace, host = Workspace.open(), options.host
    return run_stack(make_console(), workspace, options.port, options.mlflow_port, host)


def doctor(options: argparse.Namespace) -> int:
    """What is well and what is not."""
    from flows.console import make_console
    from flows.doctor import doctor as examine

    return examine(make_console(), options.port, options.mlflow_port)


def deploy(options: argparse.Namespace) -> int:
    """What a Prefect server must know of the project."""
    from flows.automations import Patience
    from flows.deploying import deploy as bring_up_to_date

    for line in bring_up_to_date(patience=Patience(pending=options.pending)):
        print(line)
    return 0
