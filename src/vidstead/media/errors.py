"""What can be wrong with bytes that should be media."""

from vidstead.kit import VidsteadError


class MediaFormatError(VidsteadError, ValueError):
    """The media data is malformed: {reason}; encode the segment again, and if it happens twice run `vidstead
    doctor`.
    """

    code = "malformed_media"
    status = 500
