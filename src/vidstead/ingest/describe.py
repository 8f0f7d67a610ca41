"""What an asset says of itself once its grid is known: pure, from the facts of the source and the rows."""

from collections.abc import Mapping
from typing import Any

from vidstead.assets import Published
from vidstead.grid import Grid, Row
from vidstead.kit import new_id
from vidstead.media import AudioStream, PictureSpec, SoundSpec, VideoStream, aspect_ratio

TIERS = ((720, "720p"), (1080, "1080p"), (1440, "1440p"))
"""Short sides in pixels, and the tier that they are the upper end of."""


def describe(grid: Grid) -> Published:
    """The asset's duration, tracks, tier and aspect ratio. The grid has one source."""
    facts = grid.sources[0].facts
    best = max(
        (row.spec for row in grid.rows if isinstance(row.spec, PictureSpec)),
        key=lambda spec: spec.width * spec.height,
        default=None,
    )
    tracks = [_video_track(facts.video, best)] if facts.video and best else []
    tracks += [
        _audio_track(audio, number)
        for number, (audio, row) in enumerate(zip(facts.audio, _sound(grid), strict=False))
        if isinstance(row.spec, SoundSpec)
    ]
    return Published(
        duration=float(grid.timeline.duration),
        tracks=tuple(tracks),
        resolution_tier=_tier(best),
        max_stored_frame_rate=float(best.rate) if best else None,
        aspect_ratio=aspect_ratio(facts.video) if facts.video else None,
    )


def _sound(grid: Grid) -> list[Row]:
    return [row for row in grid.rows if isinstance(row.spec, SoundSpec)]


def _tier(best: PictureSpec | None) -> str:
    if best is None:
        return "audio-only"
    short = min(best.width, best.height)
    return next((name for limit, name in TIERS if short <= limit), "2160p")


def _video_track(video: VideoStream, best: PictureSpec) -> Mapping[str, Any]:
    return {
        "type": "video",
        "id": new_id(),
        "duration": float(video.duration),
        "max_width": best.width,
        "max_height": best.height,
        "max_frame_rate": float(best.rate),
    }


def _audio_track(audio: AudioStream, number: int) -> Mapping[str, Any]:
    return {
        "type": "audio",
        "id": new_id(),
        "duration": float((audio.end - audio.start) * audio.time_base),
        "max_channels": audio.channels,
        "max_channel_layout": audio.layout,
        "primary": number == 0,
    }
