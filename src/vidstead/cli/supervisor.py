"""Keeps the processes of one machine running, and ends them all together.

Each service is a child in a process group of its own, so that a Ctrl-C in the terminal reaches only the supervisor,
which then stops one after the other. What ends for whatever reason is started again, after a pause that grows while it
keeps ending. Before that its whole group is killed: a web process that died hard may have left children that still
hold the port.

Nothing may outlive the supervisor, even if it is killed: the kernel sends SIGTERM to each child at its parent's death
(Linux), and each child looks after its parent itself (``vidstead.cli.processes``). The kernel's promise is tied to the
thread that started the child, so everything here runs in the main thread.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from types import FrameType
from typing import Any, Protocol

from vidstead.cli.errors import StartFailed
from vidstead.kit import VidsteadError

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 15.0
STEADY_SECONDS = 30.0
"""A child that ran this long is taken for sound: its next pause is the first again."""
FAILED_STARTS = 6
READY_INTERVAL = 0.1
PR_SET_PDEATHSIG = 1
SUPERVISOR_VARIABLE = "VIDSTEAD_SUPERVISOR_PID"


@dataclass(frozen=True, kw_only=True)
class Service:
    """One kind of child: the arguments of its program, and the seconds it is given to stop."""

    name: str
    command: tuple[str, ...]
    stop_seconds: float


class Server(Protocol):
    """The database, where it is ours to run."""

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def poll(self) -> int | None: ...


class Watched:
    """Something that should run: how often it ended of late, and when it may start again."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.failures = 0
        self.started = time.monotonic()
        self.resume_at: float | None = None

    def ended(self, code: int) -> None:
        """Note an end and plan the next start."""
        now = time.monotonic()
        self.failures = 1 if now - self.started > STEADY_SECONDS else self.failures + 1
        pause = min(FIRST_PAUSE * 2 ** (self.failures - 1), LONGEST_PAUSE)
        self.resume_at = now + pause
        log("warning", "process ended", process=self.name, exit=code, restart_in_seconds=pause)

    def is_due(self) -> bool:
        """Whether it should be started now."""
        return self.resume_at is not None and time.monotonic() >= self.resume_at

    def begun(self) -> None:
        """Note a start; only one after an end is worth a line."""
        if self.resume_at is not None:
            log("info", "process restarted", process=self.name)
        self.started, self.resume_at = time.monotonic(), None


class Child(Watched):
    """A service and its present process."""

    def __init__(self, service: Service, environment: Mapping[str, str]) -> None:
        super().__init__(service.name)
        self.service = service
        self._environment = {**environment, SUPERVISOR_VARIABLE: str(os.getpid())}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process, the leader of a group that ends with us."""
        self._process = subprocess.Popen(  # noqa: S603
            self.service.command,
            stdin=subprocess.DEVNULL,
            env=self._environment,
            process_group=0,
            preexec_fn=partial(end_with_parent, os.getpid()),
        )
        self.begun()

    def poll(self) -> int | None:
        """The exit code of the process when it has ended."""
        return None if self._process is None else self._process.poll()

    def stop(self, hurry: Callable[[], bool]) -> None:
        """Ask the process to end, wait as long as the service may take (or until ``hurry``), then kill its group."""
        if self._process is not None:
            if self._process.poll() is None:
                self._process.terminate()
                self._await_end(time.monotonic() + self.service.stop_seconds, hurry)
            self.kill_group()

    def _await_end(self, deadline: float, hurry: Callable[[], bool]) -> None:
        assert self._process is not None
        while time.monotonic() < deadline and not hurry():
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.1)
                return
        log("warning", "process killed, it did not stop in time", process=self.name)

    def kill_group(self) -> None:
        """End whatever is left of the process and its children."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


class Supervisor:
    """Runs services, and a database if there is one, until it is told to stop."""

    def __init__(
        self,
        services: Sequence[Service],
        *,
        database: Server | None,
        environment: Mapping[str, str],
        is_ready: Callable[[], bool],
        on_ready: Callable[[], None],
    ) -> None:
        """``services`` start in their order and stop in the same; ``database`` runs already, and is not stopped here.

        ``is_ready`` is asked until it says yes for the first time, which ``on_ready`` then tells the user.
        """
        self._children = [Child(service, environment) for service in services]
        self._database = database
        self._database_watch = Watched("database")
        self._is_ready = is_ready
        self._on_ready = on_ready
        self._ready = False

    def run(self) -> None:
        """Until SIGINT, SIGTERM or SIGHUP. Raises ``StartFailed`` when a service never gets ready."""
        with Signals() as signals:
            try:
                for child in self._children:
                    child.start()
                while not signals.received:
                    self._look_after_database()
                    self._look_after_children()
                    self._look_whether_ready()
                    signals.wait(self._seconds_to_next())
            finally:
                for child in self._children:
                    child.stop(lambda: signals.received > 1)

    def _look_after_children(self) -> None:
        for child in self._children:
            code = child.poll()
            if code is not None:
                child.kill_group()
                child.ended(code)
                if not self._ready and child.failures >= FAILED_STARTS:
                    raise StartFailed(process=child.name, times=child.failures)
            elif child.is_due():
                child.start()

    def _look_after_database(self) -> None:
        if self._database is None:
            return
        watch = self._database_watch
        code = self._database.poll()
        if code is not None and watch.resume_at is None:
            watch.ended(code)
        if watch.is_due():
            try:
                self._database.start()
            except VidsteadError as error:
                log("error", "database did not start", reason=error.message)
                watch.ended(1)
            else:
                watch.begun()

    def _look_whether_ready(self) -> None:
        if not self._ready and self._is_ready():
            self._ready = True
            self._on_ready()

    def _seconds_to_next(self) -> float | None:
        """How long nothing can be due but what a signal tells; ``None`` is for ever."""
        if not self._ready:
            return READY_INTERVAL
        planned = [watch.resume_at for watch in (*self._children, self._database_watch) if watch.resume_at]
        return max(0.0, min(planned) - time.monotonic()) if planned else None


class Signals:
    """Turns signals into something to wait for: those that stop are counted, and the end of a child wakes."""

    STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self) -> None:
        self.received = 0

    def __enter__(self) -> "Signals":
        self._ours, self._theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._theirs.setblocking(False)
        self._wakeup = signal.set_wakeup_fd(self._theirs.fileno(), warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, self._handle) for number in (*self.STOPPING, signal.SIGCHLD)}
        return self

    def __exit__(self, *exc: object) -> None:
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._ours.close()
        self._theirs.close()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if number != signal.SIGCHLD:
            self.received += 1

    def wait(self, seconds: float | None) -> None:
        """Until a signal arrives or the time is over."""
        if select.select([self._ours], [], [], seconds)[0]:
            with contextlib.suppress(BlockingIOError):
                self._ours.recv(4096)


@contextlib.contextmanager
def signals_interrupt() -> Iterator[None]:
    """Inside, SIGTERM and SIGHUP interrupt as Ctrl-C does, so that what was begun is undone in order."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def signals_wait() -> Iterator[None]:
    """Inside, no signal interrupts: what ends here ends by deadlines of its own."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in Signals.STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def log(level: str, event: str, **facts: Any) -> None:
    """One JSON line on standard error, in the form of every other process's."""
    line = {"event": event, **facts, "level": level, "logger": __name__, "time": datetime.now(UTC).isoformat()}
    print(json.dumps(line), file=sys.stderr, flush=True)


def end_with_parent(parent: int) -> None:
    """Have the kernel send this process SIGTERM when ``parent`` (its process number) is gone. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)
