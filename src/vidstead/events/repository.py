"""The SQL of the log and its cursors."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from vidstead.events.model import Event

# Write an event, and wake the followers at the commit. Equal notifications of one transaction are sent once.
APPEND = text(
    """
    with written as (
        insert into events (environment_id, type, subject_type, subject_id, data)
        values (:environment_id, :type, :subject_type, :subject_id, cast(:data as jsonb))
    )
    select pg_notify('events', '')
    """
)

# The events after a cursor, of all environments, up to the oldest transaction that still runs.
AFTER = text(
    """
    select id, xid::text::bigint as xid, environment_id, type, subject_type, subject_id, data, created_at
    from events_after(cast(cast(:xid as text) as xid8), :event_id, :most)
    """
)

# Make sure that a cursor exists, at the beginning of the log.
ENSURE = text("insert into event_cursors (name) values (:name) on conflict do nothing")

# Take a cursor, or keep it: nothing when another process holds it.
HOLD = text(
    """
    update event_cursors
    set holder = :holder, leased_until = now() + make_interval(secs => :seconds)
    where name = :name and (holder = :holder or leased_until < now())
    returning xid::text::bigint as xid, event_id
    """
)

# Move a cursor, if it is still ours.
MOVE = text(
    """
    update event_cursors
    set xid = cast(cast(:xid as text) as xid8), event_id = :event_id, moved_at = now(),
        leased_until = now() + make_interval(secs => :seconds)
    where name = :name and holder = :holder
    """
)

# Give a cursor to whoever comes next.
RELEASE = text(
    "update event_cursors set holder = null, leased_until = '-infinity' where name = :name and holder = :holder"
)


@dataclass(frozen=True, kw_only=True)
class Position:
    """Up to where a cursor has read: transactions first, then the order within one."""

    xid: int
    event_id: int


async def append(
    connection: AsyncConnection,
    *,
    environment_id: str,
    type: str,  # noqa: A002
    subject_type: str,
    subject_id: str,
    data: Mapping[str, Any],
) -> None:
    """Insert one event."""
    values = {"environment_id": environment_id, "type": type, "subject_type": subject_type, "subject_id": subject_id}
    await connection.execute(APPEND, {**values, "data": json.dumps(dict(data))})


async def after(connection: AsyncConnection, position: Position, most: int) -> list[Event]:
    """At most ``most`` events after a position, oldest first."""
    values = {"xid": str(position.xid), "event_id": position.event_id, "most": most}
    return [_event(row) for row in await connection.execute(AFTER, values)]


async def hold(connection: AsyncConnection, *, name: str, holder: str, seconds: float) -> Position | None:
    """Lease a cursor for ``seconds``: its position, or nothing while another holds it."""
    await connection.execute(ENSURE, {"name": name})
    row = (await connection.execute(HOLD, {"name": name, "holder": holder, "seconds": seconds})).first()
    return None if row is None else Position(xid=row.xid, event_id=row.event_id)


async def move(connection: AsyncConnection, *, name: str, holder: str, position: Position, seconds: float) -> bool:
    """Move a cursor and renew its lease; ``False`` when it was lost to another."""
    values = {"name": name, "holder": holder, "xid": str(position.xid), "event_id": position.event_id}
    return (await connection.execute(MOVE, {**values, "seconds": seconds})).rowcount == 1


async def release(connection: AsyncConnection, *, name: str, holder: str) -> None:
    """Give up a cursor."""
    await connection.execute(RELEASE, {"name": name, "holder": holder})


def _event(row: Row[Any]) -> Event:
    return Event(
        id=row.id,
        xid=row.xid,
        environment_id=row.environment_id,
        type=row.type,
        subject_type=row.subject_type,
        subject_id=row.subject_id,
        data=row.data,
        created_at=row.created_at,
    )
