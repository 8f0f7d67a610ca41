"""How much memory all processes take together."""

import threading
import time
from pathlib import Path

import psutil
from tests.serve import Server

from benchmarks.clips import clip, hour
from benchmarks.measure import Figure, await_ready, put, server

FILL_SECONDS = 60.0


def memory(rounds: int) -> list[Figure]:
    """PSS of all processes: idle, and the most while a short and a long film are published and filled.

    One run each: a minute of filling is long, and memory is no matter of chance.
    """
    with server() as running:
        time.sleep(5)
        idle = Figure(name="memory, idle", unit="MB", values=[pss(running)], most=500)
    short = _filling(clip("hard", 120, long_gop=True))
    long = _filling(hour(long_gop=True))
    name = f"memory, publishing and filling for {FILL_SECONDS:.0f} s, peak"
    return [
        idle,
        Figure(name=f"{name}, 2 minutes", unit="MB", values=[short]),
        Figure(name=f"{name}, 1 hour beside 2 minutes", unit="MB", values=[long], bare=[short], most=1.05),
    ]


def _filling(path: Path) -> float:
    with server() as running:
        watch = Watch(running)
        sent = put(running, path)
        await_ready(running, sent.asset_id)
        time.sleep(FILL_SECONDS)
        return watch.stop()


class Watch:
    """Looks at the memory twice a second, and keeps the most."""

    def __init__(self, running: Server) -> None:
        self._running = running
        self._most = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._done.wait(0.5):
            self._most = max(self._most, pss(self._running))

    def stop(self) -> float:
        """The most that was seen, in MB."""
        self._done.set()
        self._thread.join()
        return self._most


def pss(running: Server) -> float:
    """Proportional set size of all processes under ``serve``, in MB."""
    total = 0
    for process in (psutil.Process(running.process.pid), *running.children()):
        try:
            total += process.memory_full_info().pss
        except psutil.Error:
            continue  # it ended meanwhile
    return total / 1e6
