"""The queue's only statement of ours; everything else is procrastinate's own."""

import json
from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vidstead.jobs.model import JsonValue

# Put a job into the queue in the caller's transaction. On SQLAlchemy's own connection: on the raw one, without a
# statement of SQLAlchemy's before it, the commit would do nothing and the job be lost in silence.
DEFER = text("select defer_job(:queue, :task, :priority, :once, cast(:args as jsonb), :in_seconds)")


async def defer(
    connection: AsyncConnection,
    *,
    task: str,
    args: Mapping[str, JsonValue],
    queue: str,
    priority: int,
    once: str | None,
    in_seconds: float,
) -> None:
    """Insert a job, or give its waiting twin the better of both priorities and times."""
    values = {"queue": queue, "task": task, "priority": priority, "once": once, "in_seconds": in_seconds}
    await connection.execute(DEFER, {**values, "args": json.dumps(dict(args))})
