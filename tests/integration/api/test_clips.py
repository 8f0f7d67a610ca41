"""Clips over the API: as Mux clients ask for them, and as they are misused."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import mux_python
import pytest
from starlette.types import ASGIApp
from tests.grids import create_grid
from tests.integration.api.clients import as_described
from tests.integration.api.serving import served
from tests.integration.api.test_assets import ASSETS, FILM, PUBLISHED, create
from tests.integration.api.test_mux_python import mux_client

from vidstead.api import ApiServices
from vidstead.api.video.answers import AssetAnswer
from vidstead.db import RoleUrls
from vidstead.grid import Grids
from vidstead.jobs import Jobs
from vidstead.storage.testing import MemoryStore
from vidstead.tenancy import Credentials


@pytest.fixture
async def film(
    client: httpx.AsyncClient,
    services: ApiServices,
    database_urls: RoleUrls,
    environment_id: str,
    store: MemoryStore,
) -> dict[str, Any]:
    """A ready asset of 20 s at 24 frames per second, of which nothing is encoded."""
    grids = Grids(services.database, Jobs(database_urls.queue, worker_id="tests"), store, look_ahead=3)
    grid = await create_grid(services.database, grids, environment_id)
    made = await create(client, playback_policies=["public"])
    async with services.database.begin(environment_id) as connection:
        await services.assets.publish(connection, environment_id, made["id"], PUBLISHED, [grid.id])
    found: dict[str, Any] = (await client.get(f"{ASSETS}/{made['id']}")).json()["data"]
    return found


async def cut(client: httpx.AsyncClient, asset_id: str, **times: float | None) -> httpx.Response:
    wanted = {"url": f"mux://assets/{asset_id}", **times}
    return await client.post(ASSETS, json={"inputs": [wanted], "playback_policies": ["public"]})


async def test_a_clip_is_ready_at_once(client: httpx.AsyncClient, film: dict[str, Any]) -> None:
    answer = await cut(client, film["id"], start_time=3.37, end_time=11.93)
    assert answer.status_code == 201, answer.text
    clip = as_described(AssetAnswer, answer)
    assert (clip["status"], clip["ingest_type"], clip["source_asset_id"]) == ("ready", "on_demand_clip", film["id"])
    assert clip["duration"] == pytest.approx((286 - 81) / 24)
    assert clip["progress"] == {"state": "transcoding", "progress": 0.0}
    for name in ("resolution_tier", "aspect_ratio", "max_stored_frame_rate", "max_stored_resolution"):
        assert clip[name] == film[name]
    assert [track["type"] for track in clip["tracks"]] == ["video", "audio"]
    assert {track["duration"] for track in clip["tracks"]} == {clip["duration"]}
    assert not {track["id"] for track in clip["tracks"]} & {track["id"] for track in film["tracks"]}
    assert (await client.get(f"{ASSETS}/{clip['id']}")).json()["data"] == clip


async def test_a_clip_of_a_clip_and_of_everything(client: httpx.AsyncClient, film: dict[str, Any]) -> None:
    clip = (await cut(client, film["id"], start_time=5)).json()["data"]
    part = (await cut(client, clip["id"], start_time=1, end_time=3)).json()["data"]
    assert (part["source_asset_id"], part["duration"]) == (clip["id"], 2.0)
    whole = (await cut(client, clip["id"])).json()["data"]
    assert whole["duration"] == clip["duration"] == 15.0
    # The one that they were cut from may go.
    for gone in (film, clip):
        assert (await client.delete(f"{ASSETS}/{gone['id']}")).status_code == 204
    assert (await client.get(f"{ASSETS}/{part['id']}")).json()["data"]["source_asset_id"] == clip["id"]
    assert (await cut(client, part["id"], end_time=1)).status_code == 201


@pytest.mark.parametrize(
    ("times", "code", "says"),
    [
        ({"start_time": -1}, "invalid_parameters", "start_time"),
        ({"start_time": "soon"}, "invalid_parameters", "start_time"),
        ({"start_time": 1e300}, "invalid_parameters", "start_time"),
        ({"start_time": 5, "end_time": 5}, "invalid_parameters", "end_time must be after start_time"),
        ({"end_time": 0}, "invalid_parameters", "end_time must be after start_time"),
        ({"start_time": 5, "end_time": 5.001}, "clip_out_of_range", "from 5 s to 5.001 s"),
        ({"start_time": 20}, "clip_out_of_range", "from 20 s to the end"),
        ({"end_time": 20.1}, "clip_out_of_range", "from the start to 20.1 s is not within the 20 s"),
    ],
)
async def test_times_that_can_not_be(
    client: httpx.AsyncClient, film: dict[str, Any], times: dict[str, Any], code: str, says: str
) -> None:
    answer = await cut(client, film["id"], **times)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["code"]) == (400, "invalid_parameters", code)
    assert says in error["messages"][0]


async def test_what_is_no_source(client: httpx.AsyncClient, stranger: httpx.AsyncClient, film: dict[str, Any]) -> None:
    preparing = await create(client)
    for asker, asset_id, code in (
        (client, "nobody", "clip_source_not_found"),
        (client, preparing["id"], "clip_source_not_ready"),
        (stranger, film["id"], "clip_source_not_found"),
    ):
        answer = await cut(asker, asset_id, end_time=1)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert (await stranger.get(ASSETS)).json()["data"] == []
    timed = await client.post(ASSETS, json={"inputs": [{"url": FILM, "start_time": 1}]})
    assert "mux://assets/" in timed.json()["error"]["messages"][0]


async def test_only_what_is_missing_is_encoded(
    client: httpx.AsyncClient,
    film: dict[str, Any],
    environment_id: str,
    queued: Callable[[], list[dict[str, Any]]],
) -> None:
    def mine() -> list[dict[str, Any]]:
        return [job["args"] for job in queued() if job["args"].get("environment_id") == environment_id]

    before = len(mine())
    lazy = {"inputs": [{"url": f"mux://assets/{film['id']}", "start_time": 1, "end_time": 9}], "fill": "lazy"}
    assert (await client.post(ASSETS, json=lazy)).status_code == 201
    assert len(mine()) == before
    await cut(client, film["id"], start_time=3.37, end_time=11.93)
    spans = [args for args in mine() if "first" in args and not args.get("hot")]
    # Pictures and sound: the clip's first cell, the one that the film lends and lacks, the clip's last.
    wanted = [(first, 1, 1) for first in (0, 0, 1, 1, 2, 2)]
    assert sorted((span["first"], span["count"], len(span["row_ids"])) for span in spans) == wanted
    assert len({span["grid_id"] for span in spans}) == 2


async def test_the_official_client_cuts_a_clip(app: ASGIApp, credentials: Credentials, film: dict[str, Any]) -> None:
    request = mux_python.CreateAssetRequest(
        inputs=[mux_python.InputSettings(url=f"mux://assets/{film['id']}", start_time=3.37, end_time=11.93)],
        playback_policies=[mux_python.PlaybackPolicy.PUBLIC],
    )
    async with served(app) as address:
        assets = mux_python.AssetsApi(mux_client(address, credentials))
        clip = (await asyncio.to_thread(assets.create_asset, request)).data
    assert (clip.status, clip.source_asset_id, clip.ingest_type) == ("ready", film["id"], "on_demand_clip")
    assert clip.duration == pytest.approx(205 / 24)
