"""``/video/v1/assets``, and their playback ids."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from vidstead.api.answer import data, nothing
from vidstead.api.auth import Reading, Writing
from vidstead.api.fields import DEFAULT_LIMIT, Limit, PageNumber
from vidstead.api.video.answers import AssetAnswer, AssetsAnswer, PlaybackIdAnswer
from vidstead.api.video.requests import CreateAsset, PlaybackPolicy
from vidstead.shapes import asset_shape, playback_id_shape

router = APIRouter(prefix="/video/v1/assets")
IdQuery = Annotated[str | None, Query(max_length=255)]


@router.post(
    "", status_code=201, response_model=AssetAnswer, tags=["Assets"], summary="Create an asset from a URL, or a clip"
)
async def create_asset(body: CreateAsset, call: Writing) -> Response:
    """Fetches the file of one address in the background. Poll the asset until it is `ready`, or `errored`.

    With `mux://assets/{asset id}` it is a clip of that asset, from `start_time` to `end_time`, `ready` at once.
    """
    wanted = body.inputs[0]
    services, connection, environment_id = call.services, call.connection, call.environment_id
    if wanted.asset_id is not None:
        asset = await services.clipping.create(
            connection, environment_id, body.new_asset(), wanted.asset_id, wanted.start_time, wanted.end_time
        )
    else:
        asset = await services.inputs.create_from_url(connection, environment_id, body.new_asset(), wanted.url)
    return data(asset_shape(asset), status=201)


@router.get("", response_model=AssetsAnswer, tags=["Assets"], summary="List assets")
async def list_assets(
    call: Reading,
    limit: Limit = DEFAULT_LIMIT,
    page: PageNumber | None = None,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the answer before.")] = None,
    upload_id: IdQuery = None,
    live_stream_id: IdQuery = None,
) -> Response:
    """The newest first. Past the end the list is empty."""
    if live_stream_id:  # no asset comes from a live stream yet
        return data([], next_cursor=None)
    found = await call.services.assets.list(
        call.connection, call.environment_id, limit=limit, page=page, cursor=cursor or None, upload_id=upload_id
    )
    return data([asset_shape(asset) for asset in found.assets], next_cursor=found.next_cursor)


@router.get("/{asset_id}", response_model=AssetAnswer, tags=["Assets"], summary="Get an asset")
async def get_asset(asset_id: str, call: Reading) -> Response:
    """The asset as it is now."""
    return data(asset_shape(await call.services.assets.get(call.connection, call.environment_id, asset_id)))


@router.delete("/{asset_id}", status_code=204, tags=["Assets"], summary="Delete an asset")
async def delete_asset(asset_id: str, call: Writing) -> Response:
    """At once it can't be played any more; its files and running work go shortly after."""
    await call.services.assets.delete(call.connection, call.environment_id, asset_id)
    return nothing()


@router.post(
    "/{asset_id}/playback-ids",
    status_code=201,
    response_model=PlaybackIdAnswer,
    tags=["Playback ids"],
    summary="Add a playback id",
)
async def create_asset_playback_id(asset_id: str, body: PlaybackPolicy, call: Writing) -> Response:
    """One more address under which the asset can be played."""
    made = await call.services.assets.add_playback_id(call.connection, call.environment_id, asset_id, body.policy)
    return data(playback_id_shape(made), status=201)


@router.get(
    "/{asset_id}/playback-ids/{playback_id}",
    response_model=PlaybackIdAnswer,
    tags=["Playback ids"],
    summary="Get a playback id of an asset",
)
async def get_asset_playback_id(asset_id: str, playback_id: str, call: Reading) -> Response:
    """The playback id and its policy."""
    found = await call.services.assets.get_playback_id(call.connection, call.environment_id, asset_id, playback_id)
    return data(playback_id_shape(found))


@router.delete(
    "/{asset_id}/playback-ids/{playback_id}",
    status_code=204,
    tags=["Playback ids"],
    summary="Delete a playback id",
)
async def delete_asset_playback_id(asset_id: str, playback_id: str, call: Writing) -> Response:
    """From then on nothing plays under it."""
    await call.services.assets.delete_playback_id(call.connection, call.environment_id, asset_id, playback_id)
    return nothing()
