"""How files come in: direct uploads, URL inputs, and publishing."""

from vidstead.ingest.clipping import Clipping
from vidstead.ingest.door import upload_routes
from vidstead.ingest.errors import (
    PublishingFailed,
    UploadError,
    UploadIncomplete,
    UploadNotFound,
    UploadOver,
    UploadPartial,
    UploadTooLarge,
    UploadUsed,
)
from vidstead.ingest.model import DEFAULT_TIMEOUT, TRANSITIONS, Upload, UploadPage, UploadStatus
from vidstead.ingest.publishing import Publishing
from vidstead.ingest.pull import AssetInputs
from vidstead.ingest.service import Uploads
from vidstead.ingest.tasks import give_up, register

__all__ = [
    "DEFAULT_TIMEOUT",
    "TRANSITIONS",
    "AssetInputs",
    "Clipping",
    "Publishing",
    "PublishingFailed",
    "Upload",
    "UploadError",
    "UploadIncomplete",
    "UploadNotFound",
    "UploadOver",
    "UploadPage",
    "UploadPartial",
    "UploadStatus",
    "UploadTooLarge",
    "UploadUsed",
    "Uploads",
    "give_up",
    "register",
    "upload_routes",
]
