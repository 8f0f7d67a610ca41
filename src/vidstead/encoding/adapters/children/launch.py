"""The first thing that runs in every child: limits and fences (``confine``), then its work.

The parent spawns without ``preexec_fn`` (which forks a process full of threads); the child limits itself instead,
before it sees a byte of the source. For ffmpeg this is a stepping stone of 10 ms: limits, priority and the death
signal survive ``exec``.
"""

import json
import os
import resource
import signal
import sys
from contextlib import suppress
from typing import Any

from .confine import confine

PR_SET_PDEATHSIG = 1
OPEN_FILES = 128
LAST = 19
"""The niceness of what gives way to everything, for which Linux has a class of its own that wakes nobody up."""


def main() -> None:
    """``argv``: the folder of this package, the mode, the parent's pid, and a JSON object of orders."""
    mode, parent, order = sys.argv[2], int(sys.argv[3]), json.loads(sys.argv[4])
    _die_with(parent)
    _limit(order["limits"])
    if mode == "exec":
        confine(program=order["command"][0])
        os.execve(order["command"][0], order["command"], dict(os.environ))  # noqa: S606
    elif mode == "probe":
        from .probe import main as probe

        confine()
        probe(order)
    elif mode == "sum":
        from .sum import main as add_up

        confine()
        add_up(order)
    elif mode == "feed":
        from .feed import main as feed

        confine()
        feed(order)


def _die_with(parent: int) -> None:
    """Ask the kernel for SIGKILL when the parent dies; it may have died already."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _limit(limits: dict[str, Any]) -> None:
    """Set ``memory`` (bytes), ``cpu_seconds`` and ``nice``; no file can grow, and no core is left behind."""
    if limits["nice"]:
        os.nice(limits["nice"])
    if limits["nice"] == LAST and hasattr(os, "SCHED_IDLE"):
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    seconds = int(limits["cpu_seconds"])
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_CPU: seconds,
    }
    if sys.platform == "linux":
        wanted[resource.RLIMIT_AS] = int(limits["memory"])
    for name, value in wanted.items():
        _, hard = resource.getrlimit(name)
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(name, (value, value))
