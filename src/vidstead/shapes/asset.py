"""Assets.

One thing differs from Mux in meaning, not in shape: an asset is ``ready`` as soon as it can be played, which is long
before every cell is encoded. ``progress`` therefore goes on after ``ready``: ``transcoding`` with the share of stored
cells, ``completed`` when all are there. A lazy asset is ``completed`` at once, since nothing is going on; its
percentage still tells what is stored.
"""

from collections.abc import Mapping
from typing import Any

from vidstead.assets import Asset
from vidstead.kit import to_unix
from vidstead.shapes import vocabulary as words
from vidstead.shapes.playback import playback_id_shape
from vidstead.shapes.vocabulary import Shape, known, present

# The short side of the picture in pixels up to which a stored resolution has its (deprecated) name.
STORED_RESOLUTIONS = ((719, "SD"), (1079, "HD"), (1439, "FHD"))


def asset_shape(asset: Asset) -> Shape:
    """An asset, as ``GET /video/v1/assets/{id}`` tells it. Times are strings of whole Unix seconds."""
    return present(
        {
            "id": asset.id,
            "created_at": to_unix(asset.created_at),
            "status": asset.status,
            "progress": progress_shape(asset),
            "duration": asset.duration,
            "max_stored_resolution": stored_resolution(asset),
            "resolution_tier": known(asset.resolution_tier, words.RESOLUTION_TIERS),
            "max_stored_frame_rate": asset.max_stored_frame_rate,
            "aspect_ratio": asset.aspect_ratio,
            "playback_ids": [playback_id_shape(playback) for playback in asset.playback_ids],
            "tracks": [track_shape(track) for track in asset.tracks],
            "errors": errors_shape(asset),
            "upload_id": asset.upload_id,
            "source_asset_id": asset.source_asset_id,
            "passthrough": asset.passthrough,
            "meta": dict(asset.meta),
            "ingest_type": known(asset.ingest_type, words.INGEST_TYPES),
            "test": asset.test,
            **options_shape(asset.options),
        }
    )


def options_shape(options: Mapping[str, Any]) -> Shape:
    """The options of an asset that every answer tells, defaults filled in."""
    quality = known(options.get("video_quality"), words.ENCODING_TIERS)
    tier = known(options.get("encoding_tier"), words.VIDEO_QUALITIES)
    quality = quality or words.VIDEO_QUALITIES.get(tier or "", words.DEFAULT_QUALITY)
    return {
        "video_quality": quality,
        "encoding_tier": words.ENCODING_TIERS[quality],
        "max_resolution_tier": known(options.get("max_resolution_tier"), words.MAX_RESOLUTION_TIERS, "1080p"),
        "mp4_support": known(options.get("mp4_support"), words.MP4_SUPPORT, "none"),
        "master_access": known(options.get("master_access"), words.MASTER_ACCESS, "none"),
        "normalize_audio": bool(options.get("normalize_audio", False)),
    }


def progress_shape(asset: Asset) -> Shape:
    """How far the asset is: ``progress`` in percent, -1 when errored (as mux-python documents it)."""
    if asset.status == "errored":
        return {"state": "errored", "progress": -1.0}
    if asset.status == "preparing":
        return {"state": "ingesting", "progress": 0.0}
    if asset.covered:
        return {"state": "completed", "progress": 100.0}
    percent = min(max(round(asset.progress, 2), 0.0), 99.99)
    return {"state": "completed" if asset.fill == "lazy" else "transcoding", "progress": percent}


def errors_shape(asset: Asset) -> Shape | None:
    """What went wrong with an errored asset."""
    if asset.error_type is None:
        return None
    return {"type": asset.error_type, "messages": list(asset.error_messages)}


def track_shape(track: Mapping[str, Any]) -> Shape:
    """A track: the facts that publishing found, without those that are unknown."""
    return present({**track, "type": known(track.get("type"), words.TRACK_TYPES)})


def stored_resolution(asset: Asset) -> str | None:
    """The deprecated name of the best stored resolution; ``None`` while it is not known."""
    if asset.resolution_tier == "audio-only":
        return "Audio only"
    sides = [min(track["max_width"], track["max_height"]) for track in asset.tracks if track.get("type") == "video"]
    if not sides:
        return None
    return next((name for limit, name in STORED_RESOLUTIONS if max(sides) <= limit), "UHD")
