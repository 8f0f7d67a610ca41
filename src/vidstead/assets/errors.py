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


class NothingDecoded(AssetError):
    """Not one segment of the file could be decoded: export it again, as MP4 with H.264 and AAC if need be."""

    code = "nothing_decoded"
    status = 422
