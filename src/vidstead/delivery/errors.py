"""What a viewer may be told instead of bytes."""

from vidstead.kit import VidsteadError


class DeliveryError(VidsteadError):
    """The video could not be delivered."""

    code = "delivery_error"
    status = 500


class NotAllowed(DeliveryError):
    """This playback id needs a signed address, and the one that was used is not."""

    code = "playback_not_allowed"
    status = 403


class NotReadyYet(DeliveryError):
    """The video is being prepared: try again in a moment."""

    code = "playback_not_ready"
    status = 412


class PlaybackFailed(DeliveryError):
    """The video can't be played, since its file could not be read: see the asset's errors."""

    code = "playback_failed"
    status = 410


class RowNotFound(DeliveryError):
    """There is no rendition {row!r} of this video."""

    code = "rendition_not_found"
    status = 404


class InvalidSegment(DeliveryError):
    """There is no segment {index} of {row} in this video."""

    code = "segment_not_found"
    status = 404


class InvalidClip(DeliveryError):
    """The times {times} can't be used: they need 0 <= asset_start_time < asset_end_time, in seconds of the video."""

    code = "invalid_clip"
    status = 400


class SegmentNotReady(DeliveryError):
    """Segment {index} of {row} is still being encoded: try again in {seconds} s."""

    code = "segment_not_ready"
    status = 503
    expected = True
