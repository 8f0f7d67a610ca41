"""All SQL of the grid. Every query runs in a transaction with the environment set."""

from collections.abc import Sequence
from fractions import Fraction

from pydantic import TypeAdapter
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from vidstead.grid.model import Cell, CellRef, Coverage, Grid, Loan, NewRow, Part, Row, Source
from vidstead.media import ROW_SPEC, SOURCE_FACTS, RowHeader, Timeline

PARTS: TypeAdapter[tuple[Part, ...]] = TypeAdapter(tuple[Part, ...])

INSERT_GRID = text("""
    insert into grids (id, environment_id, film_id, rate_numerator, rate_denominator, bounds)
    values (:id, :environment_id, :film_id, :rate_numerator, :rate_denominator, :bounds)
""")

INSERT_SOURCE = text("""
    insert into sources (id, environment_id, grid_id, parts, facts, index_key)
    values (:id, :environment_id, :grid_id, cast(:parts as jsonb), cast(:facts as jsonb), :index_key)
""")

INSERT_ROW = text("""
    insert into rows (environment_id, grid_id, source_id, name, generation, spec, init, config, codecs, timescale,
                      fingerprint, bandwidth, bounds, cells, spare, lender_id, lender_column, lent_first, lent_count)
    values (:environment_id, :grid_id, :source_id, :name, :generation, cast(:spec as jsonb), :init, :config, :codecs,
            :timescale, :fingerprint, :bandwidth, :bounds, :cells, :spare, :lender_id, :lender_column, :lent_first,
            :lent_count)
""")

# A dead grid is as good as none. Of a film that is only used by its clips nobody wants more than what it lends.
GRID = text("""
    select id, environment_id, film_id, rate_numerator, rate_denominator, bounds,
           uses <= (select count(*) from grids as clips where clips.film_id = grids.id) as for_clips
    from grids where environment_id = :environment_id and id = :grid_id and dead_at is null
""")

# A clip's are those of its film.
SOURCES = text("""
    select id, parts, facts, index_key from sources
    where environment_id = :environment_id and grid_id = coalesce(
        (select film_id from grids where environment_id = :environment_id and id = :grid_id), :grid_id
    ) order by id
""")

# The stored cells come as arrays of two bounds: a multirange has no driver-neutral form. What is lent is counted.
ROWS = text("""
    select rows.*, lenders.grid_id as lender_grid_id,
           (select coalesce(array_agg(array[lower(run), upper(run)]), '{}') from unnest(rows.done) as run) as runs,
           (select coalesce(sum(upper(run) - lower(run)), 0) from unnest(lenders.done * int4multirange(int4range(
                rows.lender_column + rows.lent_first, rows.lender_column + rows.lent_first + rows.lent_count
            ))) as run) as lent_stored,
           (select coalesce(sum(cells.bytes), 0) from cells
            where cells.row_id = lenders.id and cells.index >= rows.lender_column + rows.lent_first
                and cells.index < rows.lender_column + rows.lent_first + rows.lent_count) as lent_bytes,
           case when :for_clips then array(
               select array[lender_column + lent_first, lender_column + lent_first + lent_count]
               from rows as clips where clips.lender_id = rows.id and clips.lent_count > 0
           ) end as wanted
    from rows left join rows as lenders on lenders.id = rows.lender_id
    where rows.environment_id = :environment_id and rows.grid_id = :grid_id order by rows.id
""")

CELL = text("""
    select row_id, index, bytes, encode(sha256, 'hex') as sha256, encode_ms, worker, filler, created_at
    from cells where environment_id = :environment_id and row_id = :row_id and index = :index
""")

# Take the lease of a cell that is not stored: free, run out, one's own (which is renewed), or, for a viewer who waits,
# one that background work holds.
CLAIM = text("""
    insert into leases (row_id, index, environment_id, holder, hot, expires_at)
    select wanted.row_id, wanted.index, :environment_id, :holder, :hot, now() + make_interval(secs => :seconds)
    from unnest(cast(:row_ids as bigint[]), cast(:indexes as int[])) as wanted (row_id, index)
    where not exists (
        select from cells where cells.row_id = wanted.row_id and cells.index = wanted.index
    )
    order by wanted.row_id, wanted.index
    on conflict (row_id, index) do update
        set holder = excluded.holder, hot = excluded.hot, expires_at = excluded.expires_at
        where leases.holder = excluded.holder or leases.expires_at < now()
           or (excluded.hot and not leases.hot)
    returning row_id, index
""")

LEASED = text("""
    select row_id, index from leases
    where environment_id = :environment_id and row_id = any(:row_ids) and holder <> :but
      and not hot and expires_at > now()
""")

RELEASE = text("delete from leases where environment_id = :environment_id and holder = :holder")

# A cell is recorded only while its grid is alive; the share lock makes a deletion wait for it, or it for the deletion.
ALIVE = text("""
    select 1 from grids where environment_id = :environment_id and id = :grid_id and dead_at is null for share
""")

# The first writer wins: a second record of the same cell changes nothing. With it go its row's cache, its lease and its
# waiters, in one round trip.
RECORD_CELL = text("""
    with inserted as (
        insert into cells (row_id, index, environment_id, bytes, sha256, encode_ms, worker, filler)
        values (:row_id, :index, :environment_id, :bytes, decode(:sha256, 'hex'), :encode_ms, :worker, :filler)
        on conflict do nothing returning 1
    ), covered as (
        update rows set done = done + int4multirange(int4range(:index, :index + 1)), bytes = bytes + :bytes
        where environment_id = :environment_id and id = :row_id and exists (select from inserted)
    ), unleased as (
        delete from leases where environment_id = :environment_id and row_id = :row_id and index = :index
    ), unwanted as (
        delete from wants where environment_id = :environment_id and row_id = :row_id and index = :index
    )
    select exists (select from inserted), pg_notify('cells', :payload)
""")

WANT = text("""
    insert into wants (row_id, index, environment_id, holder, wanted_until)
    values (:row_id, :index, :environment_id, :holder, now() + make_interval(secs => :seconds))
    on conflict (row_id, index, holder) do update set wanted_until = excluded.wanted_until
""")

UNWANT = text("""
    update wants set wanted_until = now()
    where environment_id = :environment_id and row_id = :row_id and index = :index and holder = :holder
""")

FURTHEST_WANTED = text("""
    select max(index) from wants
    where environment_id = :environment_id and row_id = any(:row_ids) and index >= :first and index < :end
      and wanted_until > now()
""")

# Of what a grid shows: of a clip also what is lent to it, of a film not its spares.
COVERAGE = text("""
    select coalesce(sum(rows.cells), 0) as cells,
           coalesce(sum((
               select count(*) from cells where cells.row_id = rows.id and cells.filler
           ) + (
               select count(*) from cells
               where cells.row_id = rows.lender_id and cells.filler
                   and cells.index >= rows.lender_column + rows.lent_first
                   and cells.index < rows.lender_column + rows.lent_first + rows.lent_count
           )), 0) as fillers,
           coalesce(sum((
               select coalesce(sum(upper(run) - lower(run)), 0) from unnest(rows.done) as run
           ) + (
               select coalesce(sum(upper(run) - lower(run)), 0) from unnest(lenders.done * int4multirange(int4range(
                   rows.lender_column + rows.lent_first, rows.lender_column + rows.lent_first + rows.lent_count
               ))) as run
           )), 0) as stored
    from rows left join rows as lenders on lenders.id = rows.lender_id
    where rows.environment_id = :environment_id and rows.grid_id = :grid_id and not rows.spare
""")

USE = text("""
    update grids set uses = uses + 1
    where environment_id = :environment_id and id = :grid_id and dead_at is null returning uses
""")

# The last user's leaving is the grid's death.
DISUSE = text("""
    update grids set uses = uses - 1, dead_at = case when uses = 1 then now() end
    where environment_id = :environment_id and id = :grid_id and uses > 0
    returning dead_at is not null as dead
""")

DEAD = text("""
    select 1 from grids where environment_id = :environment_id and id = :grid_id and dead_at is not null
""")

BUSY = text("""
    select count(*) from leases join rows on rows.id = leases.row_id
    where leases.environment_id = :environment_id and rows.grid_id = :grid_id and leases.expires_at > now()
""")

SOURCE_IDS = text("select id from sources where environment_id = :environment_id and grid_id = :grid_id")

HAS_SOURCE = text("select 1 from sources where environment_id = :environment_id and id = :source_id")

# In the order of the foreign keys.
ERASE = [
    text(query)
    for query in (
        "delete from wants where environment_id = :environment_id and row_id in"
        " (select id from rows where grid_id = :grid_id)",
        "delete from leases where environment_id = :environment_id and row_id in"
        " (select id from rows where grid_id = :grid_id)",
        "delete from cells where environment_id = :environment_id and row_id in"
        " (select id from rows where grid_id = :grid_id)",
        "delete from rows where environment_id = :environment_id and grid_id = :grid_id",
        "delete from sources where environment_id = :environment_id and grid_id = :grid_id",
        "delete from grids where environment_id = :environment_id and id = :grid_id and dead_at is not null",
    )
]

TO_SWEEP = text("select environment_id, grid_id from grids_to_sweep(:most)")


async def insert_grid(
    connection: AsyncConnection,
    *,
    environment_id: str,
    grid_id: str,
    timeline: Timeline,
    source: Source,
    rows: Sequence[NewRow],
    spares: Sequence[NewRow],
) -> None:
    """Create a grid with its source, rows and spares, used once."""
    scope = {"environment_id": environment_id, "grid_id": grid_id}
    await insert_timeline(connection, environment_id, grid_id, timeline)
    await connection.execute(
        INSERT_SOURCE,
        {
            **scope,
            "id": source.id,
            "parts": PARTS.dump_json(source.parts).decode(),
            "facts": SOURCE_FACTS.dump_json(source.facts).decode(),
            "index_key": source.index_key,
        },
    )
    for row in rows:
        await insert_row(connection, environment_id, grid_id, source.id, row)
    for row in spares:
        await insert_row(connection, environment_id, grid_id, source.id, row, spare=True)


async def insert_timeline(
    connection: AsyncConnection, environment_id: str, grid_id: str, timeline: Timeline, film_id: str | None = None
) -> None:
    """Create a grid without rows, used once; of a clip ``film_id`` is the grid that it is cut from."""
    await connection.execute(
        INSERT_GRID,
        {
            "id": grid_id,
            "environment_id": environment_id,
            "film_id": film_id,
            "rate_numerator": timeline.rate.numerator,
            "rate_denominator": timeline.rate.denominator,
            "bounds": list(timeline.bounds),
        },
    )


async def insert_row(
    connection: AsyncConnection, environment_id: str, grid_id: str, source_id: str, row: NewRow, *, spare: bool = False
) -> None:
    """Add a row to a grid."""
    loan = row.loan
    await connection.execute(
        INSERT_ROW,
        {
            "environment_id": environment_id,
            "grid_id": grid_id,
            "source_id": source_id,
            "name": row.plan.name,
            "generation": row.generation,
            "spec": ROW_SPEC.dump_json(row.plan.spec).decode(),
            "init": row.header.init,
            "config": row.header.config,
            "codecs": row.header.codecs,
            "timescale": row.header.timescale,
            "fingerprint": row.fingerprint,
            "bandwidth": row.bandwidth,
            "bounds": list(row.bounds),
            "cells": len(row.bounds) - 1,
            "spare": spare,
            "lender_id": loan.row_id if loan else None,
            "lender_column": loan.column if loan else 0,
            "lent_first": loan.columns.start if loan else 0,
            "lent_count": len(loan.columns) if loan else 0,
        },
    )


async def select_grid(connection: AsyncConnection, environment_id: str, grid_id: str) -> Grid | None:
    """The grid with its sources and rows, unless it is dead."""
    scope = {"environment_id": environment_id, "grid_id": grid_id}
    found = (await connection.execute(GRID, scope)).mappings().first()
    if found is None:
        return None
    sources = (await connection.execute(SOURCES, scope)).mappings().all()
    rows = (await connection.execute(ROWS, {**scope, "for_clips": found["for_clips"]})).mappings().all()
    return Grid(
        id=found["id"],
        environment_id=found["environment_id"],
        timeline=Timeline(
            rate=Fraction(found["rate_numerator"], found["rate_denominator"]), bounds=tuple(found["bounds"])
        ),
        sources=tuple(_source(source) for source in sources),
        rows=tuple(_row(row) for row in rows if not row["spare"]),
        spares=tuple(_row(row) for row in rows if row["spare"]),
        film_id=found["film_id"],
    )


def _source(found: RowMapping) -> Source:
    return Source(
        id=found["id"],
        parts=PARTS.validate_python(found["parts"]),
        facts=SOURCE_FACTS.validate_python(found["facts"]),
        index_key=found["index_key"],
    )


def _loan(found: RowMapping) -> Loan | None:
    if found["lender_id"] is None:
        return None
    return Loan(
        grid_id=found["lender_grid_id"],
        row_id=found["lender_id"],
        column=found["lender_column"],
        columns=range(found["lent_first"], found["lent_first"] + found["lent_count"]),
        stored=found["lent_stored"],
        stored_bytes=found["lent_bytes"],
    )


def _row(found: RowMapping) -> Row:
    loan = _loan(found)
    done = {index for low, high in found["runs"] for index in range(low, high)}
    if found["wanted"] is not None:
        wanted = {index for low, high in found["wanted"] for index in range(low, high)}
        done |= set(range(len(found["bounds"]) - 1)) - wanted
    return Row(
        id=found["id"],
        environment_id=found["environment_id"],
        grid_id=found["grid_id"],
        source_id=found["source_id"],
        name=found["name"],
        generation=found["generation"],
        spec=ROW_SPEC.validate_python(found["spec"]),
        header=RowHeader(
            init=bytes(found["init"]),
            codecs=found["codecs"],
            timescale=found["timescale"],
            config=bytes(found["config"]),
        ),
        fingerprint=found["fingerprint"],
        bandwidth=found["bandwidth"],
        bounds=tuple(found["bounds"]),
        done=frozenset(done.union(loan.columns if loan else ())),
        stored_bytes=found["bytes"] + (loan.stored_bytes if loan else 0),
        loan=loan,
    )


async def select_cell(connection: AsyncConnection, environment_id: str, cell: CellRef) -> Cell | None:
    """One stored cell."""
    found = (await connection.execute(CELL, _coordinates(environment_id, cell))).mappings().first()
    if found is None:
        return None
    return Cell(
        row_id=found["row_id"],
        index=found["index"],
        size=found["bytes"],
        sha256=found["sha256"],
        encode_ms=found["encode_ms"],
        worker=found["worker"],
        filler=found["filler"],
        created_at=found["created_at"],
    )


def _coordinates(environment_id: str, cell: CellRef) -> dict[str, object]:
    return {"environment_id": environment_id, "row_id": cell.row_id, "index": cell.index}


async def claim(
    connection: AsyncConnection, environment_id: str, holder: str, cells: Sequence[CellRef], seconds: float, hot: bool
) -> frozenset[CellRef]:
    """Lease those of ``cells`` that are missing and free (or, if ``hot``, held by background work); tell which."""
    taken = await connection.execute(
        CLAIM,
        {
            "environment_id": environment_id,
            "holder": holder,
            "hot": hot,
            "seconds": seconds,
            "row_ids": [cell.row_id for cell in cells],
            "indexes": [cell.index for cell in cells],
        },
    )
    return frozenset(CellRef(row_id=row_id, index=index) for row_id, index in taken)


async def leased(
    connection: AsyncConnection, environment_id: str, cells: Sequence[CellRef], but: str
) -> frozenset[CellRef]:
    """Those of ``cells`` that background work of others holds."""
    rows = sorted({cell.row_id for cell in cells})
    found = await connection.execute(LEASED, {"environment_id": environment_id, "row_ids": rows, "but": but})
    return frozenset(cells) & {CellRef(row_id=row_id, index=index) for row_id, index in found}


async def release(connection: AsyncConnection, environment_id: str, holder: str) -> None:
    """Give up every lease of ``holder``."""
    await connection.execute(RELEASE, {"environment_id": environment_id, "holder": holder})


async def alive(connection: AsyncConnection, environment_id: str, grid_id: str) -> bool:
    """Whether the grid lives; until the transaction ends it can't die."""
    scope = {"environment_id": environment_id, "grid_id": grid_id}
    return (await connection.execute(ALIVE, scope)).first() is not None


async def insert_cell(connection: AsyncConnection, environment_id: str, cell: Cell) -> bool:
    """Record a stored cell with its row's cache, lease and waiters; ``False`` if it was recorded before."""
    at = _coordinates(environment_id, CellRef(row_id=cell.row_id, index=cell.index))
    facts = {
        "bytes": cell.size,
        "sha256": cell.sha256,
        "encode_ms": cell.encode_ms,
        "worker": cell.worker,
        "filler": cell.filler,
    }
    found = await connection.execute(RECORD_CELL, {**at, **facts, "payload": f"{cell.row_id}:{cell.index}"})
    return bool(found.scalars().one())


async def want(connection: AsyncConnection, environment_id: str, holder: str, cell: CellRef, seconds: float) -> None:
    """Note that somebody waits for a cell for so many seconds from now."""
    at = _coordinates(environment_id, cell)
    await connection.execute(WANT, {**at, "holder": holder, "seconds": seconds})


async def unwant(connection: AsyncConnection, environment_id: str, holder: str, cell: CellRef) -> None:
    """Note that ``holder`` waits for a cell no longer."""
    await connection.execute(UNWANT, {**_coordinates(environment_id, cell), "holder": holder})


async def furthest_wanted(
    connection: AsyncConnection, environment_id: str, row_ids: Sequence[int], columns: range
) -> int | None:
    """The last of ``columns`` of which somebody waits for a cell of the rows now."""
    place = {"row_ids": list(row_ids), "first": columns.start, "end": columns.stop}
    found: int | None = await connection.scalar(FURTHEST_WANTED, {"environment_id": environment_id, **place})
    return found


async def coverage(connection: AsyncConnection, environment_id: str, grid_id: str) -> Coverage:
    """How much of a grid is stored."""
    scope = {"environment_id": environment_id, "grid_id": grid_id}
    found = (await connection.execute(COVERAGE, scope)).mappings().one()
    return Coverage(cells=int(found["cells"]), stored=int(found["stored"]), fillers=int(found["fillers"]))


async def use(connection: AsyncConnection, environment_id: str, grid_id: str) -> bool:
    """Count one more user of a grid; ``False`` if it is dead."""
    scope = {"environment_id": environment_id, "grid_id": grid_id}
    return (await connection.execute(USE, scope)).first() is not None


async def disuse(connection: AsyncConnection, environment_id: str, grid_id: str) -> bool:
    """Count one user less; ``True`` if that was the last and the grid is dead now."""
    scope = {"environment_id": environment_id, "grid_id": grid_id}
    found = (await connection.execute(DISUSE, scope)).first()
    return found is not None and bool(found.dead)


async def dead(connection: AsyncConnection, environment_id: str, grid_id: str) -> bool:
    """Whether a grid is dead and its rows are still there."""
    scope = {"environment_id": environment_id, "grid_id": grid_id}
    return (await connection.execute(DEAD, scope)).first() is not None


async def busy(connection: AsyncConnection, environment_id: str, grid_id: str) -> int:
    """How many cells of a grid somebody still holds a lease on."""
    scope = {"environment_id": environment_id, "grid_id": grid_id}
    return int((await connection.execute(BUSY, scope)).scalar_one())


async def source_ids(connection: AsyncConnection, environment_id: str, grid_id: str) -> list[str]:
    """The sources of a grid, dead or alive."""
    scope = {"environment_id": environment_id, "grid_id": grid_id}
    return [found.id for found in await connection.execute(SOURCE_IDS, scope)]


async def has_source(connection: AsyncConnection, environment_id: str, source_id: str) -> bool:
    """Whether a grid, dead or alive, owns a source."""
    scope = {"environment_id": environment_id, "source_id": source_id}
    return (await connection.execute(HAS_SOURCE, scope)).first() is not None


async def erase(connection: AsyncConnection, environment_id: str, grid_id: str) -> bool:
    """Remove every trace of a dead grid from the tables; ``False`` where somebody else has."""
    scope = {"environment_id": environment_id, "grid_id": grid_id}
    removed = [(await connection.execute(query, scope)).rowcount for query in ERASE]
    return removed[-1] == 1


async def to_sweep(connection: AsyncConnection, most: int) -> list[tuple[str, str]]:
    """Dead grids of every environment that still have rows, as (environment, grid)."""
    return [(found[0], found[1]) for found in await connection.execute(TO_SWEEP, {"most": most})]
