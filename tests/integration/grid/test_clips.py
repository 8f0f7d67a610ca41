"""Clips over a real database: what they share, what keeps them, and how they end."""

import asyncio
from dataclasses import replace
from fractions import Fraction

import pytest
from sqlalchemy import text
from tests.grids import cell, create_grid, row_of

from vidstead.db import Database
from vidstead.encoding import plan_spans
from vidstead.encoding.fill import plan_lent_spans
from vidstead.grid import CellRef, Clips, Coverage, Grid, GridNotFound, Grids, TooManyClips, cell_key, source_prefix
from vidstead.media import SoundSpec
from vidstead.storage.testing import MemoryStore

FIRST, END = 81, 286
"""A clip of a film of 20 s at 24 frames per second in cells of 4 s: 15 frames, two columns, and 94 more."""


@pytest.fixture
def clips(database: Database, grids: Grids) -> Clips:
    return Clips(database, grids)


@pytest.fixture
async def film(database: Database, grids: Grids, environment_id: str, store: MemoryStore) -> Grid:
    return await create_grid(database, grids, environment_id, store=store)


async def cut(database: Database, clips: Clips, film: Grid, first: int = FIRST, end: int = END) -> Grid:
    async with database.begin(film.environment_id) as connection:
        return await clips.cut(connection, film.environment_id, film.id, first, end)


async def leave(database: Database, grids: Grids, grid: Grid) -> None:
    """One use less."""
    async with database.begin(grid.environment_id) as connection:
        await grids.disuse(connection, grid.environment_id, grid.id)


async def coverage(database: Database, grids: Grids, grid: Grid) -> Coverage:
    async with database.begin(grid.environment_id) as connection:
        return await grids.coverage(connection, grid.environment_id, grid.id)


async def sweep_all(grids: Grids) -> None:
    """What the periodic task does, until nothing is dead any more."""
    while found := await grids.to_sweep():
        for environment_id, grid_id in found:
            await grids.sweep(environment_id, grid_id)


async def overdue(database: Database, grid: Grid, seconds: float = 1.0) -> None:
    """Let time go by for one clip."""
    query = text("update grids set kept_until = now() - make_interval(secs => :seconds) where id = :id")
    async with database.begin(grid.environment_id) as connection:
        await connection.execute(query, {"id": grid.id, "seconds": seconds})


async def test_a_clip_shares_what_lies_wholly_inside(database: Database, clips: Clips, film: Grid) -> None:
    clip = await cut(database, clips, film)
    assert clip.timeline.bounds == (81, 96, 192, 286)
    assert (clip.film_id, clip.sources) == (film.id, film.sources)
    for row in clip.rows:
        lender = row_of(film, row.name)
        spec = replace(lender.spec, start=FIRST * 2000) if isinstance(lender.spec, SoundSpec) else lender.spec
        assert (row.slug, row.spec, row.header) == (lender.slug, spec, lender.header)
        assert row.place(1).grid_id == film.id
        assert row.place(1).cell == CellRef(row_id=lender.id, index=1)
        assert [row.place(index).cell for index in (0, 2)] == [CellRef(row_id=row.id, index=index) for index in (0, 2)]
        assert row.done == {1}
    spans = plan_spans(clip)
    assert {(span.first, span.count) for span in spans} == {(0, 1), (2, 1)}
    lent = plan_lent_spans(film, clip)
    assert {(span.grid_id, span.first, span.count) for span in lent} == {(film.id, 1, 1)}


async def test_the_same_frames_are_one_grid(database: Database, clips: Clips, film: Grid) -> None:
    made = await asyncio.gather(*(cut(database, clips, film) for _ in range(6)))
    of_the_clip = await cut(database, clips, made[0])
    visited = await clips.visit(film.environment_id, made[0].id, FIRST, END)
    assert {grid.id for grid in (*made, of_the_clip, visited)} == {made[0].id}
    other = await cut(database, clips, made[0], FIRST + 1, END)
    assert (other.film_id, other.id != made[0].id) == (film.id, True)


async def test_coverage_counts_what_is_lent(database: Database, grids: Grids, clips: Clips, film: Grid) -> None:
    clip = await cut(database, clips, film)
    assert await coverage(database, grids, clip) == Coverage(cells=6, stored=0, fillers=0)
    for index in (0, 1, 2):
        for grid in (film, clip):
            for row in grid.rows:
                if index not in (row.loan.columns if row.loan else ()):
                    made = cell(CellRef(row_id=row.id, index=index))
                    await grids.record(grid.environment_id, grid.id, replace(made, filler=grid is film))
        now = await coverage(database, grids, clip)
        assert now.stored == (2, 4, 6)[index]
        assert now.fillers == (0, 2, 2)[index]
    loaded = await grids.load(film.environment_id, clip.id)
    assert loaded.covered
    assert [row.stored_bytes for row in loaded.rows] == [30, 30]
    assert not (await grids.load(film.environment_id, film.id)).covered


async def test_the_film_lives_as_long_as_its_last_clip(
    database: Database, grids: Grids, clips: Clips, film: Grid, store: MemoryStore
) -> None:
    environment_id = film.environment_id
    clip = await cut(database, clips, film)
    other = await cut(database, clips, film, 0, 120)
    for grid in (film, clip):
        store.put(cell_key(environment_id, grid.id, "180p-1", 1), b"cell")
    assert [row.done for row in (await grids.load(environment_id, film.id)).rows] == [frozenset()] * 2
    await leave(database, grids, film)
    await sweep_all(grids)
    assert (await grids.load(environment_id, clip.id)).sources
    # What no clip has of it is not made any more.
    assert [row.done for row in (await grids.load(environment_id, film.id)).rows] == [frozenset({2, 3, 4})] * 2
    await leave(database, grids, clip)
    await sweep_all(grids)
    with pytest.raises(GridNotFound):
        await grids.load(environment_id, clip.id)
    assert [key for key in store.list(f"{environment_id}/") if clip.id in key.key] == []
    assert list(store.list(source_prefix(environment_id, film.sources[0].id)))
    # Nobody cuts what is going: the last clip ends the film.
    await leave(database, grids, other)
    await sweep_all(grids)
    assert list(store.list(f"{environment_id}/")) == []
    with pytest.raises(GridNotFound):
        await cut(database, clips, film)


async def test_a_clip_by_address_is_kept_for_a_while(
    database: Database, grids: Grids, clips: Clips, film: Grid
) -> None:
    visits = [clips.visit(film.environment_id, film.id, FIRST, END) for _ in range(5)]
    (clip, *others) = await asyncio.gather(*visits)
    assert {other.id for other in others} == {clip.id}
    await clips.expire()
    assert await grids.load(film.environment_id, clip.id)
    await overdue(database, clip)
    await clips.expire()
    with pytest.raises(GridNotFound):
        await grids.load(film.environment_id, clip.id)
    assert (await clips.visit(film.environment_id, film.id, FIRST, END)).id != clip.id


async def test_a_visit_renews_what_keeps_a_clip(database: Database, grids: Grids, clips: Clips, film: Grid) -> None:
    clip = await clips.visit(film.environment_id, film.id, FIRST, END)
    await overdue(database, clip)
    await clips.visit(film.environment_id, film.id, FIRST, END)
    await clips.expire()
    assert await grids.load(film.environment_id, clip.id)
    # One that is an asset too outlives its viewers.
    await cut(database, clips, film)
    await overdue(database, clip)
    await clips.expire()
    assert await grids.load(film.environment_id, clip.id)
    await leave(database, grids, clip)
    with pytest.raises(GridNotFound):
        await grids.load(film.environment_id, clip.id)


async def test_clips_by_address_go_with_their_film(
    database: Database, grids: Grids, clips: Clips, film: Grid, store: MemoryStore
) -> None:
    clip = await clips.visit(film.environment_id, film.id, FIRST, END)
    await leave(database, grids, film)
    with pytest.raises(GridNotFound):
        await grids.load(film.environment_id, clip.id)
    await sweep_all(grids)
    assert list(store.list(f"{film.environment_id}/")) == []


async def test_clips_by_address_are_bounded(
    database: Database, grids: Grids, clips: Clips, film: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vidstead.grid.clips.service.MOST_KEPT", 2)
    environment_id = film.environment_id
    one = await clips.visit(environment_id, film.id, 0, 30)
    await clips.visit(environment_id, film.id, 0, 60)
    with pytest.raises(TooManyClips):
        await clips.visit(environment_id, film.id, 0, 90)
    await clips.visit(environment_id, film.id, 0, 30)
    # What nobody asked for in a while makes room.
    await overdue(database, one, -3600)
    assert await clips.visit(environment_id, film.id, 0, 90)
    with pytest.raises(GridNotFound):
        await grids.load(environment_id, one.id)


async def test_frames_that_are_not_there(database: Database, clips: Clips, film: Grid) -> None:
    for first, end in ((5, 5), (0, 481), (-1, 5)):
        with pytest.raises(ValueError, match="not within"):
            await cut(database, clips, film, first, end)
    assert film.timeline.duration == Fraction(20)


async def test_another_environment_cuts_nothing(database: Database, clips: Clips, film: Grid) -> None:
    async with database.begin("somebody-else") as connection:
        with pytest.raises(GridNotFound):
            await clips.cut(connection, "somebody-else", film.id, FIRST, END)
    with pytest.raises(GridNotFound):
        await clips.visit("somebody-else", film.id, FIRST, END)
