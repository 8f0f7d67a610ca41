"""The supervisor with small services of its own: order, deadlines, pauses, and what it does when nothing helps."""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from vidstead.cli import supervisor
from vidstead.cli.errors import StartFailed
from vidstead.cli.supervisor import Service, Supervisor
from vidstead.kit import VidsteadError

OBEDIENT = """
import signal, sys, time
def stop(*_):
    open(sys.argv[1], "a").write(sys.argv[2] + " stopped\\n")
    sys.exit()
signal.signal(signal.SIGTERM, stop)
open(sys.argv[1], "a").write(sys.argv[2] + " started\\n")
time.sleep(60)
"""
DEAF = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open(sys.argv[1], "a").write(f"{child.pid}\\n")
time.sleep(60)
"""


class Refusal(VidsteadError):
    """It does not start today."""

    code = "test_refusal"


class FakeDatabase:
    """Ends when told to; starts at the third attempt."""

    def __init__(self) -> None:
        self.code: int | None = None
        self.attempts = 0

    def start(self) -> None:
        self.attempts += 1
        if self.attempts < 3:
            raise Refusal
        self.code = None

    def stop(self) -> None:
        raise AssertionError("whoever started the database stops it")

    def poll(self) -> int | None:
        return self.code


def service(name: str, code: str, record: Path, *, stop_seconds: float = 20) -> Service:
    return Service(name=name, command=(sys.executable, "-c", code, str(record), name), stop_seconds=stop_seconds)


def lines(record: Path) -> list[str]:
    return record.read_text().splitlines() if record.exists() else []


def interrupt_when(condition: Callable[[], bool], times: int = 1) -> threading.Thread:
    """Sends SIGINT to this process once ``condition`` holds (or the test has failed anyway)."""

    def watch() -> None:
        deadline = time.monotonic() + 30
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.02)
        for _ in range(times):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.3)

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.01)


def test_services_stop_in_order(tmp_path: Path) -> None:
    record, told = tmp_path / "record", list[str]()
    watcher = interrupt_when(lambda: len(lines(record)) == 2 and told == ["ready"])
    Supervisor(
        [service("web", OBEDIENT, record), service("worker", OBEDIENT, record)],
        database=None, environment=os.environ, is_ready=lambda: len(lines(record)) == 2,
        on_ready=lambda: told.append("ready"),
    ).run()  # fmt: skip
    watcher.join()
    assert set(lines(record)[:2]) == {"web started", "worker started"}
    assert lines(record)[2:] == ["web stopped", "worker stopped"]


@pytest.mark.parametrize(("stop_seconds", "signals"), [(0.5, 1), (60.0, 2)], ids=["deadline", "second Ctrl-C"])
def test_deaf_service_is_killed_with_its_children(tmp_path: Path, stop_seconds: float, signals: int) -> None:
    record = tmp_path / "record"
    watcher = interrupt_when(lambda: bool(lines(record)), times=signals)
    Supervisor(
        [service("web", DEAF, record, stop_seconds=stop_seconds)],
        database=None, environment=os.environ, is_ready=lambda: True, on_ready=lambda: None,
    ).run()  # fmt: skip
    watcher.join()
    child = int(lines(record)[0])
    if psutil.pid_exists(child):
        psutil.wait_procs([psutil.Process(child)], timeout=10)
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


def test_service_that_never_gets_ready_ends_the_start(tmp_path: Path) -> None:
    record = tmp_path / "record"
    failing = service("worker", "import sys; sys.exit(7)", record)
    with pytest.raises(StartFailed, match="worker process ended 6 times"):
        Supervisor(
            [service("web", OBEDIENT, record), failing],
            database=None, environment=os.environ, is_ready=lambda: False, on_ready=lambda: None,
        ).run()  # fmt: skip
    assert "web stopped" in lines(record) or "web started" not in lines(record)


def test_service_that_ends_well_is_started_again(tmp_path: Path) -> None:
    record = tmp_path / "record"
    code = "import sys; open(sys.argv[1], 'a').write('x\\n')"
    watcher = interrupt_when(lambda: len(lines(record)) >= 3)
    Supervisor(
        [service("worker", code, record)],
        database=None, environment=os.environ, is_ready=lambda: True, on_ready=lambda: None,
    ).run()  # fmt: skip
    watcher.join()
    assert len(lines(record)) >= 3


def test_database_is_tried_until_it_starts(tmp_path: Path) -> None:
    record, database = tmp_path / "record", FakeDatabase()
    database.code = 1
    watcher = interrupt_when(lambda: database.attempts == 3 and database.code is None)
    Supervisor(
        [service("web", OBEDIENT, record)],
        database=database, environment=os.environ, is_ready=lambda: True, on_ready=lambda: None,
    ).run()  # fmt: skip
    watcher.join()
    assert database.attempts == 3


def test_pauses_grow_and_are_forgotten_after_a_long_life(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.5)
    watched = supervisor.Watched("web")
    for _ in range(7):
        watched.ended(1)
        watched.begun()
    watched.started -= supervisor.STEADY_SECONDS + 1
    watched.ended(1)
    said = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    pauses = [line["restart_in_seconds"] for line in said if line["event"] == "process ended"]
    assert pauses == [0.5, 1, 2, 4, 8, 15, 15, 0.5]
    assert sum(line["event"] == "process restarted" for line in said) == 7
