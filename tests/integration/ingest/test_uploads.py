"""The address of a direct upload: what it takes, what it refuses, and that nothing is left behind."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from vidstead.api.failures import HANDLERS
from vidstead.assets import Assets, NewAsset
from vidstead.db import Database
from vidstead.ingest import Upload, Uploads, UploadUsed, upload_routes
from vidstead.jobs import Jobs
from vidstead.storage.testing import MemoryStore

FILM = bytes(range(256)) * 20_000


@pytest.fixture
def uploads(database: Database, jobs: Jobs, store: MemoryStore, assets: Assets) -> Uploads:
    return Uploads(database, jobs, store, assets, limit_bytes=6_000_000)


@pytest.fixture
async def sender(uploads: Uploads) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=upload_routes(uploads), exception_handlers=dict(HANDLERS))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://server") as client:
        yield client


async def create(database: Database, uploads: Uploads, environment_id: str, **fields: object) -> Upload:
    async with database.begin(environment_id) as connection:
        return await uploads.create(
            connection,
            environment_id,
            url_base="http://server/",
            new_asset=NewAsset(playback_policies=("public",), passthrough="mine"),
            **fields,  # type: ignore[arg-type]
        )


async def state(database: Database, uploads: Uploads, upload: Upload) -> Upload:
    async with database.begin(upload.environment_id) as connection:
        return await uploads.get(connection, upload.environment_id, upload.id)


def address(upload: Upload) -> str:
    assert upload.url is not None
    return upload.url


async def test_one_put_makes_one_asset(
    sender: httpx.AsyncClient,
    database: Database,
    uploads: Uploads,
    assets: Assets,
    store: MemoryStore,
    environment_id: str,
    queued: Callable[[], list[dict[str, Any]]],
) -> None:
    upload = await create(database, uploads, environment_id)
    answer = await sender.put(address(upload), content=FILM)
    assert answer.status_code == 200, answer.text
    after = await state(database, uploads, upload)
    assert (after.status, after.url) == ("asset_created", None)
    assert after.asset_id is not None
    async with database.begin(environment_id) as connection:
        asset = await assets.get(connection, environment_id, after.asset_id)
    assert (asset.status, asset.upload_id, asset.passthrough) == ("preparing", upload.id, "mine")
    assert [job["task_name"] for job in queued() if job["args"]["asset_id"] == asset.id] == ["ingest.publish"]
    (stored,) = store.list(f"{environment_id}/sources/")
    assert store.read(stored.key) == FILM


async def test_a_second_put_changes_nothing(
    sender: httpx.AsyncClient, database: Database, uploads: Uploads, store: MemoryStore, environment_id: str
) -> None:
    upload = await create(database, uploads, environment_id)
    await sender.put(address(upload), content=FILM)
    again = await sender.put(address(upload), content=b"other")
    assert (again.status_code, again.json()["error"]["code"]) == (410, "upload_over")
    (stored,) = store.list(f"{environment_id}/sources/")
    assert store.read(stored.key) == FILM


async def test_two_puts_at_once_make_one_asset(
    sender: httpx.AsyncClient, database: Database, uploads: Uploads, store: MemoryStore, environment_id: str
) -> None:
    upload = await create(database, uploads, environment_id)
    both = await asyncio.gather(*(sender.put(address(upload), content=FILM) for _ in range(2)))
    assert sorted(answer.status_code for answer in both) == [200, 410]
    assert len(list(store.list(f"{environment_id}/sources/"))) == 1


async def test_a_file_in_pieces_without_a_length(
    sender: httpx.AsyncClient, database: Database, uploads: Uploads, store: MemoryStore, environment_id: str
) -> None:
    upload = await create(database, uploads, environment_id)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(FILM), 100_001):
            yield FILM[start : start + 100_001]

    answer = await sender.put(address(upload), content=pieces())
    assert answer.status_code == 200
    (stored,) = store.list(f"{environment_id}/sources/")
    assert store.read(stored.key) == FILM


@pytest.mark.parametrize("declare", [True, False])
async def test_a_file_over_the_limit(
    sender: httpx.AsyncClient,
    database: Database,
    uploads: Uploads,
    store: MemoryStore,
    environment_id: str,
    declare: bool,
) -> None:
    upload = await create(database, uploads, environment_id)

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(7):
            yield bytes(1_000_000)

    headers = {"content-length": "7000000"} if declare else {}
    answer = await sender.put(address(upload), content=pieces(), headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "upload_too_large")
    assert not list(store.list(f"{environment_id}/sources/"))
    assert (await state(database, uploads, upload)).status == "waiting"


async def test_a_short_body_keeps_nothing_and_may_be_sent_again(
    sender: httpx.AsyncClient, database: Database, uploads: Uploads, store: MemoryStore, environment_id: str
) -> None:
    upload = await create(database, uploads, environment_id)

    async def pieces() -> AsyncIterator[bytes]:
        yield FILM[:1000]

    answer = await sender.put(address(upload), content=pieces(), headers={"content-length": "5000"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "upload_incomplete")
    assert not list(store.list(f"{environment_id}/sources/"))
    assert (await sender.put(address(upload), content=FILM)).status_code == 200


async def test_wrong_addresses(
    sender: httpx.AsyncClient, database: Database, uploads: Uploads, environment_id: str
) -> None:
    upload = await create(database, uploads, environment_id)
    for path in (f"/uploads/{upload.id}/wrong", f"/uploads/nobody/{upload.secret}", f"/uploads/{upload.id}/%E4"):
        assert (await sender.put(path, content=b"x")).status_code == 404


async def test_a_cancelled_upload_takes_nothing(
    sender: httpx.AsyncClient, database: Database, uploads: Uploads, environment_id: str
) -> None:
    upload = await create(database, uploads, environment_id)
    where = address(upload)
    async with database.begin(environment_id) as connection:
        cancelled = await uploads.cancel(connection, environment_id, upload.id)
        assert (cancelled.status, cancelled.url) == ("cancelled", None)
        with pytest.raises(UploadUsed):
            await uploads.cancel(connection, environment_id, upload.id)
    assert (await sender.put(where, content=b"x")).status_code == 410


async def test_an_upload_whose_time_is_over(
    sender: httpx.AsyncClient, database: Database, uploads: Uploads, environment_id: str
) -> None:
    upload = await create(database, uploads, environment_id, timeout=-1)
    assert (await sender.put(address(upload), content=b"x")).status_code == 410
    await uploads.time_out()
    assert (await state(database, uploads, upload)).status == "timed_out"


async def test_content_range_of_the_whole_is_a_whole(
    sender: httpx.AsyncClient, database: Database, uploads: Uploads, environment_id: str
) -> None:
    upload = await create(database, uploads, environment_id)
    part = await sender.put(address(upload), content=b"abc", headers={"content-range": "bytes 3-5/9"})
    assert (part.status_code, part.json()["error"]["code"]) == (400, "upload_partial")
    whole = await sender.put(address(upload), content=b"abc", headers={"content-range": "bytes 0-2/3"})
    assert whole.status_code == 200


@pytest.mark.parametrize(
    ("allowed", "origin", "told"),
    [
        ("https://site.example", "https://site.example", "https://site.example"),
        ("*", "https://site.example", "*"),
        ("https://site.example", "https://evil.example", None),
        (None, "https://site.example", None),
    ],
)
async def test_cors(
    sender: httpx.AsyncClient,
    database: Database,
    uploads: Uploads,
    environment_id: str,
    allowed: str | None,
    origin: str,
    told: str | None,
) -> None:
    upload = await create(database, uploads, environment_id, cors_origin=allowed)
    for answer in (
        await sender.options(address(upload), headers={"origin": origin}),
        await sender.put(address(upload), content=b"abc", headers={"origin": origin}),
    ):
        assert answer.headers.get("access-control-allow-origin") == told
