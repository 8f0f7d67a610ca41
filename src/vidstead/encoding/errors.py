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


class SourceNotMedia(UnreadableSource):
    """The file is not video or sound in any format that is known here ({reason}): upload MP4, MOV or MKV."""

    code = "source_not_media"


class SourceTruncated(UnreadableSource):
    """The file of {size} bytes lacks {missing}: its recording or its transfer was cut short, so upload it whole."""

    code = "source_truncated"


class SourceWithoutTracks(UnreadableSource):
    """The file ({container}) holds neither pictures nor sound: export it again with at least one of them."""

    code = "source_without_tracks"


class SourceCodecUnsupported(UnreadableSource):
    """There is no decoder for the {track} of the file ({codec}): export it as H.264 with AAC."""

    code = "source_codec_unsupported"


class SourceOverLimit(UnreadableSource):
    """The file has {found}, and {most} is the most that is taken: export it again with less, or cut it."""

    code = "source_over_limit"


class SourceCrashed(UnreadableSource):
    """Reading the file ended the reader ({reason}): it is most likely damaged, so export it again."""

    code = "source_crashed_reader"


class EncodingFailed(EncodingError):
    """The encoder failed on segments {first} to {last} of {rows}: {reason}"""

    code = "encoding_failed"
    status = 500


class EncodingInterrupted(EncodingError):
    """Encoding segments {first} to {last} of {rows} was interrupted ({reason}): it is tried again later."""

    code = "encoding_interrupted"
    status = 503


class CalibrationFailed(EncodingError):
    """How fast this machine encodes could not be measured: {reason}"""

    code = "calibration_failed"
    status = 500


REFUSALS: dict[str, type[UnreadableSource]] = {
    error.code: error
    for error in (
        SourceNotMedia,
        SourceTruncated,
        SourceWithoutTracks,
        SourceCodecUnsupported,
        SourceOverLimit,
    )
}
"""What the prober may say of a source, by its code."""
