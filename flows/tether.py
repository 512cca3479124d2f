"""Start a command as a child that does not outlive its launcher: ``python -m flows.tether``.

    python -m flows.tether LAUNCHER_PID COMMAND …

Replaces itself by the command, after two settings that survive that: on Linux the kernel sends
SIGTERM when the launcher's thread that started it ends, however it ends (prctl(2),
PR_SET_PDEATHSIG); and signals that a shell's ``nohup … &`` left ignored are heard again. Elsewhere
the next start of the stack finds what was left.
"""

import ctypes
import os
import signal
import sys

_SET_PARENT_DEATH_SIGNAL = 1


def main() -> None:
    """Become the command; ends with 1 when the launcher is gone already."""
    launcher, command = int(sys.argv[1]), sys.argv[2:]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
        if os.getppid() != launcher:
            sys.exit("the launcher is gone")
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
