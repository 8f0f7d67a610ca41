"""How fast a film is encoded: by one worker beside one ffmpeg command, and by two workers beside one."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
from sqlalchemy import text
from tests.serve import Server, wait_for

from benchmarks.bare import ladder_command
from benchmarks.clips import clip
from benchmarks.measure import Figure, ask, await_ready, database, elapsed, listed, plans, put, run, server
from vidstead.cli.supervisor import SUPERVISOR_VARIABLE
from vidstead.media import VideoSpec

SECONDS = 60
SHARED_SECONDS = 120
"""Of 720p: thirty columns, so that the last one matters little."""
LOOK_SECONDS = 1.0
"""Looking costs the machine something; when a cell came is the database's to say."""

LEFT = text("""
    select coalesce(sum(cells - coalesce((select sum(upper(run) - lower(run)) from unnest(done) as run), 0)), 0)
    from app.rows where spec->>'kind' <> 'trick' and not spare
""")

# From `ready` to the last cell of a picture or of sound, by the database's clock; the trick row comes after those.
TOOK = text("""
    select extract(epoch from max(cells.created_at) - (
        select created_at from app.events where type = 'video.asset.ready' and subject_id = :asset_id
    )) from app.cells join app.rows on rows.id = cells.row_id where spec->>'kind' <> 'trick'
""")


def ladder_easy(rounds: int) -> list[Figure]:
    """A minute of easy content."""
    return [_whole_ladder("easy", rounds)]


def ladder_hard(rounds: int) -> list[Figure]:
    """A minute of hard content."""
    return [_whole_ladder("hard", rounds)]


def _whole_ladder(kind: str, rounds: int) -> Figure:
    """A clip of which nothing passes through, from `ready` to its last cell, beside one bare ffmpeg command."""
    source = clip(kind, SECONDS, long_gop=True)
    bare, ours, work = [], [], []
    for _ in range(rounds):
        before = _used()
        bare.append(_bare(source))
        theirs = _used() - before
        with server() as running:
            took, used = _fill(running, source)
            ours.append(took)
            work.append(used / theirs)
    return Figure(
        name=f"whole ladder of {SECONDS} s, {kind}, one worker",
        unit="x speed",
        values=[SECONDS / took for took in ours],
        bare=[SECONDS / took for took in bare],
        least=0.95,
        detail=f"seconds: ours {listed(ours)}, bare {listed(bare)}; processor time over bare's: {listed(work)}",
    )


def scaling(rounds: int) -> list[Figure]:
    """What a second core gives: as a second worker of one core, and to bare ffmpeg."""
    source = clip("easy", SHARED_SECONDS, size="1280x720", long_gop=True)
    first, second = sorted(os.sched_getaffinity(0))[:2]
    bare, ours = [], []
    for _ in range(min(rounds, 3)):
        bare.append(_on([first], source) / _on([first, second], source))
        with server() as running, _workers(running, [first]):
            alone, _ = _fill(running, source)
        with server() as running, _workers(running, [first, second]):
            together, _ = _fill(running, source)
        ours.append(alone / together)
    return [
        Figure(
            name=f"two workers of one core each against one, {SHARED_SECONDS} s of 720p",
            unit="x gain",
            values=ours,
            bare=bare,
            least=0.95,
            detail=f"the last: {alone:.1f} s alone, {together:.1f} s together",
        )
    ]


def _used(running: Server | None = None) -> float:
    """Seconds of processor time so far: of all bare tools, or of a server's worker and its children."""
    times = _worker(running).cpu_times() if running else psutil.Process().cpu_times()
    own = times.user + times.system if running else 0.0
    return float(own + times.children_user + times.children_system)


def _worker(running: Server) -> psutil.Process:
    return next(process for process in running.children() if process.cmdline()[-2:] == ["vidstead", "worker"])


def _bare(source: Path, width: int = 1920) -> float:
    rows = [row for row in plans() if not isinstance(row.spec, VideoSpec) or row.spec.width <= width]
    with tempfile.TemporaryDirectory() as folder:
        return elapsed(lambda: run(ladder_command(source, rows, Path(folder))))


def _on(cores: Sequence[int], source: Path) -> float:
    """Seconds that bare ffmpeg takes on some cores."""
    kept = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        return _bare(source, width=1280)
    finally:
        os.sched_setaffinity(0, kept)


@contextmanager
def _workers(running: Server, cores: Sequence[int]) -> Iterator[None]:
    """The server's worker on the first of ``cores``, and another one on each of the rest."""
    worker = _worker(running)
    for process in (worker, *worker.children(recursive=True)):
        for thread in process.threads():
            os.sched_setaffinity(thread.id, cores[:1])
    environ = worker.environ()
    with (running.data_dir / "more.log").open("wb") as log:
        more = [
            subprocess.Popen(
                ["taskset", "-c", str(core), sys.executable, "-m", "vidstead", "worker"],
                env={name: value for name, value in environ.items() if name != SUPERVISOR_VARIABLE},
                stdout=log,
                stderr=log,
            )
            for core in cores[1:]
        ]
        try:
            wait_for(lambda: _at_work(running) >= 3 * len(cores), seconds=30, what="all workers are at work")
            yield
        finally:
            for process in more:
                process.terminate()
            for process in more:
                process.wait(30)


def _at_work(running: Server) -> int:
    """Lanes of jobs that are open: three for each worker."""
    return int(ask(running, text("select count(*) from procrastinate.procrastinate_workers")))


def _fill(running: Server, source: Path) -> tuple[float, float]:
    """Seconds from `ready` to the last cell of a picture or of sound, and those that the first worker computed."""
    sent = put(running, source)
    await_ready(running, sent.asset_id)
    before = _used(running)
    with database(running) as engine, engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        deadline = time.monotonic() + 1800
        while connection.execute(LEFT).scalar_one() > 0:
            assert time.monotonic() < deadline, running.tail()
            time.sleep(LOOK_SECONDS)
        used = _used(running) - before
        return float(connection.execute(TOOK, {"asset_id": sent.asset_id}).scalar_one()), used
