"""The life of an asset, and what the log says of it."""

from dataclasses import replace

import pytest
from sqlalchemy import text
from tests.grids import cell, cells_of, create_grid

from vidstead.assets import Asset, AssetNotFound, Assets, NewAsset, PlaybackIdNotFound, Progress, Published
from vidstead.db import Database
from vidstead.events import Event
from vidstead.grid import GridNotFound, Grids
from vidstead.kit import InvalidCursor, now

PUBLISHED = Published(
    duration=20.0,
    tracks=({"type": "video", "id": "t"},),
    resolution_tier="720p",
    max_stored_frame_rate=24.0,
    aspect_ratio="16:9",
)
LOG = text("select type from events where subject_id = :subject order by id")


async def create(database: Database, assets: Assets, environment_id: str, **fields: object) -> Asset:
    new = NewAsset(playback_policies=("public",), **fields)  # type: ignore[arg-type]
    async with database.begin(environment_id) as connection:
        return await assets.create(connection, environment_id, new, ingest_type="on_demand_url")


async def log(database: Database, environment_id: str, subject_id: str) -> list[str]:
    async with database.begin(environment_id) as connection:
        return list((await connection.execute(LOG, {"subject": subject_id})).scalars())


async def test_from_preparing_to_ready(database: Database, assets: Assets, grids: Grids, environment_id: str) -> None:
    asset = await create(database, assets, environment_id, passthrough="p", meta={"title": "T"}, options={"x": 1})
    assert (asset.status, asset.passthrough, asset.meta, asset.options) == ("preparing", "p", {"title": "T"}, {"x": 1})
    assert [playback.policy for playback in asset.playback_ids] == ["public"]
    grid = await create_grid(database, grids, environment_id)
    async with database.begin(environment_id) as connection:
        ready = await assets.publish(connection, environment_id, asset.id, PUBLISHED, [grid.id])
    assert (ready.status, ready.duration, ready.tracks) == ("ready", 20.0, PUBLISHED.tracks)
    playback = await assets.playback(asset.playback_ids[0].id)
    assert (playback.environment_id, playback.status, playback.grid_ids) == (environment_id, "ready", (grid.id,))
    assert await log(database, environment_id, asset.id) == ["video.asset.created", "video.asset.ready"]


async def test_publishing_happens_once(database: Database, assets: Assets, grids: Grids, environment_id: str) -> None:
    asset = await create(database, assets, environment_id)
    grid = await create_grid(database, grids, environment_id)
    async with database.begin(environment_id) as connection:
        await assets.publish(connection, environment_id, asset.id, PUBLISHED, [grid.id])
    async with database.begin(environment_id) as connection:
        with pytest.raises(AssetNotFound):
            await assets.publish(connection, environment_id, asset.id, PUBLISHED, [grid.id])


async def test_failing_happens_once(database: Database, assets: Assets, environment_id: str) -> None:
    asset = await create(database, assets, environment_id)
    for sentence in ("first", "second"):
        async with database.begin(environment_id) as connection:
            await assets.fail(connection, environment_id, asset.id, "unreadable_source", [sentence])
    async with database.begin(environment_id) as connection:
        failed = await assets.get(connection, environment_id, asset.id)
    assert (failed.status, failed.error_type, failed.error_messages) == ("errored", "unreadable_source", ("first",))
    assert await log(database, environment_id, asset.id) == ["video.asset.created", "video.asset.errored"]


async def test_progress_follows_the_cells(
    database: Database, assets: Assets, grids: Grids, environment_id: str
) -> None:
    asset = await create(database, assets, environment_id)
    grid = await create_grid(database, grids, environment_id)
    async with database.begin(environment_id) as connection:
        await assets.publish(connection, environment_id, asset.id, PUBLISHED, [grid.id])
    progress = Progress(database, assets)
    event = Event(
        id=1,
        xid=1,
        environment_id=environment_id,
        type="grid.cell_stored",
        subject_type="grid",
        subject_id=grid.id,
        data={},
        created_at=now(),
    )
    seen = []
    for part in (cells_of(grid)[:4], cells_of(grid)[4:]):
        for ref in part:
            await grids.record(environment_id, grid.id, cell(ref))
        for _ in range(2):  # at least once means: twice does no harm
            await progress.handle([event])
        async with database.begin(environment_id) as connection:
            found = await assets.get(connection, environment_id, asset.id)
        seen.append((found.progress, found.covered))
    assert seen == [(40.0, False), (100.0, True)]
    assert (await log(database, environment_id, asset.id)).count("video.asset.covered") == 1


@pytest.mark.parametrize("good", [0, 1])
async def test_a_film_of_which_nothing_could_be_made_is_errored(
    database: Database, assets: Assets, grids: Grids, environment_id: str, good: int
) -> None:
    asset = await create(database, assets, environment_id)
    grid = await create_grid(database, grids, environment_id)
    async with database.begin(environment_id) as connection:
        await assets.publish(connection, environment_id, asset.id, PUBLISHED, [grid.id])
    for number, ref in enumerate(cells_of(grid)):
        await grids.record(environment_id, grid.id, replace(cell(ref), filler=number >= good))
    async with database.begin(environment_id) as connection:
        await assets.follow_grid(connection, environment_id, grid.id)
        after = await assets.get(connection, environment_id, asset.id)
    expected = ("ready", None) if good else ("errored", "nothing_decoded")
    assert (after.status, after.error_type) == expected


async def test_deleting(database: Database, assets: Assets, grids: Grids, environment_id: str) -> None:
    asset = await create(database, assets, environment_id)
    grid = await create_grid(database, grids, environment_id)
    async with database.begin(environment_id) as connection:
        await assets.publish(connection, environment_id, asset.id, PUBLISHED, [grid.id])
    async with database.begin(environment_id) as connection:
        await assets.delete(connection, environment_id, asset.id)
    async with database.begin(environment_id) as connection:
        with pytest.raises(AssetNotFound):
            await assets.get(connection, environment_id, asset.id)
        with pytest.raises(AssetNotFound):
            await assets.delete(connection, environment_id, asset.id)
    with pytest.raises(PlaybackIdNotFound):
        await assets.playback(asset.playback_ids[0].id)
    with pytest.raises(GridNotFound):
        await grids.load(environment_id, grid.id)
    assert (environment_id, grid.id) in await grids.to_sweep()


async def test_the_newest_comes_first_and_pages_neither_skip_nor_double(
    database: Database, assets: Assets, environment_id: str
) -> None:
    made = [(await create(database, assets, environment_id)).id for _ in range(7)]
    seen, cursor = [], None
    async with database.begin(environment_id) as connection:
        for _ in range(5):
            page = await assets.list(connection, environment_id, limit=3, cursor=cursor)
            seen += [asset.id for asset in page.assets]
            cursor = page.next_cursor
            if cursor is None:
                break
        numbered = await assets.list(connection, environment_id, limit=3, page=3)
        beyond = await assets.list(connection, environment_id, limit=3, page=4)
        with pytest.raises(InvalidCursor):
            await assets.list(connection, environment_id, cursor="not a cursor")
    assert seen == made[::-1]
    assert [asset.id for asset in numbered.assets] == made[:1]
    assert (beyond.assets, beyond.next_cursor) == ((), None)


async def test_playback_ids_come_and_go(database: Database, assets: Assets, environment_id: str) -> None:
    asset = await create(database, assets, environment_id)
    other = await create(database, assets, environment_id)
    async with database.begin(environment_id) as connection:
        added = await assets.add_playback_id(connection, environment_id, asset.id, "signed")
        assert await assets.lookup_playback_id(connection, environment_id, added.id) == (added, asset.id)
        assert await assets.get_playback_id(connection, environment_id, asset.id, added.id) == added
        with pytest.raises(PlaybackIdNotFound):
            await assets.get_playback_id(connection, environment_id, other.id, added.id)
        with pytest.raises(PlaybackIdNotFound):
            await assets.delete_playback_id(connection, environment_id, other.id, added.id)
        await assets.delete_playback_id(connection, environment_id, asset.id, added.id)
        with pytest.raises(AssetNotFound):
            await assets.add_playback_id(connection, environment_id, "nobody", "public")
    with pytest.raises(PlaybackIdNotFound):
        await assets.playback(added.id)
