"""The processes web and worker, each for itself; under the supervisor they end with it."""

import asyncio
import os
import signal
import threading
import time
from typing import TYPE_CHECKING

from vidstead import bootstrap
from vidstead.cli.address import check_port
from vidstead.cli.configuration import load_settings
from vidstead.cli.supervisor import SUPERVISOR_VARIABLE, end_with_parent
from vidstead.kit import configure_logging

if TYPE_CHECKING:
    from starlette.types import ASGIApp

DRAIN_SECONDS = 5
GRANIAN_LOGS = {
    "version": 1,
    "disable_existing_loggers": False,
    "loggers": {"_granian": {"handlers": []}, "granian.access": {"handlers": []}},
}
"""granian's own lines go where all others go."""
ORPHAN_SECONDS = 10.0
"""How long a process that lost its supervisor may take to stop before its whole group is killed."""


def web() -> None:
    """Serve API, delivery and pages until SIGTERM; requests that run then have 5 s to finish.

    Raises ``PortTaken`` or ``HostUnusable``: granian shares a taken port silently, so it is tried before.
    """
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    settings = load_settings()
    configure_logging(settings.log_level)
    check_port(settings.host, settings.port)
    _follow_supervisor()
    Granian(
        "vidstead.cli.processes:web_app",
        factory=True,
        interface=Interfaces.ASGI,
        address=settings.host,
        port=settings.port,
        workers=1,
        workers_kill_timeout=DRAIN_SECONDS,
        log_level=LogLevels.warning,
        log_dictconfig=GRANIAN_LOGS,
    ).serve()


def web_app() -> "ASGIApp":
    """The factory that granian calls in its worker process, which would otherwise survive a ``kill -9`` of granian."""
    end_with_parent(os.getppid())
    return bootstrap.web_app()


def worker() -> None:
    """Work on jobs until SIGTERM."""
    settings = load_settings()
    _follow_supervisor()
    asyncio.run(bootstrap.run_worker(settings))


def _follow_supervisor() -> None:
    """Watch the supervisor, if one started this process: when it is gone, stop, and don't take for ever."""
    supervisor = os.environ.get(SUPERVISOR_VARIABLE)
    if supervisor is not None:
        threading.Thread(target=_end_after, args=(int(supervisor),), daemon=True, name="supervisor watch").start()


def _end_after(supervisor: int) -> None:
    while os.getppid() == supervisor:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(ORPHAN_SECONDS)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
