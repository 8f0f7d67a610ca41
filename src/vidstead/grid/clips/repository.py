"""The SQL of clips: which grid is cut from which, and what keeps it."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# The film of a clip; of a film itself. Dead grids too: they still have to be let go.
FILM = text("""
    select coalesce(film_id, id) from grids where environment_id = :environment_id and id = :grid_id
""")

# Whoever makes clips of a film or lets them go does it alone: everything about clips is under the film's row.
HOLD = text("select dead_at is null from grids where environment_id = :environment_id and id = :film_id for update")

CLIP = text("""
    select id, kept_until is not null as kept, kept_until > now() + make_interval(secs => :seconds) as fresh
    from grids
    where environment_id = :environment_id and film_id = :film_id and dead_at is null
        and bounds[1] = :first and bounds[array_upper(bounds, 1)] = :end
""")

CLIPS = text("""
    select id from grids where environment_id = :environment_id and film_id = :film_id and dead_at is null
""")

KEEP = text("""
    update grids
    set kept_until = now() + make_interval(secs => :seconds),
        uses = uses + case when kept_until is null and not :new then 1 else 0 end
    where environment_id = :environment_id and id = :grid_id
""")

KEPT = text("""
    select count(*) from grids
    where environment_id = :environment_id and film_id = :film_id and kept_until is not null
""")

# The kept clip that was asked for least recently, unless that was less than so many seconds before its end.
STALEST = text("""
    select id from grids
    where environment_id = :environment_id and film_id = :film_id
        and kept_until < now() + make_interval(secs => :seconds)
    order by kept_until limit 1
""")

# With its last use a clip dies.
LET_GO = text("""
    update grids set kept_until = null, uses = uses - 1, dead_at = case when uses = 1 then now() end
    where environment_id = :environment_id and id = :grid_id
        and kept_until < case when :overdue then now() else 'infinity' end
    returning dead_at is not null as dead
""")

KEPT_OF_FILM = text("""
    select id from grids where environment_id = :environment_id and film_id = :film_id and kept_until is not null
""")

TO_LET_GO = text("select environment_id, grid_id from clips_to_let_go(:most)")


async def film_of(connection: AsyncConnection, environment_id: str, grid_id: str) -> str | None:
    """The film that a clip is cut from; a film's own id; ``None`` where there is no such grid."""
    scope = {"environment_id": environment_id, "grid_id": grid_id}
    found: str | None = (await connection.execute(FILM, scope)).scalar()
    return found


async def hold(connection: AsyncConnection, environment_id: str, film_id: str) -> bool:
    """Wait for everybody else who makes or ends clips of a film; whether it is alive."""
    scope = {"environment_id": environment_id, "film_id": film_id}
    return bool((await connection.execute(HOLD, scope)).scalar())


async def find(
    connection: AsyncConnection, environment_id: str, film_id: str, first: int, end: int, seconds: float = 0
) -> tuple[str, bool, bool] | None:
    """The living clip of these frames: its id, whether viewers keep it, and whether for ``seconds`` more."""
    scope = {"environment_id": environment_id, "film_id": film_id, "first": first, "end": end, "seconds": seconds}
    found = (await connection.execute(CLIP, scope)).first()
    return (found.id, found.kept, bool(found.fresh)) if found else None


async def clips_of(connection: AsyncConnection, environment_id: str, film_id: str) -> list[str]:
    """The living clips of a film."""
    scope = {"environment_id": environment_id, "film_id": film_id}
    return [found.id for found in await connection.execute(CLIPS, scope)]


async def keep(
    connection: AsyncConnection, environment_id: str, grid_id: str, seconds: float, *, new: bool = False
) -> None:
    """Keep a clip for ``seconds`` from now: one use more, unless it is kept already, or ``new`` for just that."""
    scope = {"environment_id": environment_id, "grid_id": grid_id}
    await connection.execute(KEEP, {**scope, "seconds": seconds, "new": new})


async def kept(connection: AsyncConnection, environment_id: str, film_id: str) -> int:
    """How many clips of a film viewers keep."""
    scope = {"environment_id": environment_id, "film_id": film_id}
    return int((await connection.execute(KEPT, scope)).scalar_one())


async def stalest(connection: AsyncConnection, environment_id: str, film_id: str, seconds: float) -> str | None:
    """The kept clip whose time ends first, if that is within ``seconds``."""
    scope = {"environment_id": environment_id, "film_id": film_id, "seconds": seconds}
    found: str | None = (await connection.execute(STALEST, scope)).scalar()
    return found


async def kept_ids(connection: AsyncConnection, environment_id: str, film_id: str) -> list[str]:
    """The clips of a film that viewers keep."""
    scope = {"environment_id": environment_id, "film_id": film_id}
    return [found.id for found in await connection.execute(KEPT_OF_FILM, scope)]


async def let_go(connection: AsyncConnection, environment_id: str, grid_id: str, *, overdue: bool) -> bool:
    """End what viewers keep a clip by (``overdue``: if its time is over); ``True`` if that was its last use."""
    scope = {"environment_id": environment_id, "grid_id": grid_id}
    found = (await connection.execute(LET_GO, {**scope, "overdue": overdue})).first()
    return found is not None and bool(found.dead)


async def to_let_go(connection: AsyncConnection, most: int) -> list[tuple[str, str]]:
    """Clips of every environment whose time is over, as (environment, grid)."""
    return [(found[0], found[1]) for found in await connection.execute(TO_LET_GO, {"most": most})]
