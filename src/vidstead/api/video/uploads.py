"""``/video/v1/uploads``: addresses that take a file. The file itself goes to the byte path of ``ingest``."""

from fastapi import APIRouter
from starlette.responses import Response

from vidstead.api.answer import data
from vidstead.api.auth import Reading, Writing
from vidstead.api.fields import DEFAULT_LIMIT, Limit, PageNumber
from vidstead.api.video.answers import UploadAnswer, UploadsAnswer
from vidstead.api.video.requests import AssetSettings, CreateUpload
from vidstead.shapes import upload_shape

router = APIRouter(prefix="/video/v1/uploads", tags=["Uploads"])


@router.post("", status_code=201, response_model=UploadAnswer, summary="Create a direct upload")
async def create_direct_upload(call: Writing, body: CreateUpload | None = None) -> Response:
    """Send the whole file by `PUT` to the `url` of the answer: no token is needed there, only that address."""
    wanted = body or CreateUpload()
    settings = wanted.new_asset_settings or AssetSettings()
    if wanted.test:
        settings = settings.model_copy(update={"test": True})
    upload = await call.services.uploads.create(
        call.connection,
        call.environment_id,
        url_base=call.base_url,
        new_asset=settings.new_asset(),
        timeout=wanted.timeout,
        cors_origin=wanted.cors_origin,
        test=bool(wanted.test),
    )
    return data(upload_shape(upload), status=201)


@router.get("", response_model=UploadsAnswer, summary="List direct uploads")
async def list_direct_uploads(call: Reading, limit: Limit = DEFAULT_LIMIT, page: PageNumber = 1) -> Response:
    """The newest first. Past the end the list is empty."""
    found = await call.services.uploads.list(call.connection, call.environment_id, limit=limit, page=page)
    return data([upload_shape(upload) for upload in found.uploads])


@router.get("/{upload_id}", response_model=UploadAnswer, summary="Get a direct upload")
async def get_direct_upload(upload_id: str, call: Reading) -> Response:
    """The upload as it is now; `asset_id` once its file has arrived."""
    return data(upload_shape(await call.services.uploads.get(call.connection, call.environment_id, upload_id)))


@router.put("/{upload_id}/cancel", response_model=UploadAnswer, summary="Cancel a direct upload")
async def cancel_direct_upload(upload_id: str, call: Writing) -> Response:
    """Only an upload that still waits for its file; else 403."""
    return data(upload_shape(await call.services.uploads.cancel(call.connection, call.environment_id, upload_id)))
