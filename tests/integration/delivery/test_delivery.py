"""What viewers get under a playback id, over a real database and objects in memory."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx
import pytest
from starlette.applications import Starlette
from tests.grids import create_grid, row_of

from vidstead.api.failures import HANDLERS
from vidstead.assets import Asset, Assets, NewAsset, Published
from vidstead.db import Database, Listener
from vidstead.delivery import Delivery, delivery_routes
from vidstead.grid import Cell, Clips, Grid, Grids, Recorded, Waiting, cell_key
from vidstead.storage.testing import MemoryStore

PUBLISHED = Published(duration=20.0, tracks=(), resolution_tier="720p", max_stored_frame_rate=24.0, aspect_ratio="16:9")
BYTES = b"moof and mdat"


@pytest.fixture
async def viewer(
    database: Database, assets: Assets, grids: Grids, listener: Listener, store: MemoryStore
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the byte paths, where a missing cell is waited for 0.4 s."""
    waiting = Waiting(grids, listener)
    following = asyncio.create_task(waiting.follow())
    delivery = Delivery(assets, grids, Clips(database, grids), waiting, store, wait_seconds=0.4)
    transport = httpx.ASGITransport(Starlette(routes=delivery_routes(delivery), exception_handlers=dict(HANDLERS)))
    async with httpx.AsyncClient(transport=transport, base_url="http://viewer") as client:
        yield client
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following


async def create(database: Database, assets: Assets, environment_id: str, policy: str = "public") -> Asset:
    async with database.begin(environment_id) as connection:
        return await assets.create(
            connection, environment_id, NewAsset(playback_policies=(policy,)), ingest_type="on_demand_direct_upload"
        )


async def publish(database: Database, assets: Assets, asset: Asset, grid: Grid) -> str:
    """Make an asset ready; its playback id."""
    async with database.begin(asset.environment_id) as connection:
        await assets.publish(connection, asset.environment_id, asset.id, PUBLISHED, [grid.id])
    return asset.playback_ids[0].id


@pytest.fixture
async def grid(database: Database, grids: Grids, environment_id: str) -> Grid:
    return await create_grid(database, grids, environment_id)


@pytest.fixture
async def playback_id(database: Database, assets: Assets, grid: Grid, environment_id: str) -> str:
    return await publish(database, assets, await create(database, assets, environment_id), grid)


async def store_cell(grids: Grids, store: MemoryStore, grid: Grid, name: str, index: int) -> None:
    """What a worker does: the object first, then the record."""
    row = row_of(grid, name)
    store.put(cell_key(grid.environment_id, grid.id, row.slug, index), BYTES)
    digest = hashlib.sha256(BYTES).hexdigest()
    made = Cell(row_id=row.id, index=index, size=len(BYTES), sha256=digest, encode_ms=1, worker="w")
    assert await grids.record(grid.environment_id, grid.id, made) is Recorded.STORED


async def test_playlists_are_complete_before_any_cell(viewer: httpx.AsyncClient, playback_id: str) -> None:
    multivariant = await viewer.get(f"/{playback_id}.m3u8")
    assert multivariant.status_code == 200
    assert multivariant.headers["content-type"] == "application/vnd.apple.mpegurl"
    assert multivariant.headers["access-control-allow-origin"] == "*"
    assert f"{playback_id}/180p-1/index.m3u8" in multivariant.text
    media = await viewer.get(f"/{playback_id}/180p-1/index.m3u8")
    assert media.text.count("#EXTINF") == 5
    assert "#EXT-X-ENDLIST" in media.text
    manifest = await viewer.get(f"/{playback_id}.mpd")
    assert manifest.headers["content-type"] == "application/dash+xml"
    init = await viewer.get(f"/{playback_id}/180p-1/init.mp4")
    assert init.content == b"video init"
    assert "immutable" in init.headers["cache-control"]


async def test_playlists_that_did_not_change_are_not_sent_again(viewer: httpx.AsyncClient, playback_id: str) -> None:
    first = await viewer.get(f"/{playback_id}.m3u8")
    again = await viewer.get(f"/{playback_id}.m3u8", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_an_asset_that_is_preparing(
    viewer: httpx.AsyncClient, database: Database, assets: Assets, environment_id: str
) -> None:
    asset = await create(database, assets, environment_id)
    answer = await viewer.get(f"/{asset.playback_ids[0].id}.m3u8")
    assert answer.status_code == 412
    assert answer.json()["error"]["code"] == "playback_not_ready"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_whoever_comes_while_an_asset_is_prepared_waits_for_it(
    viewer: httpx.AsyncClient, database: Database, assets: Assets, grid: Grid, environment_id: str
) -> None:
    asset = await create(database, assets, environment_id)
    coming = asyncio.create_task(viewer.get(f"/{asset.playback_ids[0].id}.m3u8"))
    await asyncio.sleep(0.1)  # the request is at the server, and has looked at least once
    assert not coming.done()
    await publish(database, assets, asset, grid)
    assert (await coming).status_code == 200


async def test_an_asset_that_failed(
    viewer: httpx.AsyncClient, database: Database, assets: Assets, environment_id: str
) -> None:
    asset = await create(database, assets, environment_id)
    async with database.begin(environment_id) as connection:
        await assets.fail(connection, environment_id, asset.id, "unreadable_source", ["It is a text."])
    answer = await viewer.get(f"/{asset.playback_ids[0].id}.m3u8")
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "playback_failed")


async def test_a_signed_playback_id_never_plays_openly(
    viewer: httpx.AsyncClient, database: Database, assets: Assets, grid: Grid, grids: Grids, store: MemoryStore
) -> None:
    asset = await create(database, assets, grid.environment_id, "signed")
    playback_id = await publish(database, assets, asset, grid)
    await store_cell(grids, store, grid, "180p", 0)
    for path in (".m3u8", ".mpd", "/180p-1/index.m3u8", "/180p-1/init.mp4", "/180p-1/0.m4s"):
        assert (await viewer.get(f"/{playback_id}{path}")).status_code == 403


@pytest.mark.parametrize(
    "path", ["/nobody.m3u8", "/nobody/180p-1/0.m4s", "/{}/1080p-1/index.m3u8", "/{}/180p-1/5.m4s", "/{}/x/init.mp4"]
)
async def test_what_is_not_there(viewer: httpx.AsyncClient, playback_id: str, path: str) -> None:
    answer = await viewer.get(path.format(playback_id))
    assert answer.status_code == 404
    assert answer.json()["error"]["messages"]


async def test_a_stored_cell(
    viewer: httpx.AsyncClient, grids: Grids, store: MemoryStore, grid: Grid, playback_id: str
) -> None:
    await store_cell(grids, store, grid, "180p", 2)
    whole = await viewer.get(f"/{playback_id}/180p-1/2.m4s")
    assert (whole.status_code, whole.content) == (200, BYTES)
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.headers["etag"] == f'"{hashlib.sha256(BYTES).hexdigest()}"'
    assert "immutable" in whole.headers["cache-control"]
    part = await viewer.get(f"/{playback_id}/180p-1/2.m4s", headers={"range": "bytes=5-7"})
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, b"and", "bytes 5-7/13")
    known = await viewer.get(f"/{playback_id}/180p-1/2.m4s", headers={"if-none-match": whole.headers["etag"]})
    assert known.status_code == 304


async def test_a_cell_that_many_ask_for_is_in_memory_for_those_who_may_see_it(
    viewer: httpx.AsyncClient,
    database: Database,
    assets: Assets,
    grids: Grids,
    store: MemoryStore,
    grid: Grid,
    environment_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vidstead.delivery.service.FRESH_SECONDS", 0.0)
    asset = await create(database, assets, environment_id)
    address = f"/{await publish(database, assets, asset, grid)}/180p-1/2.m4s"
    await store_cell(grids, store, grid, "180p", 2)
    for _ in range(2):
        assert (await viewer.get(address)).content == BYTES
    store.delete(cell_key(environment_id, grid.id, "180p-1", 2))
    whole = await viewer.get(address)
    assert (whole.status_code, whole.content, whole.headers["content-length"]) == (200, BYTES, "13")
    part = await viewer.get(address, headers={"range": "bytes=5-7"})
    assert (part.status_code, part.content) == (206, b"and")
    assert (await viewer.head(address)).headers["content-length"] == "13"
    assert (await viewer.get(address, headers={"if-none-match": whole.headers["etag"]})).status_code == 304
    async with database.begin(environment_id) as connection:
        await assets.delete(connection, environment_id, asset.id)
    assert (await viewer.get(address)).status_code == 404


async def test_a_missing_cell_is_made_for_whoever_waits(
    viewer: httpx.AsyncClient,
    grids: Grids,
    store: MemoryStore,
    grid: Grid,
    playback_id: str,
) -> None:
    asking = asyncio.create_task(viewer.get(f"/{playback_id}/audio-1/1.m4s"))
    await store_cell(grids, store, grid, "audio", 1)
    answer = await asking
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, BYTES, "audio/mp4")


async def test_a_cell_that_takes_too_long(viewer: httpx.AsyncClient, playback_id: str) -> None:
    answer = await viewer.get(f"/{playback_id}/180p-1/4.m4s")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["cache-control"] == "no-store"


async def test_a_preflight_is_answered_for_everybody(viewer: httpx.AsyncClient, playback_id: str) -> None:
    answer = await viewer.options(f"/{playback_id}/180p-1/0.m4s", headers={"origin": "https://site.example"})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "range" in answer.headers["access-control-allow-headers"]


async def test_a_deleted_asset_is_gone_for_viewers(
    viewer: httpx.AsyncClient,
    database: Database,
    assets: Assets,
    grid: Grid,
    environment_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vidstead.delivery.service.FRESH_SECONDS", 0.0)
    asset = await create(database, assets, environment_id)
    playback_id = await publish(database, assets, asset, grid)
    assert (await viewer.get(f"/{playback_id}.m3u8")).status_code == 200
    async with database.begin(environment_id) as connection:
        await assets.delete(connection, environment_id, asset.id)
    assert (await viewer.get(f"/{playback_id}.m3u8")).status_code == 404
    assert (await viewer.get(f"/{playback_id}/180p-1/0.m4s")).status_code == 404


async def test_the_average_is_measured_once_everything_is_stored(
    viewer: httpx.AsyncClient,
    grids: Grids,
    store: MemoryStore,
    grid: Grid,
    playback_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vidstead.delivery.service.FILLING_SECONDS", 0.0)
    before = (await viewer.get(f"/{playback_id}.m3u8")).text
    for row in grid.rows:
        for index in range(row.cells):
            await store_cell(grids, store, grid, row.name, index)
    after = (await viewer.get(f"/{playback_id}.m3u8")).text
    measured = sum(-(-8 * len(BYTES) * row.cells // 20) for row in grid.rows)
    assert f"AVERAGE-BANDWIDTH={measured}," in after
    assert f"AVERAGE-BANDWIDTH={measured}," not in before


async def test_a_rung_is_offered_when_it_can_play_and_never_taken_from_who_plays_it(
    assets: Assets, grids: Grids, listener: Listener, store: MemoryStore, database: Database, environment_id: str
) -> None:
    """The workers' speed decides what is offered anew; an address that was offered once goes on to answer."""
    speed: list[float | None] = [1000.0]
    clips, waiting = Clips(database, grids), Waiting(grids, listener)
    delivery = Delivery(assets, grids, clips, waiting, store, wait_seconds=0.4, encode_speed=lambda: speed[0])
    grid = await create_grid(database, grids, environment_id, sizes=((640, 360), (320, 180)))
    playback_id = await publish(database, assets, await create(database, assets, environment_id), grid)

    async def offered() -> list[str]:
        delivery._views.clear()
        playlist = (await delivery.multivariant(playback_id)).body.decode()
        manifest = (await delivery.manifest(playback_id)).body.decode()
        names = [name for name in ("360p", "180p") if f"{playback_id}/{name}-1/index.m3u8" in playlist]
        assert names == [name for name in ("360p", "180p") if f"{name}-1" in manifest]
        return names

    assert await offered() == ["360p", "180p"]
    speed[0] = 0.01
    assert await offered() == ["180p"]
    assert b"#EXTINF" in (await delivery.media(playback_id, "360p-1")).body
    assert (await delivery.init(playback_id, "360p-1")).body
    for index in range(row_of(grid, "360p").cells):
        await store_cell(grids, store, grid, "360p", index)
    assert await offered() == ["360p", "180p"]


async def test_a_clip_by_address(
    viewer: httpx.AsyncClient, grids: Grids, store: MemoryStore, grid: Grid, playback_id: str
) -> None:
    """Its playlists name tracks of their own; what lies wholly inside is the film's."""
    playlist = await viewer.get(f"/{playback_id}.m3u8?asset_start_time=3.37&asset_end_time=11.93")
    assert playlist.status_code == 200
    folder = f"/{playback_id}/clip-81-286"
    assert f"{folder[1:]}/180p-1/index.m3u8" in playlist.text
    manifest = await viewer.get(f"/{playback_id}.mpd?asset_start_time=3.3700&asset_end_time=11.93")
    assert f"{folder[1:]}/$RepresentationID$/$Number$.m4s" in manifest.text
    media = await viewer.get(f"{folder}/180p-1/index.m3u8")
    assert [line for line in media.text.splitlines() if "EXTINF" in line] == [
        "#EXTINF:0.625000,",
        "#EXTINF:4.000000,",
        "#EXTINF:3.916667,",
    ]
    assert (await viewer.get(f"{folder}/180p-1/init.mp4")).content == b"video init"
    await store_cell(grids, store, grid, "180p", 1)
    assert (await viewer.get(f"{folder}/180p-1/1.m4s")).content == BYTES
    assert (await viewer.get(f"{folder}/180p-1/0.m4s")).status_code == 503
    assert (await viewer.get(f"{folder}/180p-1/3.m4s")).status_code == 404
    # All of it is the film itself, at the addresses of the film.
    for query in ("", "?asset_start_time=0", "?asset_end_time=20", "?asset_start_time=0.0&asset_end_time=900"):
        assert (await viewer.get(f"/{playback_id}.m3u8{query}")).text.count("clip-") == 0


@pytest.mark.parametrize(
    "path",
    [
        ".m3u8?asset_start_time=20",
        ".m3u8?asset_start_time=5&asset_end_time=5",
        ".m3u8?asset_start_time=5&asset_end_time=4",
        ".m3u8?asset_end_time=0",
        ".mpd?asset_start_time=-1",
        ".mpd?asset_start_time=nan",
        ".mpd?asset_start_time=1e3",
        ".mpd?asset_start_time=%D9%A3",
        ".mpd?asset_start_time=",
        ".mpd?asset_end_time=99999999999999999999",
        "/clip-0-481/180p-1/index.m3u8",
        "/clip-5-5/180p-1/0.m4s",
        "/clip-9-5/180p-1/init.mp4",
        "/clip--1-5/180p-1/index.m3u8",
        "/clip-0/180p-1/index.m3u8",
        "/other/180p-1/index.m3u8",
    ],
)
async def test_times_that_can_not_be(viewer: httpx.AsyncClient, playback_id: str, path: str) -> None:
    answer = await viewer.get(f"/{playback_id}{path}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_clip")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "no-store"


async def test_a_signed_playback_id_has_no_open_clips(
    viewer: httpx.AsyncClient, database: Database, assets: Assets, grid: Grid
) -> None:
    asset = await create(database, assets, grid.environment_id, "signed")
    playback_id = await publish(database, assets, asset, grid)
    for path in (".m3u8?asset_start_time=5", "/clip-120-480/180p-1/index.m3u8", "/clip-120-480/180p-1/0.m4s"):
        assert (await viewer.get(f"/{playback_id}{path}")).status_code == 403
