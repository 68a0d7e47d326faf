"""The launcher that becomes a function's process: ``launch.py <parent pid> <command...>``.

On Linux the kernel is first asked to kill this process when the thread that started it ends, so that no function
outlives LocalStack, not even one killed with SIGKILL. The request survives ``exec``; what runs afterwards is exactly
the command. Elsewhere the runtime client ends by itself when its Runtime API goes away.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Ask for SIGKILL at the parent's end; end at once when that has happened already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the parent process has ended")


if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - replacing this process is its purpose
