"""``generalist deploy`` on the stack's server, by a process of its own.

Of its own because Prefect's client reads where its server is when it is imported, and would keep
150 MB in the launcher.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence

from flows.errors import FlowsError


def deploy(environment: Mapping[str, str], stop: threading.Event) -> bool:
    """Put everything on the server; False when a signal came before the end."""
    return _run([sys.executable, "-m", "flows", "deploy"], environment, stop)


def _run(command: Sequence[str], environment: Mapping[str, str], stop: threading.Event) -> bool:
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **environment},
        start_new_session=True,
    )
    with process:
        while not stop.is_set():
            try:
                said, _ = process.communicate(timeout=0.2)
            except subprocess.TimeoutExpired:
                continue
            if process.returncode:
                raise FlowsError(f"{' '.join(command)} failed:\n{said}")
            return True
        process.kill()
    return False
