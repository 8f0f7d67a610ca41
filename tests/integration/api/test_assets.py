"""``/video/v1/assets`` and playback ids: every route, as it is meant and as it is misused."""

from typing import Any

import httpx
import pytest
from tests.integration.api.clients import as_described

from vidstead.api import ApiServices
from vidstead.api.video.answers import AssetAnswer, AssetsAnswer, PlaybackIdAnswer, PlaybackLookupAnswer
from vidstead.assets import Published

FILM = "https://example.com/film.mp4"
ASSETS = "/video/v1/assets"
PUBLISHED = Published(
    duration=10.0,
    tracks=(
        {"type": "video", "id": "v", "duration": 10.0, "max_width": 640, "max_height": 360, "max_frame_rate": 25.0},
        {"type": "audio", "id": "a", "duration": 10.0, "max_channels": 2, "primary": True},
    ),
    resolution_tier="720p",
    max_stored_frame_rate=25.0,
    aspect_ratio="16:9",
)


async def create(client: httpx.AsyncClient, **settings: Any) -> dict[str, Any]:
    answer = await client.post(ASSETS, json={"inputs": [{"url": FILM}], **settings})
    assert answer.status_code == 201, answer.text
    as_described(AssetAnswer, answer)
    made: dict[str, Any] = answer.json()["data"]
    return made


@pytest.mark.parametrize(
    "body",
    [
        {"inputs": [{"url": FILM}], "playback_policies": ["public"]},
        {"input": [{"url": FILM}], "playback_policy": ["public"], "normalize_audio": False, "copy_overlays": True},
        {"inputs": FILM, "playback_policies": "public"},
        {"input": FILM, "playback_policy": "public"},
        {"inputs": [FILM], "advanced_playback_policies": [{"policy": "public"}]},
        {"inputs": None, "input": FILM, "playback_policies": None, "playback_policy": "public", "nobody": {"knows": 1}},
    ],
)
async def test_create_from_a_url_in_every_form(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    answer = await client.post(ASSETS, json=body)
    assert answer.status_code == 201, answer.text
    asset = answer.json()["data"]
    assert asset["status"] == "preparing"
    assert asset["ingest_type"] == "on_demand_url"
    assert asset["created_at"].isdecimal()
    assert [playback["policy"] for playback in asset["playback_ids"]] == ["public"]
    assert "tracks" not in asset
    assert (await client.get(f"{ASSETS}/{asset['id']}")).json()["data"] == asset


async def test_settings_come_back_as_they_were_asked_for(client: httpx.AsyncClient) -> None:
    asked = {
        "passthrough": "ours: äöü 🎬",
        "meta": {"title": "Film", "creator_id": "c", "external_id": "x"},
        "video_quality": "basic",
        "max_resolution_tier": "2160p",
        "mp4_support": "capped-1080p",
        "master_access": "temporary",
        "normalize_audio": True,
        "test": True,
    }
    asset = await create(client, **asked)
    assert {key: asset[key] for key in asked} == asked
    assert asset["encoding_tier"] == "baseline"
    assert "playback_ids" not in asset


async def test_signed_is_kept_as_signed(client: httpx.AsyncClient) -> None:
    asset = await create(client, playback_policies=["signed", "public", "public"])
    assert sorted(playback["policy"] for playback in asset["playback_ids"]) == ["public", "signed"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "inputs: Field required"),
        ({"inputs": []}, "inputs:"),
        ({"inputs": [{}]}, "inputs.0.url: Field required"),
        ({"inputs": [FILM, FILM]}, "inputs:"),
        ({"inputs": "ftp://example.com/film.mp4"}, "http or https"),
        ({"inputs": "film.mp4"}, "http or https"),
        ({"inputs": "file:///etc/passwd"}, "http or https"),
        ({"inputs": "https://[bad"}, "valid address"),
        ({"inputs": "https://example.com:99999/"}, "valid address"),
        ({"inputs": "https://example.com/a b"}, "without spaces"),
        ({"inputs": "https://example.com/\x00"}, "zero byte"),
        ({"inputs": "mux://playback/abc"}, "must be mux://assets/{asset id}"),
        ({"inputs": "https://example.com/" + "x" * 5000}, "inputs.0.url"),
        ({"inputs": FILM, "playback_policies": ["drm"]}, "drm is not available yet"),
        ({"inputs": FILM, "advanced_playback_policies": [{"policy": "drm"}]}, "drm is not available yet"),
        ({"inputs": FILM, "playback_policies": ["secret"]}, "playback_policies.0"),
        ({"inputs": FILM, "passthrough": "x" * 256}, "passthrough"),
        ({"inputs": FILM, "passthrough": "a\x00b"}, "passthrough: must not hold a zero byte"),
        ({"inputs": FILM, "meta": {"title": "\x00"}}, "meta.title"),
        ({"inputs": FILM, "meta": "title"}, "meta"),
        ({"inputs": FILM, "mp4_support": "all"}, "mp4_support"),
        ({"inputs": FILM, "mp4_support": "standard", "static_renditions": [{"resolution": "highest"}]}, "not both"),
        ({"inputs": FILM, "fill": "sometimes"}, "fill"),
        ([], "the body"),
        ("film", "the body"),
        (None, "the body"),
    ],
)
async def test_what_does_not_fit_is_400_and_says_what(client: httpx.AsyncClient, body: Any, says: str) -> None:
    answer = await client.post(ASSETS, json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (400, "invalid_parameters")
    assert says in " ".join(error["messages"])
    assert (await client.get(ASSETS)).json()["data"] == []


async def test_list_is_newest_first_by_pages_and_by_cursor(client: httpx.AsyncClient) -> None:
    made = [(await create(client, passthrough=str(number)))["id"] for number in range(5)]
    newest = made[::-1]

    async def ids(**query: Any) -> tuple[list[str], str | None]:
        answer = await client.get(ASSETS, params=query)
        assert answer.status_code == 200
        as_described(AssetsAnswer, answer)
        return [asset["id"] for asset in answer.json()["data"]], answer.json()["next_cursor"]

    assert await ids() == (newest, None)
    assert (await ids(limit=2))[0] == newest[:2]
    assert (await ids(limit=2, page=3))[0] == newest[4:]
    assert await ids(limit=2, page=4) == ([], None)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        found, cursor = await ids(limit=2, cursor=cursor)
        seen += found
    assert seen == newest
    assert await ids(live_stream_id="any") == ([], None)
    assert await ids(upload_id="any") == ([], None)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"limit": 0}, "invalid_parameters"),
        ({"limit": 101}, "invalid_parameters"),
        ({"limit": "many"}, "invalid_parameters"),
        ({"page": 0}, "invalid_parameters"),
        ({"page": 10**30}, "invalid_parameters"),
        ({"cursor": "nonsense"}, "invalid_cursor"),
        ({"cursor": "x" * 5000}, "invalid_cursor"),
        ({"upload_id": "a\x00"}, "invalid_parameters"),
    ],
)
async def test_bad_queries_are_400(client: httpx.AsyncClient, query: dict[str, Any], code: str) -> None:
    answer = await client.get(ASSETS, params=query)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


async def test_a_ready_asset_tells_all(client: httpx.AsyncClient, services: ApiServices, environment_id: str) -> None:
    made = await create(client, playback_policies=["public"])
    async with services.database.begin(environment_id) as connection:
        await services.assets.publish(connection, environment_id, made["id"], PUBLISHED, [])
    answer = await client.get(f"{ASSETS}/{made['id']}")
    as_described(AssetAnswer, answer)
    asset = answer.json()["data"]
    assert (asset["status"], asset["duration"], asset["aspect_ratio"]) == ("ready", 10.0, "16:9")
    assert [track["type"] for track in asset["tracks"]] == ["video", "audio"]
    assert asset["progress"] == {"state": "transcoding", "progress": 0.0}


async def test_delete_is_204_and_final(client: httpx.AsyncClient) -> None:
    asset = await create(client, playback_policies=["public"])
    answer = await client.delete(f"{ASSETS}/{asset['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await client.get(f"{ASSETS}/{asset['id']}")).status_code == 404
    assert (await client.delete(f"{ASSETS}/{asset['id']}")).status_code == 404
    assert (await client.get(ASSETS)).json()["data"] == []
    playback_id = asset["playback_ids"][0]["id"]
    assert (await client.get(f"/video/v1/playback-ids/{playback_id}")).status_code == 404


async def test_playback_ids_come_and_go(client: httpx.AsyncClient) -> None:
    asset = await create(client)
    address = f"{ASSETS}/{asset['id']}/playback-ids"
    answer = await client.post(address, json={"policy": "public"})
    assert answer.status_code == 201
    as_described(PlaybackIdAnswer, answer)
    made = answer.json()["data"]
    assert made == {"id": made["id"], "policy": "public"}
    assert (await client.get(f"{address}/{made['id']}")).json() == {"data": made}
    found = await client.get(f"/video/v1/playback-ids/{made['id']}")
    as_described(PlaybackLookupAnswer, found)
    assert found.json()["data"] == {**made, "object": {"type": "asset", "id": asset["id"]}}
    assert (await client.get(f"{ASSETS}/{asset['id']}")).json()["data"]["playback_ids"] == [made]
    gone = await client.delete(f"{address}/{made['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await client.get(f"{address}/{made['id']}")).status_code == 404
    assert "playback_ids" not in (await client.get(f"{ASSETS}/{asset['id']}")).json()["data"]


@pytest.mark.parametrize("body", [{}, {"policy": "drm"}, {"policy": "open"}, {"policy": None}, None])
async def test_bad_playback_ids_are_400(client: httpx.AsyncClient, body: Any) -> None:
    asset = await create(client)
    answer = await client.post(f"{ASSETS}/{asset['id']}/playback-ids", json=body)
    assert answer.status_code == 400


async def test_a_playback_id_is_found_only_under_its_own_asset(client: httpx.AsyncClient) -> None:
    first, second = await create(client, playback_policies=["public"]), await create(client)
    address = f"{ASSETS}/{second['id']}/playback-ids/{first['playback_ids'][0]['id']}"
    assert (await client.get(address)).status_code == 404
    assert (await client.delete(address)).status_code == 404
    assert (await client.get(f"{ASSETS}/{first['id']}")).json()["data"]["playback_ids"] == first["playback_ids"]


async def test_another_environment_sees_nothing_of_it(client: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    asset = await create(client, playback_policies=["public"])
    playback_id = asset["playback_ids"][0]["id"]
    mine = f"{ASSETS}/{asset['id']}"
    answers = [
        await stranger.get(mine),
        await stranger.delete(mine),
        await stranger.post(f"{mine}/playback-ids", json={"policy": "public"}),
        await stranger.get(f"{mine}/playback-ids/{playback_id}"),
        await stranger.delete(f"{mine}/playback-ids/{playback_id}"),
        await stranger.get(f"/video/v1/playback-ids/{playback_id}"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 6
    assert {answer.json()["error"]["type"] for answer in answers} == {"not_found"}
    assert (await stranger.get(ASSETS)).json()["data"] == []
    assert (await client.get(mine)).json()["data"] == asset


@pytest.mark.parametrize("identifier", ["0" * 24, "x", "a" * 3000, "%F0%9F%8E%AC", "..", "%2e%2e%2fetc"])
async def test_unknown_ids_are_404(client: httpx.AsyncClient, identifier: str) -> None:
    answer = await client.get(f"{ASSETS}/{identifier}")
    assert answer.status_code == 404
    assert answer.json()["error"]["type"] == "not_found"
