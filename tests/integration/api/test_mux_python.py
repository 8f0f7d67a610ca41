"""The official Python client, unmodified, against the real application on a real port."""

import asyncio
import urllib.request
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeAlias

import mux_python
import pytest
from mux_python.exceptions import (
    ApiException,
    ForbiddenException,
    NotFoundException,
    UnauthorizedException,
)
from starlette.types import ASGIApp
from tests.integration.api.clients import make_token
from tests.integration.api.serving import SERVERS, served
from tests.integration.api.test_assets import PUBLISHED

from vidstead.api import ApiServices
from vidstead.kit import new_id
from vidstead.tenancy import Credentials

Mux: TypeAlias = Any  # mux_python has no types
FILM = "https://example.com/film.mp4"


@pytest.fixture(params=SERVERS)
async def address(app: ASGIApp, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    async with served(app, request.param) as url:
        yield url


def mux_client(address: str, credentials: Credentials) -> Mux:
    configuration = mux_python.Configuration(
        host=address, username=credentials.token_id, password=credentials.token_secret
    )
    configuration.retries = 0
    return mux_python.ApiClient(configuration)


@pytest.fixture
def mux(address: str, credentials: Credentials) -> Mux:
    return mux_client(address, credentials)


async def call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call the blocking client while the server runs in this loop."""
    return await asyncio.to_thread(function, *args, **kwargs)


async def send(url: str, body: bytes) -> int:
    def put() -> int:
        request = urllib.request.Request(url, data=body, method="PUT")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)

    return await asyncio.to_thread(put)


async def test_an_asset_from_a_url_lives_and_dies(mux: Mux, services: ApiServices, environment_id: str) -> None:
    assets = mux_python.AssetsApi(mux)
    wanted = mux_python.CreateAssetRequest(
        input=[mux_python.InputSettings(url=FILM)],
        playback_policy=[mux_python.PlaybackPolicy.PUBLIC],
        passthrough="ours",
        meta=mux_python.AssetMetadata(title="Film"),
        video_quality="basic",
    )
    asset = (await call(assets.create_asset, wanted)).data
    assert (asset.status, asset.passthrough, asset.meta.title) == ("preparing", "ours", "Film")
    assert (asset.tracks, asset.duration, asset.encoding_tier) == (None, None, "baseline")
    assert asset.playback_ids[0].policy == "public"

    async with services.database.begin(environment_id) as connection:
        await services.assets.publish(connection, environment_id, asset.id, PUBLISHED, [])
    ready = (await call(assets.get_asset, asset.id)).data
    assert (ready.status, ready.duration, ready.resolution_tier) == ("ready", 10.0, "720p")
    assert [track.type for track in ready.tracks] == ["video", "audio"]
    assert ready.progress.state == "transcoding"

    assert await call(assets.delete_asset, asset.id) is None
    with pytest.raises(NotFoundException):
        await call(assets.get_asset, asset.id)


async def test_lists_are_newest_first_and_paged(mux: Mux) -> None:
    assets = mux_python.AssetsApi(mux)
    request = mux_python.CreateAssetRequest(inputs=[mux_python.InputSettings(url=FILM)])
    made = [(await call(assets.create_asset, request)).data.id for _ in range(3)]
    first = await call(assets.list_assets, limit=2)
    assert [asset.id for asset in first.data] == [made[2], made[1]]
    rest = await call(assets.list_assets, limit=2, cursor=first.next_cursor)
    assert ([asset.id for asset in rest.data], rest.next_cursor) == ([made[0]], None)
    assert (await call(assets.list_assets, limit=2, page=2)).data[0].id == made[0]
    assert (await call(assets.list_assets, limit=2, page=3)).data == []


async def test_playback_ids(mux: Mux) -> None:
    assets, lookup = mux_python.AssetsApi(mux), mux_python.PlaybackIDApi(mux)
    asset = (
        await call(assets.create_asset, mux_python.CreateAssetRequest(inputs=[mux_python.InputSettings(url=FILM)]))
    ).data
    assert asset.playback_ids is None
    request = mux_python.CreatePlaybackIDRequest(policy=mux_python.PlaybackPolicy.PUBLIC)
    made = (await call(assets.create_asset_playback_id, asset.id, request)).data
    assert (await call(assets.get_asset_playback_id, asset.id, made.id)).data == made
    owner = (await call(lookup.get_asset_or_livestream_id, made.id)).data
    assert (owner.object.type, owner.object.id, owner.policy) == ("asset", asset.id, "public")
    await call(assets.delete_asset_playback_id, asset.id, made.id)
    assert (await call(assets.get_asset, asset.id)).data.playback_ids is None
    with pytest.raises(NotFoundException):
        await call(lookup.get_asset_or_livestream_id, made.id)


async def test_a_direct_upload_becomes_an_asset(mux: Mux, address: str) -> None:
    uploads, assets = mux_python.DirectUploadsApi(mux), mux_python.AssetsApi(mux)
    settings = mux_python.CreateAssetRequest(playback_policy=[mux_python.PlaybackPolicy.PUBLIC], passthrough="ours")
    request = mux_python.CreateUploadRequest(
        timeout=3600, cors_origin="https://example.com", new_asset_settings=settings
    )
    upload = (await call(uploads.create_direct_upload, request)).data
    assert (upload.status, upload.timeout, upload.cors_origin) == ("waiting", 3600, "https://example.com")
    assert upload.new_asset_settings.playback_policy == ["public"]
    assert upload.url.startswith(address)
    assert await send(upload.url, b"a film") == 200
    used = (await call(uploads.get_direct_upload, upload.id)).data
    assert (used.status, used.url) == ("asset_created", None)
    asset = (await call(assets.get_asset, used.asset_id)).data
    assert (asset.upload_id, asset.passthrough, len(asset.playback_ids)) == (upload.id, "ours", 1)
    assert [found.id for found in (await call(assets.list_assets, upload_id=upload.id)).data] == [asset.id]
    with pytest.raises(ForbiddenException):
        await call(uploads.cancel_direct_upload, upload.id)


async def test_an_upload_can_be_cancelled(mux: Mux) -> None:
    uploads = mux_python.DirectUploadsApi(mux)
    upload = (
        await call(
            uploads.create_direct_upload,
            mux_python.CreateUploadRequest(new_asset_settings=mux_python.CreateAssetRequest()),
        )
    ).data
    cancelled = (await call(uploads.cancel_direct_upload, upload.id)).data
    assert (cancelled.status, cancelled.url) == ("cancelled", None)
    assert [found.id for found in (await call(uploads.list_direct_uploads)).data] == [upload.id]


async def test_errors_are_the_clients_own(mux: Mux, address: str, credentials: Credentials) -> None:
    assets = mux_python.AssetsApi(mux)
    with pytest.raises(ApiException) as refused:
        await call(assets.create_asset, mux_python.CreateAssetRequest(inputs=[]))
    assert refused.value.status == 400
    assert "invalid_parameters" in str(refused.value.body)
    with pytest.raises(NotFoundException):
        await call(assets.get_asset, new_id())
    wrong = Credentials(token_id=credentials.token_id, token_secret="wrong", environment_id="")
    with pytest.raises(UnauthorizedException):
        await call(mux_python.AssetsApi(mux_client(address, wrong)).list_assets)


async def test_permissions_hold(address: str, services: ApiServices, environment_id: str) -> None:
    weak = await make_token(services, environment_id, ["video:read"])
    assets = mux_python.AssetsApi(mux_client(address, weak))
    assert (await call(assets.list_assets)).data == []
    with pytest.raises(ApiException) as refused:
        await call(assets.create_asset, mux_python.CreateAssetRequest(inputs=[mux_python.InputSettings(url=FILM)]))
    assert refused.value.status == 403
