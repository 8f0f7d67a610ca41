"""All SQL of encoding: how fast machines encode. No customer owns a row, so it is read outside of environments."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# What a worker says while it lives. A speed that changed was measured again.
REPORT = text("""
    insert into encode_speeds as known (machine, fingerprint, speed)
    values (:machine, :fingerprint, :speed)
    on conflict (machine, fingerprint) do update set
        speed = excluded.speed,
        measured_at = case when known.speed = excluded.speed then known.measured_at else now() end,
        seen_at = now()
""")

KNOWN = text("""
    select speed from encode_speeds
    where machine = :machine and fingerprint = :fingerprint and measured_at > now() - make_interval(secs => :seconds)
""")

BEST = text("""
    select speed, machine from encode_speeds where seen_at > now() - make_interval(secs => :seconds)
    order by speed desc limit 1
""")

# Machines that came and went, such as containers.
FORGET = text("delete from encode_speeds where seen_at < now() - make_interval(secs => :seconds)")


async def report(connection: AsyncConnection, machine: str, fingerprint: str, speed: float) -> None:
    """Write down the speed of a machine that lives."""
    await connection.execute(REPORT, {"machine": machine, "fingerprint": fingerprint, "speed": speed})


async def known(connection: AsyncConnection, machine: str, fingerprint: str, seconds: float) -> float | None:
    """The speed of a machine, if it was measured within ``seconds``."""
    scope = {"machine": machine, "fingerprint": fingerprint, "seconds": seconds}
    found = (await connection.execute(KNOWN, scope)).scalar()
    return None if found is None else float(found)


async def best(connection: AsyncConnection, seconds: float) -> tuple[float, str] | None:
    """The highest speed of all machines that were heard of within ``seconds``, and whose it is."""
    found = (await connection.execute(BEST, {"seconds": seconds})).first()
    return None if found is None else (float(found.speed), str(found.machine))


async def forget(connection: AsyncConnection, seconds: float) -> None:
    """Remove the machines that were not heard of for ``seconds``."""
    await connection.execute(FORGET, {"seconds": seconds})
