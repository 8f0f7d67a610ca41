"""``/video/v1/playback-ids``."""

from fastapi import APIRouter
from starlette.responses import Response

from vidstead.api.answer import data
from vidstead.api.auth import Reading
from vidstead.api.video.answers import PlaybackLookupAnswer
from vidstead.shapes import playback_lookup_shape

router = APIRouter(prefix="/video/v1/playback-ids", tags=["Playback ids"])


@router.get("/{playback_id}", response_model=PlaybackLookupAnswer, summary="Find what a playback id belongs to")
async def get_asset_or_livestream_id(playback_id: str, call: Reading) -> Response:
    """The playback id, its policy, and the asset that it plays."""
    found, asset_id = await call.services.assets.lookup_playback_id(call.connection, call.environment_id, playback_id)
    return data(playback_lookup_shape(found, asset_id))
