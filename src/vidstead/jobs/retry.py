"""Which failed runs are tried again, and when."""

import asyncio

from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.jobs import Job

LONGEST_PAUSE_SECONDS = 60
MOST_REPORTS = 20


class HandedOver(Exception):
    """A run that failed needs no retry: a job with the same ``once`` waits already."""


class Unreported(Exception):
    """A run failed for good, and whoever wants to know could not be told: both are tried again."""


class Retry(BaseRetryStrategy):
    """Tried ``attempts`` times in all, after 1, 2, 4 ... 60 seconds; a run that was cut off by a stop starts over."""

    def __init__(self, attempts: int) -> None:
        self.attempts = attempts

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """When to run again, or nothing when this was the last time. ``job.attempts`` counts the runs before."""
        if isinstance(exception, HandedOver):
            return None
        if isinstance(exception, Unreported):
            most = self.attempts + MOST_REPORTS
            return RetryDecision(retry_in={"seconds": LONGEST_PAUSE_SECONDS}) if job.attempts < most else None
        if isinstance(exception, asyncio.CancelledError):
            return RetryDecision(retry_in={"seconds": 0})
        if job.attempts + 1 >= self.attempts:
            return None
        return RetryDecision(retry_in={"seconds": min(2**job.attempts, LONGEST_PAUSE_SECONDS)})
