"""The queue's only statements of ours; everything else is procrastinate's own."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vidstead.jobs.model import JsonValue, NewJob

# Put a job into the queue in the caller's transaction. On SQLAlchemy's own connection: on the raw one, without a
# statement of SQLAlchemy's before it, the commit would do nothing and the job be lost in silence.
DEFER = text("select defer_job(:queue, :task, :priority, :once, cast(:args as jsonb), :in_seconds, :fair_to)")

DEFER_ALL = text("""
    select defer_job(queue, task, priority, null, args, 0, null)
    from jsonb_to_recordset(cast(:jobs as jsonb)) as jobs (queue text, task text, priority int, args jsonb)
""")


async def defer(
    connection: AsyncConnection,
    *,
    task: str,
    args: Mapping[str, JsonValue],
    queue: str,
    priority: int,
    once: str | None,
    in_seconds: float,
    fair_to: str | None,
) -> None:
    """Insert a job, or give its waiting twin the better of both priorities and times."""
    values = {"queue": queue, "task": task, "priority": priority, "once": once, "in_seconds": in_seconds}
    await connection.execute(DEFER, {**values, "args": json.dumps(dict(args)), "fair_to": fair_to})


async def defer_all(connection: AsyncConnection, jobs: Sequence[NewJob]) -> None:
    """Insert jobs in their order, in one round trip."""
    await connection.execute(DEFER_ALL, {"jobs": json.dumps([asdict(job) for job in jobs])})
