"""The address of a direct upload, as plain ASGI: one ``PUT`` of the whole file.

The way of the bytes: socket -> batches of 1 MB -> the store's writer in a thread. Memory does not grow with the file.
CORS is as the upload's creator asked for (``cors_origin``), with ``Range`` exposed for the chunked clients to come.
"""

import json
import re
from collections.abc import AsyncIterator, Mapping

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from vidstead.ingest.errors import UploadIncomplete, UploadPartial
from vidstead.ingest.model import Upload
from vidstead.ingest.service import Uploads
from vidstead.kit import VidsteadError

CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


def upload_routes(uploads: Uploads) -> list[BaseRoute]:
    """``PUT`` and ``OPTIONS`` of ``/uploads/{upload_id}/{secret}``."""

    async def door(request: Request) -> Response:
        upload = await uploads.open(request.path_params["upload_id"], request.path_params["secret"])
        headers = cors_headers(upload, request.headers.get("origin"))
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=headers)
        try:
            declared = declared_length(request.headers)
            asset = await uploads.receive(upload, whole_body(request, declared), declared)
        except VidsteadError as error:
            error.headers.update(headers)
            raise
        body = {"data": {"id": upload.id, "status": "asset_created", "asset_id": asset.id}}
        return Response(json.dumps(body), media_type="application/json", headers=headers)

    return [Route("/uploads/{upload_id}/{secret}", door, methods=["PUT", "OPTIONS"], include_in_schema=False)]


def cors_headers(upload: Upload, origin: str | None) -> dict[str, str]:
    """What a browser on ``origin`` must be told so that it may send the file and read the answer."""
    if origin is None or upload.cors_origin not in ("*", origin):
        return {}
    return {
        "access-control-allow-origin": upload.cors_origin,
        "access-control-allow-methods": "PUT, OPTIONS",
        "access-control-allow-headers": "content-type, content-range",
        "access-control-expose-headers": "range, x-request-id",
        "access-control-max-age": "600",
        "vary": "origin",
    }


def declared_length(headers: Mapping[str, str]) -> int | None:
    """The file's length in bytes as the client declares it. Raises ``UploadPartial`` for a part of a file."""
    length = headers.get("content-length", "")
    declared = int(length) if length.isdigit() else None
    content_range = headers.get("content-range")
    if content_range is not None:
        found = CONTENT_RANGE.fullmatch(content_range)
        if not found or int(found[1]) != 0 or int(found[2]) + 1 != int(found[3]):
            raise UploadPartial(content_range=content_range)
    return declared


async def whole_body(request: Request, declared: int | None) -> AsyncIterator[bytes]:
    """The body as it arrives. Raises ``UploadIncomplete`` when it ends before its declared length."""
    received = 0
    try:
        async for chunk in request.stream():
            received += len(chunk)
            yield chunk
    except ClientDisconnect:
        raise UploadIncomplete(received=received, expected=declared if declared is not None else "all") from None
    if declared is not None and received != declared:
        raise UploadIncomplete(received=received, expected=declared)
