"""Cells: leased to one worker at a time, recorded once, never for a grid that is dead."""

import asyncio
from dataclasses import replace

import pytest
from tests.grids import cell, cells_of, create_grid, row_of

from vidstead.db import Database
from vidstead.grid import CellRef, Coverage, GridNotFound, Grids, Recorded, cell_key, grid_prefix, source_prefix
from vidstead.storage.testing import MemoryStore


async def test_a_grid_comes_back_as_it_was_made(database: Database, grids: Grids, environment_id: str) -> None:
    made = await create_grid(database, grids, environment_id)
    loaded = await grids.load(environment_id, made.id)
    assert loaded == made
    assert loaded.timeline.cells == 5
    assert [row.slug for row in loaded.rows] == ["180p-1", "audio-1"]
    assert row_of(loaded, "180p").header.init == b"video init"


async def test_another_environment_has_no_such_grid(database: Database, grids: Grids, environment_id: str) -> None:
    made = await create_grid(database, grids, environment_id)
    with pytest.raises(GridNotFound):
        await grids.load("somebody-else", made.id)


async def test_every_cell_is_leased_to_one_of_many(database: Database, grids: Grids, environment_id: str) -> None:
    grid = await create_grid(database, grids, environment_id)
    cells = cells_of(grid)
    taken = await asyncio.gather(
        *(grids.claim(environment_id, grid.id, f"worker-{n}", cells[n % 3 :], seconds=60) for n in range(12))
    )
    owners = [ref for part in taken for ref in part]
    assert sorted(owners, key=lambda ref: (ref.row_id, ref.index)) == cells


async def test_a_lease_is_renewed_by_its_holder_only(database: Database, grids: Grids, environment_id: str) -> None:
    grid = await create_grid(database, grids, environment_id)
    ref = cells_of(grid)[0]
    assert await grids.claim(environment_id, grid.id, "one", [ref], seconds=60) == {ref}
    assert await grids.claim(environment_id, grid.id, "one", [ref], seconds=60) == {ref}
    assert await grids.claim(environment_id, grid.id, "two", [ref], seconds=60) == frozenset()
    await grids.release(environment_id, "one")
    assert await grids.claim(environment_id, grid.id, "two", [ref], seconds=60) == {ref}


async def test_a_lease_that_ran_out_may_be_taken(database: Database, grids: Grids, environment_id: str) -> None:
    grid = await create_grid(database, grids, environment_id)
    ref = cells_of(grid)[0]
    assert await grids.claim(environment_id, grid.id, "dead", [ref], seconds=-1) == {ref}
    assert await grids.claim(environment_id, grid.id, "alive", [ref], seconds=60) == {ref}


async def test_a_viewer_takes_a_lease_from_the_background_only(
    database: Database, grids: Grids, environment_id: str
) -> None:
    grid = await create_grid(database, grids, environment_id)
    ref = cells_of(grid)[0]
    assert await grids.claim(environment_id, grid.id, "bulk", [ref], seconds=60) == {ref}
    assert await grids.claim(environment_id, grid.id, "hot", [ref], seconds=60, hot=True) == {ref}
    assert await grids.claim(environment_id, grid.id, "hotter", [ref], seconds=60, hot=True) == frozenset()
    assert await grids.claim(environment_id, grid.id, "bulk", [ref], seconds=60) == frozenset()


async def test_a_stored_cell_is_never_leased(database: Database, grids: Grids, environment_id: str) -> None:
    grid = await create_grid(database, grids, environment_id)
    first, second = cells_of(grid)[:2]
    assert await grids.record(environment_id, grid.id, cell(first)) is Recorded.STORED
    assert await grids.claim(environment_id, grid.id, "one", [first, second], seconds=60) == {second}


async def test_the_first_record_wins(database: Database, grids: Grids, environment_id: str) -> None:
    grid = await create_grid(database, grids, environment_id)
    ref = cells_of(grid)[0]
    outcomes = await asyncio.gather(
        *(grids.record(environment_id, grid.id, cell(ref, worker=f"w{n}", size=n + 1)) for n in range(8))
    )
    assert sorted(outcome.name for outcome in outcomes) == ["ALREADY"] * 7 + ["STORED"]
    stored = await grids.cell(environment_id, ref)
    assert stored is not None
    assert stored.worker == f"w{stored.size - 1}"


async def test_cells_of_a_row_that_are_recorded_at_once_all_count(
    database: Database, grids: Grids, environment_id: str
) -> None:
    """Every one waits in the database for the one before it, twice: each cell is recorded by two workers."""
    for _ in range(5):
        grid = await create_grid(database, grids, environment_id)
        row, columns = row_of(grid, "180p"), range(grid.timeline.cells)
        both = [cell(CellRef(row_id=row.id, index=index), size=7) for index in columns for _ in range(2)]
        recorded = await asyncio.gather(*(grids.record(environment_id, grid.id, each) for each in both))
        assert recorded.count(Recorded.STORED) == len(columns)
        now = row_of(await grids.load(environment_id, grid.id), "180p")
        assert (sorted(now.done), now.stored_bytes) == (list(columns), 7 * len(columns))


async def test_coverage_follows_in_the_same_commit(database: Database, grids: Grids, environment_id: str) -> None:
    grid = await create_grid(database, grids, environment_id)
    cells = cells_of(grid)
    await asyncio.gather(*(grids.record(environment_id, grid.id, cell(ref)) for ref in cells if ref.index != 3))
    loaded = await grids.load(environment_id, grid.id)
    assert {row.done for row in loaded.rows} == {frozenset({0, 1, 2, 4})}
    async with database.begin(environment_id) as connection:
        assert await grids.coverage(connection, environment_id, grid.id) == Coverage(cells=10, stored=8, fillers=0)


async def test_a_dead_grid_takes_nothing_and_is_swept(
    database: Database, grids: Grids, store: MemoryStore, environment_id: str
) -> None:
    grid = await create_grid(database, grids, environment_id, store=store)
    at, late = cells_of(grid)[:2]
    store.put(cell_key(environment_id, grid.id, grid.rows[0].slug, 0), b"cell")
    await grids.record(environment_id, grid.id, cell(at))
    await grids.claim(environment_id, grid.id, "slow", [late], seconds=60)
    async with database.begin(environment_id) as connection:
        await grids.disuse(connection, environment_id, grid.id)
    with pytest.raises(GridNotFound):
        await grids.load(environment_id, grid.id)
    assert await grids.claim(environment_id, grid.id, "new", cells_of(grid), seconds=60) == frozenset()
    assert await grids.record(environment_id, grid.id, cell(late)) is Recorded.GRID_GONE
    assert (environment_id, grid.id) in await grids.to_sweep()
    # Somebody still works on it: the objects go, the rows wait until an object can't come any more.
    assert await grids.sweep(environment_id, grid.id) is False
    assert not list(store.list(grid_prefix(environment_id, grid.id)))
    store.put(cell_key(environment_id, grid.id, grid.rows[0].slug, 1), b"late")
    await grids.release(environment_id, "slow")
    assert await grids.sweep(environment_id, grid.id) is True
    assert not list(store.list(grid_prefix(environment_id, grid.id)))
    assert not list(store.list(source_prefix(environment_id, grid.sources[0].id)))
    assert (environment_id, grid.id) not in await grids.to_sweep()
    assert await grids.sweep(environment_id, grid.id) is True


async def test_a_grid_lives_until_its_last_user_leaves(database: Database, grids: Grids, environment_id: str) -> None:
    grid = await create_grid(database, grids, environment_id)
    async with database.begin(environment_id) as connection:
        await grids.use(connection, environment_id, grid.id)
        await grids.disuse(connection, environment_id, grid.id)
    assert (await grids.load(environment_id, grid.id)).id == grid.id
    async with database.begin(environment_id) as connection:
        await grids.disuse(connection, environment_id, grid.id)
    async with database.begin(environment_id) as connection:
        with pytest.raises(GridNotFound):
            await grids.use(connection, environment_id, grid.id)


async def test_a_record_and_a_death_exclude_each_other(database: Database, grids: Grids, environment_id: str) -> None:
    """However the two fall together, a recorded cell is one that the sweep will see."""
    for _ in range(5):
        grid = await create_grid(database, grids, environment_id)

        async def die(grid_id: str = grid.id) -> None:
            async with database.begin(environment_id) as connection:
                await grids.disuse(connection, environment_id, grid_id)

        outcome, _ = await asyncio.gather(grids.record(environment_id, grid.id, cell(cells_of(grid)[0])), die())
        recorded = await grids.cell(environment_id, cells_of(grid)[0])
        assert (recorded is not None) == (outcome is Recorded.STORED)


async def test_a_filler_is_told_apart(database: Database, grids: Grids, environment_id: str) -> None:
    grid = await create_grid(database, grids, environment_id)
    ref = CellRef(row_id=grid.rows[0].id, index=2)
    await grids.record(environment_id, grid.id, replace(cell(ref), filler=True))
    stored = await grids.cell(environment_id, ref)
    assert stored is not None
    assert stored.filler
    assert await grids.cell(environment_id, CellRef(row_id=ref.row_id, index=3)) is None
