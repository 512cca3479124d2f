"""``python -m flows.mlflow_server ARGUMENTS``: MLflow's server, with a whole SQLite file.

The server would make the file in place, and one that is stopped in its first seconds would leave it
spoiled (``flows.mlflow_tracking.made_whole``).
"""

import os
import sys

from flows.mlflow_tracking import made_whole
from flows.team import DATABASE
from flows.workspace import Workspace


def main() -> None:
    """Make the file where it is needed, and become the server."""
    if not os.environ.get(DATABASE):
        made_whole(Workspace.open())
    os.execv(sys.executable, [sys.executable, "-m", "mlflow", "server", *sys.argv[1:]])


if __name__ == "__main__":
    main()
