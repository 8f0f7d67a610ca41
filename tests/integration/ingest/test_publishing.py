"""What is made before anybody asks for it is what players then begin with, however fast the workers are."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from tests.oracle.barcode import ffmpeg
from tests.oracle.sources import X264, Clip, make

from vidstead.assets import Asset, Assets, NewAsset
from vidstead.db import Database
from vidstead.delivery.present import present
from vidstead.encoding import Publisher
from vidstead.encoding.adapters.copier import Mp4Copier
from vidstead.encoding.adapters.encoder import FfmpegEncoder
from vidstead.encoding.adapters.prober import PyAvProber
from vidstead.encoding.adapters.summer import ChildSummer
from vidstead.grid import HOT_TASK, Checksums, Clips, Grid, Grids, Part, part_key
from vidstead.ingest import Clipping, Publishing
from vidstead.jobs import Jobs
from vidstead.kit import new_id
from vidstead.storage.testing import MemoryStore

FILM = Clip(name="film", suffix="mkv", seconds=6, filters=",scale=854:480", video=(*X264, "-g", "400"))

Queued = Callable[[], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """6 s of 480p that don't pass through."""
    return make(FILM, tmp_path_factory.mktemp("film")).read_bytes()


class Installation:
    """What publishes films and makes clips of them, for workers of a speed; its jobs wait in the queue."""

    def __init__(
        self, database: Database, jobs: Jobs, store: MemoryStore, grids: Grids, assets: Assets, speed: float | None
    ) -> None:
        copier = Mp4Copier(store)
        encoder = FfmpegEncoder(store, ffmpeg(), copier)
        publisher = Publisher(PyAvProber(store), copier, encoder, segment_seconds=lambda _: 2.0)
        self.database, self.store, self.grids, self.assets = database, store, grids, assets
        self.checksums = Checksums(database, jobs, ChildSummer(store))
        self.publishing = Publishing(
            database, jobs, store, grids, self.checksums, assets, publisher, encode_speed=lambda: speed
        )
        self.clipping = Clipping(jobs, grids, Clips(database, grids), assets, encode_speed=lambda: speed)

    async def publish(self, environment_id: str, film: bytes) -> Asset:
        source_id = new_id()
        part = Part(key=part_key(environment_id, source_id, 0), size=len(film))
        self.store.put(part.key, film)
        async with self.database.begin(environment_id) as connection:
            asset = await self.assets.create(
                connection, environment_id, NewAsset(fill="eager"), ingest_type="on_demand_direct_upload"
            )
        await self.publishing.publish(environment_id, asset.id, source_id, [part])
        async with self.database.begin(environment_id) as connection:
            return await self.assets.get(connection, environment_id, asset.id)

    async def clip(self, asset: Asset, start: float, end: float) -> Asset:
        async with self.database.begin(asset.environment_id) as connection:
            return await self.clipping.create(
                connection, asset.environment_id, NewAsset(fill="eager"), asset.id, start, end
            )

    async def grid(self, asset: Asset) -> Grid:
        async with self.database.begin(asset.environment_id) as connection:
            grid_id = await self.assets.grid_of(connection, asset.environment_id, asset)
        assert grid_id is not None
        return await self.grids.load(asset.environment_id, grid_id)


@pytest.mark.parametrize(
    ("speed", "first"), [(1000.0, "480p"), (None, "480p"), (0.3, "360p"), (0.15, "270p"), (0.001, "270p")]
)
async def test_what_players_begin_with_is_made_first(
    database: Database,
    jobs: Jobs,
    store: MemoryStore,
    grids: Grids,
    assets: Assets,
    queued: Queued,
    environment_id: str,
    film: bytes,
    speed: float | None,
    first: str,
) -> None:
    here = Installation(database, jobs, store, grids, assets, speed)
    asset = await here.publish(environment_id, film)
    clip = await here.clip(asset, 2.6, 5.0)
    for shown in (await here.grid(asset), await here.grid(clip)):
        expected = {row.place(0).cell.row_id for row in shown.rows if row.slug in (f"{first}-1", "audio-1")}
        assert len(expected) == 2
        assert present(shown, speed=speed).first == f"{first}-1"
        assert expected_rows(queued, shown) == expected


def expected_rows(queued: Queued, grid: Grid) -> set[int]:
    """The rows whose first cells are to be made before anybody asks; those of a clip may be its film's."""
    places = [row.place(0) for row in grid.rows]
    first = {(place.grid_id, place.cell.row_id, place.cell.index) for place in places}
    jobs = [job["args"] for job in queued() if job["task_name"] == HOT_TASK]
    found = {(job["grid_id"], row_id, job["first"]) for job in jobs for row_id in job["row_ids"]}
    return {row_id for _, row_id, _ in found & first}


async def test_a_source_has_its_checksum_in_the_end(
    database: Database,
    jobs: Jobs,
    store: MemoryStore,
    grids: Grids,
    assets: Assets,
    queued: Queued,
    environment_id: str,
    film: bytes,
) -> None:
    here = Installation(database, jobs, store, grids, assets, None)
    (source,) = (await here.grid(await here.publish(environment_id, film))).sources
    (job,) = [job["args"] for job in queued() if job["args"].get("source_id") == source.id]
    async with database.begin(environment_id) as connection:
        assert await here.checksums.of(connection, environment_id, source.id) is None
    await here.checksums.compute(**job)
    async with database.begin(environment_id) as connection:
        assert await here.checksums.of(connection, environment_id, source.id) == sha256(film).digest()
    store.delete(source.parts[0].key)
    await here.checksums.compute(**job)  # it has one: the film is not read again


async def test_the_checksum_of_a_source_that_is_gone_is_nobodys_business(
    database: Database, jobs: Jobs, store: MemoryStore, grids: Grids, assets: Assets, environment_id: str, film: bytes
) -> None:
    here = Installation(database, jobs, store, grids, assets, None)
    (source,) = (await here.grid(await here.publish(environment_id, film))).sources
    store.delete(source.parts[0].key)
    await here.checksums.compute(environment_id, source.id)
    await here.checksums.compute(environment_id, new_id())
    async with database.begin(environment_id) as connection:
        assert await here.checksums.of(connection, environment_id, source.id) is None
