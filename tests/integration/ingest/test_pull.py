"""URL inputs: what is fetched becomes a source; what can't be had is told; what is our fault is tried again."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from vidstead.assets import Asset, Assets, NewAsset
from vidstead.db import Database
from vidstead.ingest import AssetInputs
from vidstead.jobs import Jobs
from vidstead.kit import Outbound
from vidstead.storage import StorageUnavailable
from vidstead.storage.testing import MemoryStore

FILM = bytes(range(256)) * 12_000


class Films(BaseHTTPRequestHandler):
    """Serves one film, and nothing else."""

    def do_GET(self) -> None:
        found = self.path == "/film.mp4"
        self.send_response(200 if found else 404)
        self.send_header("content-length", str(len(FILM) if found else 0))
        self.end_headers()
        if found:
            self.wfile.write(FILM)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Films)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class BrokenStore(MemoryStore):
    """A store that does not answer."""

    def writer(self, key: str) -> Any:
        raise StorageUnavailable(reason="a test")


def inputs(database: Database, jobs: Jobs, store: MemoryStore, assets: Assets, limit: int = 1 << 30) -> AssetInputs:
    return AssetInputs(database, jobs, store, assets, Outbound(allow_private=True), limit_bytes=limit)


async def create(database: Database, pulling: AssetInputs, environment_id: str, url: str) -> Asset:
    async with database.begin(environment_id) as connection:
        return await pulling.create_from_url(connection, environment_id, NewAsset(), url)


async def now(database: Database, assets: Assets, asset: Asset) -> Asset:
    async with database.begin(asset.environment_id) as connection:
        return await assets.get(connection, asset.environment_id, asset.id)


async def test_a_film_is_fetched_and_published(
    database: Database,
    jobs: Jobs,
    store: MemoryStore,
    assets: Assets,
    environment_id: str,
    site: str,
    queued: Callable[[], list[dict[str, Any]]],
) -> None:
    pulling = inputs(database, jobs, store, assets)
    asset = await create(database, pulling, environment_id, f"{site}/film.mp4")
    assert (asset.status, asset.ingest_type) == ("preparing", "on_demand_url")
    await pulling.pull(environment_id, asset.id, f"{site}/film.mp4")
    (stored,) = store.list(f"{environment_id}/sources/")
    assert store.read(stored.key) == FILM
    tasks = [job["task_name"] for job in queued() if job["args"].get("asset_id") == asset.id]
    assert sorted(tasks) == ["ingest.publish", "ingest.pull"]


@pytest.mark.parametrize(("path", "limit"), [("/nothing.mp4", 1 << 30), ("/film.mp4", 1000)])
async def test_a_film_that_can_not_be_had_is_told_and_leaves_nothing(
    database: Database,
    jobs: Jobs,
    store: MemoryStore,
    assets: Assets,
    environment_id: str,
    site: str,
    path: str,
    limit: int,
) -> None:
    pulling = inputs(database, jobs, store, assets, limit)
    asset = await create(database, pulling, environment_id, site + path)
    await pulling.pull(environment_id, asset.id, site + path)
    after = await now(database, assets, asset)
    assert after.status == "errored"
    assert after.error_messages
    assert not list(store.list(f"{environment_id}/"))


async def test_a_store_that_does_not_answer_is_no_fault_of_the_address(
    database: Database, jobs: Jobs, assets: Assets, environment_id: str, site: str
) -> None:
    pulling = inputs(database, jobs, BrokenStore(), assets)
    asset = await create(database, pulling, environment_id, f"{site}/film.mp4")
    with pytest.raises(StorageUnavailable):
        await pulling.pull(environment_id, asset.id, f"{site}/film.mp4")
    assert (await now(database, assets, asset)).status == "preparing"
