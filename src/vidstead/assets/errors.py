"""What can go wrong with assets."""

from vidstead.kit import VidsteadError


class AssetError(VidsteadError):
    """The asset could not be used."""

    code = "asset_error"
    status = 500


class AssetNotFound(AssetError):
    """There is no asset {asset_id} in this environment: check the id, and the environment of the token."""

    code = "asset_not_found"
    status = 404


class PlaybackIdNotFound(AssetError):
    """There is no playback id {playback_id}: check it, or create one for the asset."""

    code = "playback_id_not_found"
    status = 404


class ClipSourceNotFound(AssetError):
    """There is no asset {asset_id} in this environment to cut a clip from: check the id in `mux://assets/{asset_id}`."""

    code = "clip_source_not_found"
    status = 400


class ClipSourceNotReady(AssetError):
    """The asset {asset_id} is {state}, so no clip can be cut from it: wait until it is ready."""

    code = "clip_source_not_ready"
    status = 400


class ClipOutOfRange(AssetError):
    """A clip from {start} to {end} is not within the {duration} s of the asset: it needs 0 <= start_time < end_time."""

    code = "clip_out_of_range"
    status = 400


class NothingDecoded(AssetError):
    """Not one segment of the file could be decoded: export it again, as MP4 with H.264 and AAC if need be."""

    code = "nothing_decoded"
    status = 422
