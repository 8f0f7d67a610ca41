"""What can go wrong while a file comes in."""

from vidstead.kit import VidsteadError


class UploadError(VidsteadError):
    """The upload could not be handled."""

    code = "upload_error"
    status = 500


class UploadNotFound(UploadError):
    """There is no upload {upload_id}: use the address that `POST /video/v1/uploads` gave, as it is."""

    code = "upload_not_found"
    status = 404


class UploadOver(UploadError):
    """The upload {upload_id} takes no bytes any more, since it is {state}: create a new one."""

    code = "upload_over"
    status = 410


class UploadUsed(UploadError):
    """The upload {upload_id} can't be cancelled, since it is {state}."""

    code = "upload_used"
    status = 403


class UploadTooLarge(UploadError):
    """The file is larger than the {limit} bytes that this server takes."""

    code = "upload_too_large"
    status = 413


class UploadIncomplete(UploadError):
    """The connection ended after {received} of {expected} bytes: send the file again to the same address."""

    code = "upload_incomplete"
    status = 400


class UploadPartial(UploadError):
    """A part of a file was sent ({content_range}), but this version takes a file only whole: send it with one PUT."""

    code = "upload_partial"
    status = 400


class PublishingFailed(UploadError):
    """The file arrived, but the server could not prepare it, several times: upload it again, or ask its operator."""

    code = "publishing_failed"
    status = 500
