"""The queue of everything that happens later: procrastinate, wrapped so that its sharp edges are inside.

- **Deferred by name** in the caller's transaction: a change and the work that follows from it are one commit.
- **Lanes**: ``hot``, ``pull``, ``bulk``, ``light`` and ``system`` each have slots of their own in every worker,
  so hours of bulk work delay no viewer, and the sweep of stalled jobs always runs.
- **Retries** with growing pauses; a run cut off by a stop goes back to the queue at once.
- **Takeover**: a worker that dies stops its heartbeat; within about 20 seconds another one has its jobs. A job that
  was started five times and never ended is failed: it may be what kills the workers.
- **At least once**: a process that hangs may be taken for dead while it still works, so a job may run twice at the
  same time. Tasks are idempotent and fence what they write (cells have leases and conditional puts).
- **A restart of the database** is survived in the process: the lanes stop, reconnect and go on.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.job_context import JobContext
from procrastinate.jobs import Job, Status
from sqlalchemy.ext.asyncio import AsyncConnection

from vidstead.db import KEEPALIVE, QuietConnection
from vidstead.jobs import repository
from vidstead.jobs.model import FailedJob, JsonValue, NewJob, Queue
from vidstead.jobs.retry import HandedOver, Retry, Unreported
from vidstead.jobs.schedule import every

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 3.0
STALLED_SECONDS = 12.0
SWEEP_SECONDS = 5
POLL_SECONDS = 1.0
GRACE_SECONDS = 3.0
MOST_STARTS = 5
KEEP_FAILED_HOURS = 24 * 7
CONNECTIONS = 7
CONNECT_SECONDS = 5
TIDY_SECONDS = 3600
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0

SWEEP_TASK = "jobs.sweep_stalled"
TIDY_TASK = "jobs.tidy"
# The sweep goes first in its lane.
SWEEP_PRIORITY = 1000

QUEUES: tuple[Queue, ...] = ("hot", "pull", "bulk", "light", "system")

Task = Callable[..., Awaitable[None]]
Failed = Callable[[FailedJob], Awaitable[None]]


class Jobs:
    """The queue, for those who put jobs in and for the process that runs them."""

    def __init__(self, queue_url: str, *, worker_id: str, failed: Failed | None = None) -> None:
        """``queue_url`` is ``RoleUrls.queue``; ``worker_id`` names this process in logs.

        ``failed`` is told of every job that will not be tried again; it is logged anyway.
        """
        self.worker_id = worker_id
        self._failed = failed
        self._connector = PsycopgConnector(
            conninfo=queue_url,
            min_size=1,
            max_size=CONNECTIONS,
            timeout=CONNECT_SECONDS,
            configure=_commit_by_itself,
            connection_class=QuietConnection,
            kwargs={
                "connect_timeout": CONNECT_SECONDS,
                "application_name": f"vidstead jobs {worker_id}"[:63],
                **KEEPALIVE,
            },
        )
        # One app per lane over one pool. Periodic tasks tick in the lane "system" only, but for the hourly one: a
        # worker of procrastinate that has none stops watching its own listener and heartbeat.
        self._apps = {queue: App(connector=self._connector) for queue in QUEUES}
        self._manager = self._apps["system"].job_manager
        self._every(SWEEP_SECONDS, SWEEP_TASK, self._sweep_stalled, lanes=("system",), priority=SWEEP_PRIORITY)
        self._every(TIDY_SECONDS, TIDY_TASK, self._tidy, lanes=QUEUES)

    def task(self, name: str, *, queue: Queue, attempts: int = 4) -> Callable[[Task], Task]:
        """Make ``async def f(**arguments)`` the task of this name. ``attempts``: runs in all, at least 1.

        A run that raises is repeated after 1, 2, 4 ... 60 s until the attempts are used up.
        """

        def register(function: Task) -> Task:
            strategy = Retry(attempts)

            async def run(context: JobContext, /, **args: JsonValue) -> None:
                await self._attempt(function, context.job, args, strategy)

            self._apps[queue].task(name=name, queue=queue, retry=strategy, pass_context=True)(run)
            return function

        return register

    def every(
        self, seconds: int, name: str
    ) -> Callable[[Callable[[], Awaitable[None]]], Callable[[], Awaitable[None]]]:
        """Run ``async def f()`` once per period over all workers, in the lane ``system``.

        ``seconds`` has to divide a minute, an hour or a day (``ValueError``). Skipped while the one before waits.
        """

        def register(function: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
            self._every(seconds, name, function, lanes=("system",))
            return function

        return register

    async def defer(
        self,
        connection: AsyncConnection,
        name: str,
        args: Mapping[str, JsonValue],
        *,
        queue: Queue,
        priority: int = 0,
        once: str | None = None,
        in_seconds: float = 0,
        fair_to: str | None = None,
    ) -> None:
        """Have a task run after the caller's transaction commits; nothing happens when it rolls back.

        ``priority``: higher goes first within a lane. ``once``: of the jobs with this word only one waits at a time;
        a twin that waits already takes over the better priority and the earlier time, and is not started before
        this transaction ends, so a run that sees our changes always follows. One twin may wait beside a running one.
        ``in_seconds``: not before. ``fair_to``: the environment whose jobs take turns with those of others in the lane,
        however many it has waiting; up to a thousand are counted.
        """
        await repository.defer(
            connection,
            task=name,
            args=args,
            queue=queue,
            priority=priority,
            once=once,
            in_seconds=in_seconds,
            fair_to=fair_to,
        )

    async def defer_all(self, connection: AsyncConnection, jobs: Sequence[NewJob]) -> None:
        """As ``defer``, for many jobs that run as soon as may be: of equal priority the earlier goes first."""
        await repository.defer_all(connection, jobs)

    async def run(self, slots: Mapping[Queue, int], stop: asyncio.Event, *, grace: float = GRACE_SECONDS) -> None:
        """Work until ``stop`` is set: ``slots`` jobs at a time in each lane; a lane with 0 is not worked.

        The lane ``system`` always has at least one slot: it takes over the jobs of the dead.

        On ``stop`` nothing new is started; runs get ``grace`` seconds to end, then are cancelled and go back to the
        queue. When the database goes away, running jobs are cancelled, and the lanes start again when it is back.
        """
        # Procrastinate tells of every start and every tick at INFO.
        logging.getLogger("procrastinate").setLevel(logging.WARNING)
        pause = FIRST_PAUSE_SECONDS
        while not stop.is_set():
            try:
                async with asyncio.timeout(2 * CONNECT_SECONDS):
                    await self._connector.open_async()
                pause = FIRST_PAUSE_SECONDS
                await self._work(slots, stop, grace)
            except (ConnectorException, psycopg.Error, TimeoutError) as error:
                logger.warning("The job lanes lost the database: %s", _sentence(error))
            finally:
                await self._connector.close_async()
            if not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _work(self, slots: Mapping[Queue, int], stop: asyncio.Event, grace: float) -> None:
        """All lanes, until told to stop or until one of them ends by itself (it lost the database)."""
        lanes = [
            asyncio.create_task(self._lane(queue, count, grace), name=f"lane {queue}")
            for queue, count in {**slots, "system": max(1, slots.get("system", 0))}.items()
            if count > 0
        ]
        stopped = asyncio.create_task(stop.wait(), name="stop of the lanes")
        try:
            await asyncio.wait({*lanes, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*lanes, stopped):
                task.cancel()
            ends = await asyncio.gather(*lanes, stopped, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end

    async def _lane(self, queue: Queue, count: int, grace: float) -> None:
        await self._apps[queue].run_worker_async(
            queues=[queue],
            name=f"{self.worker_id}-{queue}",
            concurrency=count,
            fetch_job_polling_interval=POLL_SECONDS,
            shutdown_graceful_timeout=grace,
            delete_jobs="successful",
            install_signal_handlers=False,
            update_heartbeat_interval=HEARTBEAT_SECONDS,
            stalled_worker_timeout=STALLED_SECONDS,
        )

    async def _attempt(self, function: Task, job: Job, args: Mapping[str, JsonValue], strategy: Retry) -> None:
        """One run. A failure that a waiting twin will make good for ends the job here."""
        try:
            await function(**args)
        except (Exception, asyncio.CancelledError) as error:
            if strategy.get_retry_decision(exception=error, job=job) is None:
                await self._report_or_retry(job, error)
                raise
            # The retry of a job whose twin waits would break the queueing lock, and leave the job hanging.
            if await self._twin_waits(job):
                raise HandedOver from error
            if not isinstance(error, asyncio.CancelledError):
                facts = {"job": job.task_name, "job_id": job.id, "attempt": job.attempts + 1}
                logger.warning(
                    "Job %s (%s) failed and will be tried again: %s",
                    job.task_name,
                    job.id,
                    _sentence(error),
                    extra=facts,
                )
            raise

    async def _twin_waits(self, job: Job) -> bool:
        if job.queueing_lock is None:
            return False
        twins = await self._manager.list_jobs_async(queueing_lock=job.queueing_lock, status="todo")
        return bool(list(twins))

    async def _report_or_retry(self, job: Job, error: BaseException) -> None:
        try:
            await self._report(job, _sentence(error))
        except Exception as failure:
            logger.error("The failure of job %s (%s) could not be told: %s", job.task_name, job.id, _sentence(failure))
            raise Unreported from error

    async def _report(self, job: Job, reason: str) -> None:
        failed = FailedJob(
            id=job.id or 0,
            name=job.task_name,
            queue=job.queue,
            attempts=job.attempts + 1,
            args=job.task_kwargs,
            error=reason,
        )
        facts = {"job": failed.name, "job_id": failed.id, "attempt": failed.attempts, "queue": failed.queue}
        logger.error("Job %s (%s) failed for good: %s", failed.name, failed.id, failed.error, extra=facts)
        if self._failed is not None:
            await self._failed(failed)

    def _every(
        self,
        seconds: int,
        name: str,
        function: Callable[[], Awaitable[None]],
        *,
        lanes: Sequence[Queue],
        priority: int = 0,
    ) -> None:
        async def tick(context: JobContext, timestamp: int) -> None:
            try:
                await function()
            except Exception as error:  # told of here; the next tick is the retry
                logger.debug("Periodic task %s failed", name, exc_info=True)
                await self._report(context.job, _sentence(error))

        # One at a time, but for the sweep: one that died holding the lock could be swept by nobody.
        lock = None if function == self._sweep_stalled else name
        for lane in lanes:
            task = self._apps[lane].task(
                name=name, queue="system", queueing_lock=name, lock=lock, priority=priority, pass_context=True
            )(tick)
            self._apps[lane].periodic(cron=every(seconds))(task)

    async def _sweep_stalled(self) -> None:
        """Give the jobs of dead workers to the living."""
        for job in await self._manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
            try:
                await self._take_over(job)
            except Exception as error:  # the others are not to wait for it; the next sweep tries again
                logger.error("Job %s (%s) could not be taken over: %s", job.task_name, job.id, _sentence(error))

    async def _take_over(self, job: Job) -> None:
        if job.attempts + 1 >= MOST_STARTS:
            await self._report(job, f"it was started {job.attempts + 1} times and its worker died each time")
            await self._manager.finish_job(job, Status.FAILED, delete_job=False)
            return
        try:
            await self._manager.retry_job(job)
        except UniqueViolation:  # its twin waits already and does the work
            await self._manager.finish_job(job, Status.FAILED, delete_job=False)

    async def _tidy(self) -> None:
        """Forget jobs that failed a week ago."""
        await self._manager.delete_old_jobs(
            KEEP_FAILED_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
        )


async def _commit_by_itself(connection: psycopg.AsyncConnection[object]) -> None:
    """Procrastinate's operations are one statement each: no round trips for a BEGIN and a COMMIT around it."""
    await connection.set_autocommit(True)


def _sentence(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
