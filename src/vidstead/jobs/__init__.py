"""The job queue: deferred by name in the caller's transaction, run in lanes, retried, taken over from the dead."""

from vidstead.jobs.model import FailedJob, JsonValue, NewJob, Queue
from vidstead.jobs.service import Failed, Jobs

__all__ = ["Failed", "FailedJob", "Jobs", "JsonValue", "NewJob", "Queue"]
