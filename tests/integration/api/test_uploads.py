"""``/video/v1/uploads``: every route, and the way from an address to an asset."""

import dataclasses
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp
from tests.integration.api.clients import BASE_URL, as_described, client_of, make_token

from vidstead.api import ApiServices, create_app
from vidstead.api.video.answers import UploadAnswer, UploadsAnswer
from vidstead.kit import new_id

UPLOADS = "/video/v1/uploads"


async def create(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await client.post(UPLOADS, json=body)
    assert answer.status_code == 201, answer.text
    as_described(UploadAnswer, answer)
    made: dict[str, Any] = answer.json()["data"]
    return made


async def test_create_without_anything(client: httpx.AsyncClient) -> None:
    for answer in (await client.post(UPLOADS), await client.post(UPLOADS, json={})):
        assert answer.status_code == 201
        upload = answer.json()["data"]
        assert (upload["status"], upload["timeout"], upload["test"]) == ("waiting", 3600, False)
        assert upload["url"].startswith(f"{BASE_URL}/uploads/{upload['id']}/")
        assert upload["cors_origin"] is None
        assert upload["new_asset_settings"] == {}


async def test_create_with_everything(client: httpx.AsyncClient) -> None:
    upload = await create(
        client,
        cors_origin="https://example.com",
        timeout=60,
        test=True,
        new_asset_settings={"playback_policy": "public", "passthrough": "ours", "meta": {"title": "Film"}},
        nobody_knows=1,
    )
    assert (upload["cors_origin"], upload["timeout"], upload["test"]) == ("https://example.com", 60, True)
    assert upload["new_asset_settings"]["playback_policies"] == ["public"]
    assert upload["new_asset_settings"]["meta"] == {"title": "Film"}
    assert (await client.get(f"{UPLOADS}/{upload['id']}")).json()["data"] == upload


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"timeout": 59}, "timeout"),
        ({"timeout": 604_801}, "timeout"),
        ({"timeout": "soon"}, "timeout"),
        ({"cors_origin": "https://a\r\nSet-Cookie: x=1"}, "cors_origin"),
        ({"cors_origin": "x" * 600}, "cors_origin"),
        ({"new_asset_settings": {"playback_policies": ["drm"]}}, "drm is not available yet"),
        ({"new_asset_settings": {"passthrough": "x" * 256}}, "new_asset_settings.passthrough"),
        ({"new_asset_settings": "public"}, "new_asset_settings"),
        ([], "the body"),
    ],
)
async def test_what_does_not_fit_is_400(client: httpx.AsyncClient, body: Any, says: str) -> None:
    answer = await client.post(UPLOADS, json=body)
    assert answer.status_code == 400
    assert says in " ".join(answer.json()["error"]["messages"])


async def test_the_file_becomes_an_asset(client: httpx.AsyncClient, app: ASGIApp) -> None:
    upload = await create(client, new_asset_settings={"playback_policies": ["public"], "passthrough": "ours"})
    async with client_of(app) as anybody:
        sent = await anybody.put(upload["url"], content=b"a film")
    assert sent.status_code == 200
    used = (await client.get(f"{UPLOADS}/{upload['id']}")).json()["data"]
    assert used["status"] == "asset_created"
    assert "url" not in used
    asset = (await client.get(f"/video/v1/assets/{used['asset_id']}")).json()["data"]
    assert (asset["upload_id"], asset["passthrough"]) == (upload["id"], "ours")
    assert asset["ingest_type"] == "on_demand_direct_upload"
    assert [playback["policy"] for playback in asset["playback_ids"]] == ["public"]
    listed = (await client.get("/video/v1/assets", params={"upload_id": upload["id"]})).json()["data"]
    assert [found["id"] for found in listed] == [asset["id"]]
    refused = await client.put(f"{UPLOADS}/{upload['id']}/cancel")
    assert (refused.status_code, refused.json()["error"]["type"]) == (403, "forbidden")


async def test_the_file_of_a_test_upload_becomes_a_test_asset(client: httpx.AsyncClient) -> None:
    upload = await create(client, test=True)
    await client.put(upload["url"], content=b"a film")
    used = (await client.get(f"{UPLOADS}/{upload['id']}")).json()["data"]
    assert (await client.get(f"/video/v1/assets/{used['asset_id']}")).json()["data"]["test"] is True


async def test_cancel_ends_a_waiting_upload(client: httpx.AsyncClient) -> None:
    upload = await create(client)
    answer = await client.put(f"{UPLOADS}/{upload['id']}/cancel")
    assert answer.status_code == 200
    as_described(UploadAnswer, answer)
    assert answer.json()["data"]["status"] == "cancelled"
    assert "url" not in answer.json()["data"]
    assert (await client.put(upload["url"], content=b"late")).status_code >= 400
    assert (await client.put(f"{UPLOADS}/{upload['id']}/cancel")).status_code == 403


async def test_list_is_newest_first(client: httpx.AsyncClient) -> None:
    made = [(await create(client))["id"] for _ in range(3)]
    answer = await client.get(UPLOADS, params={"limit": 2})
    as_described(UploadsAnswer, answer)
    assert [upload["id"] for upload in answer.json()["data"]] == [made[2], made[1]]
    assert [upload["id"] for upload in (await client.get(UPLOADS, params={"limit": 2, "page": 2})).json()["data"]] == [
        made[0]
    ]
    assert (await client.get(UPLOADS, params={"limit": 2, "page": 9})).json() == {"data": []}
    assert (await client.get(UPLOADS, params={"limit": 101})).status_code == 400


async def test_another_environment_sees_nothing_of_it(client: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    upload = await create(client)
    answers = [
        await stranger.get(f"{UPLOADS}/{upload['id']}"),
        await stranger.put(f"{UPLOADS}/{upload['id']}/cancel"),
        await client.get(f"{UPLOADS}/{new_id()}"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 3
    assert (await stranger.get(UPLOADS)).json() == {"data": []}


async def test_addresses_are_below_the_public_url(services: ApiServices, environment_id: str) -> None:
    public = dataclasses.replace(services, public_url="https://video.example.com")
    app = create_app(public)
    async with client_of(app, await make_token(services, environment_id)) as client:
        assert (await create(client))["url"].startswith("https://video.example.com/uploads/")


@pytest.mark.parametrize("host", ["evil.example/path", "a b", "x@evil.example", ""])
async def test_a_strange_host_is_refused(client: httpx.AsyncClient, host: str) -> None:
    answer = await client.post(UPLOADS, headers={"host": host})
    assert answer.status_code == 400
