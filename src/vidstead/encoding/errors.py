"""What can go wrong between a source and its cells."""

from vidstead.kit import VidsteadError


class EncodingError(VidsteadError):
    """Something went wrong while encoding."""

    code = "encoding_error"
    status = 500


class UnreadableSource(EncodingError):
    """The file could not be read: {reason}."""

    code = "unreadable_source"
    status = 422


class EncodingFailed(EncodingError):
    """The encoder failed on segments {first} to {last} of {rows}: {reason}"""

    code = "encoding_failed"
    status = 500
