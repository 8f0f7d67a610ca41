"""The queue: deferred with the change, run once per attempt, retried, taken over from the dead."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from vidstead.db import Database, RoleUrls
from vidstead.db.adapters.embedded import EmbeddedPostgres
from vidstead.db.migrate import migrate
from vidstead.jobs import FailedJob, Jobs, NewJob, Queue
from vidstead.kit import new_id

SLOTS: dict[Queue, int] = {"hot": 2, "bulk": 1, "system": 2}


@asynccontextmanager
async def working(jobs: Jobs, slots: dict[Queue, int] | None = None) -> AsyncIterator[None]:
    """A worker for as long as the block runs."""
    stop = asyncio.Event()
    running = asyncio.create_task(jobs.run(slots or SLOTS, stop, grace=0.2))
    try:
        yield
    finally:
        stop.set()
        await running


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in the database
            await asyncio.sleep(0.02)


def rows(urls: RoleUrls, name: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(urls.queue) as connection:
        return connection.execute(
            "select status::text, priority, attempts, queueing_lock from procrastinate_jobs"
            " where task_name = %s order by id",
            (name,),
        ).fetchall()


NUMBERED = [(2, 40), (0, 10), (1, 20), (1, 30)]
"""How late jobs go, and their numbers; two of the same rank keep their order."""


@pytest.fixture
def name() -> str:
    """A task of this test's own."""
    return f"test.{new_id()}"


@pytest.fixture
def jobs(database_urls: RoleUrls) -> Jobs:
    return Jobs(database_urls.queue, worker_id="tests")


async def defer(jobs: Jobs, database: Database, name: str, args: dict[str, Any] | None = None, **more: Any) -> None:
    async with database.crossing() as connection:
        await jobs.defer(connection, name, args or {}, **{"queue": "hot", **more})


async def test_a_job_runs_after_the_commit_with_its_arguments(jobs: Jobs, database: Database, name: str) -> None:
    seen: list[object] = []

    @jobs.task(name, queue="hot")
    async def run(number: int, words: list[str]) -> None:
        seen.append((number, words))

    async with working(jobs):
        await defer(jobs, database, name, {"number": 7, "words": ["a", "b"]})
        await until(lambda: bool(seen))
    assert seen == [(7, ["a", "b"])]


async def test_a_rollback_defers_nothing(jobs: Jobs, database: Database, database_urls: RoleUrls, name: str) -> None:
    async with database.crossing() as connection:
        await jobs.defer(connection, name, {}, queue="hot")
        await connection.rollback()
    assert rows(database_urls, name) == []


async def test_many_jobs_at_once_keep_their_order_and_go_with_the_transaction(
    jobs: Jobs, database: Database, database_urls: RoleUrls, name: str
) -> None:
    many = [
        NewJob(task=name, args={"number": number, "text": "é'"}, queue="hot", priority=-n) for n, number in NUMBERED
    ]
    async with database.crossing() as connection:
        await jobs.defer_all(connection, many)
        await connection.rollback()
    assert rows(database_urls, name) == []
    seen: list[object] = []

    @jobs.task(name, queue="hot")
    async def run(number: int, text: str) -> None:
        seen.append((number, text))

    async with database.crossing() as connection:
        await jobs.defer_all(connection, many)
        await jobs.defer_all(connection, [])
    async with working(jobs, {"hot": 1}):
        await until(lambda: len(seen) == len(many))
    assert seen == [(number, "é'") for _, number in sorted(NUMBERED, key=lambda pair: pair[0])]


async def test_environments_take_turns_however_many_jobs_one_of_them_has(
    jobs: Jobs, database: Database, name: str
) -> None:
    many, few, done = new_id(), new_id(), list[str]()

    @jobs.task(name, queue="hot")
    async def run(environment_id: str) -> None:
        done.append(environment_id)

    async with database.crossing() as connection:
        for environment_id in (*[many] * 100, *[few] * 3):
            arguments = {"environment_id": environment_id}
            await jobs.defer(connection, name, arguments, queue="hot", fair_to=environment_id)
    async with working(jobs, {"hot": 1}):
        await until(lambda: len(done) == 103)
    assert [at for at, environment_id in enumerate(done) if environment_id == few] == [1, 3, 5]


async def test_a_deferred_job_is_seen_by_nobody_before_the_commit(
    jobs: Jobs, database: Database, database_urls: RoleUrls, name: str
) -> None:
    async with database.crossing() as connection:
        await jobs.defer(connection, name, {}, queue="hot")
        assert rows(database_urls, name) == []
    assert len(rows(database_urls, name)) == 1


async def test_once_keeps_one_waiting_with_the_better_priority(
    jobs: Jobs, database: Database, database_urls: RoleUrls, name: str
) -> None:
    await defer(jobs, database, name, once=name, priority=1, in_seconds=60)
    await defer(jobs, database, name, once=name, priority=5)
    await defer(jobs, database, name, once=name, priority=3)
    assert rows(database_urls, name) == [("todo", 5, 0, name)]
    ran = 0

    @jobs.task(name, queue="hot")
    async def run() -> None:
        nonlocal ran
        ran += 1

    async with working(jobs):  # the second call made it due at once
        await until(lambda: rows(database_urls, name) == [])
    assert ran == 1


async def test_a_twin_that_waits_is_not_started_before_the_commit(jobs: Jobs, database: Database, name: str) -> None:
    committed = asyncio.Event()
    seen: list[bool] = []

    @jobs.task(name, queue="hot")
    async def run() -> None:
        seen.append(committed.is_set())

    await defer(jobs, database, name, once=name)
    async with database.crossing() as connection:
        await jobs.defer(connection, name, {}, queue="hot", once=name)
        async with working(jobs):
            await asyncio.sleep(1.5)  # longer than a worker's polling: it had its chance
            assert seen == []
            await connection.commit()
            committed.set()
            await until(lambda: bool(seen))
    assert seen == [True]


async def test_one_may_wait_beside_a_running_one(
    jobs: Jobs, database: Database, database_urls: RoleUrls, name: str
) -> None:
    started, release = asyncio.Event(), asyncio.Event()

    @jobs.task(name, queue="hot")
    async def run() -> None:
        started.set()
        await release.wait()

    async with working(jobs, {"hot": 1}):
        await defer(jobs, database, name, once=name)
        await started.wait()
        await defer(jobs, database, name, once=name)
        await defer(jobs, database, name, once=name)
        assert [row[0] for row in rows(database_urls, name)] == ["doing", "todo"]
        release.set()
        await until(lambda: rows(database_urls, name) == [])


async def test_a_failing_job_is_tried_again_and_then_reported(
    database: Database, database_urls: RoleUrls, name: str
) -> None:
    told: list[FailedJob] = []

    async def failed(job: FailedJob) -> None:
        told.append(job)

    jobs = Jobs(database_urls.queue, worker_id="tests", failed=failed)
    runs = 0

    @jobs.task(name, queue="bulk", attempts=2)
    async def run() -> None:
        nonlocal runs
        runs += 1
        raise ValueError("no good")

    async with working(jobs):
        await defer(jobs, database, name, queue="bulk")
        await until(lambda: bool(told))
        await until(lambda: rows(database_urls, name) == [("failed", 0, 2, None)])
    assert runs == 2
    assert (told[0].name, told[0].attempts, told[0].error) == (name, 2, "ValueError: no good")


async def test_a_failing_job_whose_twin_waits_ends_instead_of_hanging(
    jobs: Jobs, database: Database, database_urls: RoleUrls, name: str
) -> None:
    started, release = asyncio.Event(), asyncio.Event()
    runs = 0

    @jobs.task(name, queue="hot")
    async def run() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            started.set()
            await release.wait()
            raise ValueError

    async with working(jobs):
        await defer(jobs, database, name, once=name)
        await started.wait()
        await defer(jobs, database, name, once=name, in_seconds=3600)
        release.set()
        await until(lambda: [row[0] for row in rows(database_urls, name)] == ["failed", "todo"])


async def test_higher_priorities_go_first(jobs: Jobs, database: Database, database_urls: RoleUrls, name: str) -> None:
    order: list[int] = []

    @jobs.task(name, queue="hot")
    async def run(number: int) -> None:
        order.append(number)

    for number in (0, 10, -3, 5):
        await defer(jobs, database, name, {"number": number}, priority=number)
    async with working(jobs, {"hot": 1}):
        await until(lambda: len(order) == 4)
    assert order == [10, 5, 0, -3]


async def test_bulk_work_delays_no_hot_job(jobs: Jobs, database: Database, name: str) -> None:
    busy, done, never = asyncio.Event(), asyncio.Event(), asyncio.Event()

    @jobs.task(f"{name}.bulk", queue="bulk")
    async def bulk() -> None:
        busy.set()
        await never.wait()

    @jobs.task(f"{name}.hot", queue="hot")
    async def hot() -> None:
        done.set()

    async with working(jobs):
        for _ in range(5):
            await defer(jobs, database, f"{name}.bulk", queue="bulk")
        await busy.wait()
        await defer(jobs, database, f"{name}.hot")
        await asyncio.wait_for(done.wait(), 20)


async def test_a_stop_gives_running_jobs_back(
    jobs: Jobs, database: Database, database_urls: RoleUrls, name: str
) -> None:
    started, never = asyncio.Event(), asyncio.Event()

    @jobs.task(name, queue="hot")
    async def run() -> None:
        started.set()
        await never.wait()

    async with working(jobs):
        await defer(jobs, database, name)
        await started.wait()
    assert rows(database_urls, name) == [("todo", 0, 1, None)]


async def test_periodic_tasks_run(jobs: Jobs, name: str) -> None:
    ticks: list[None] = []

    @jobs.every(1, name)
    async def tick() -> None:
        ticks.append(None)

    async with working(jobs):
        await until(lambda: len(ticks) >= 2)


@pytest.mark.parametrize("seconds", [0, 7, 61, 90, 5 * 3600, 2 * 86400])
def test_a_period_that_cron_can_not_say_is_refused(jobs: Jobs, seconds: int) -> None:
    with pytest.raises(ValueError, match="divide"):
        jobs.every(seconds, "test.odd")(lambda: asyncio.sleep(0))


WORKER = """
import asyncio, sys
from vidstead.jobs import Jobs

async def main():
    jobs = Jobs(sys.argv[1], worker_id="doomed")

    @jobs.task(sys.argv[2], queue="hot")
    async def run() -> None:
        print("started", flush=True)
        await asyncio.sleep(600)

    await jobs.run({"hot": 1}, asyncio.Event())

asyncio.run(main())
"""


async def test_the_job_of_a_killed_worker_is_taken_over(
    jobs: Jobs, database: Database, database_urls: RoleUrls, name: str
) -> None:
    taken = asyncio.Event()

    @jobs.task(name, queue="hot")
    async def run() -> None:
        taken.set()

    await defer(jobs, database, name)
    doomed = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", WORKER, database_urls.queue, name], stdout=subprocess.PIPE, text=True
    )
    try:
        assert doomed.stdout is not None
        assert await asyncio.to_thread(doomed.stdout.readline) == "started\n"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(doomed.pid, signal.SIGKILL)
        doomed.wait()
    async with working(jobs):
        await asyncio.wait_for(taken.wait(), 60)
        await until(lambda: rows(database_urls, name) == [])


async def test_the_lanes_survive_a_restart_of_the_database(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres")
    server.start()
    stop, running = asyncio.Event(), None
    try:
        migrate(server.url)
        urls = RoleUrls.derive(server.url)
        database, jobs = Database(urls.app), Jobs(urls.queue, worker_id="tests")
        seen: list[int] = []

        @jobs.task("test.number", queue="hot")
        async def run(number: int) -> None:
            seen.append(number)

        running = asyncio.create_task(jobs.run(SLOTS, stop, grace=0.2))
        await defer(jobs, database, "test.number", {"number": 1})
        # A run whose end was not written down is, rightly, repeated: this test is about the lanes.
        await until(lambda: seen == [1] and rows(urls, "test.number") == [])
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        await until(lambda: server.poll() is not None)
        await asyncio.sleep(1)  # let the lanes notice, and fail to reconnect
        server.start()
        await defer(jobs, database, "test.number", {"number": 2})
        await until(lambda: seen == [1, 2], 60)
        await database.close()
    finally:
        stop.set()
        if running is not None:
            await running
        server.stop()


async def test_a_failure_that_can_not_be_told_is_told_later(
    database: Database, database_urls: RoleUrls, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vidstead.jobs.retry.LONGEST_PAUSE_SECONDS", 0)
    calls = 0

    async def failed(job: FailedJob) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise ConnectionError("nobody there")

    jobs = Jobs(database_urls.queue, worker_id="tests", failed=failed)

    @jobs.task(name, queue="hot", attempts=1)
    async def run() -> None:
        raise ValueError

    async with working(jobs):
        await defer(jobs, database, name)
        await until(lambda: [row[0] for row in rows(database_urls, name)] == ["failed"])
    assert calls == 2


async def test_a_job_that_kills_its_workers_is_given_up(database: Database, database_urls: RoleUrls, name: str) -> None:
    told: list[FailedJob] = []

    async def failed(job: FailedJob) -> None:
        told.append(job)

    jobs = Jobs(database_urls.queue, worker_id="tests", failed=failed)
    await defer(jobs, database, name, queue="bulk")
    with psycopg.connect(database_urls.queue) as connection:  # as five dead workers leave it
        connection.execute("update procrastinate_jobs set status = 'doing', attempts = 4 where task_name = %s", (name,))
    async with working(jobs, {"hot": 1}):
        await until(lambda: rows(database_urls, name) == [("failed", 0, 5, None)])
    assert [(job.name, job.attempts) for job in told] == [(name, 5)]
