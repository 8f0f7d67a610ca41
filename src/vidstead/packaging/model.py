"""What a manifest is written from: tracks over one timeline. Nothing in it depends on which cells exist."""

from dataclasses import dataclass
from fractions import Fraction

from vidstead.media import Timeline


@dataclass(frozen=True, kw_only=True)
class VideoTrack:
    """A row of pictures as manifests tell it."""

    slug: str
    """Its folder under the playback id, such as ``720p-1``: ``{slug}/init.mp4``, ``{slug}/{index}.m4s``."""
    codecs: str
    timescale: int
    bounds: tuple[int, ...]
    """Where segments begin, in frames, and last the end."""
    frame_ticks: int
    """Ticks of one frame in ``timescale``."""
    bandwidth: int
    """Peak, in bit/s."""
    average_bandwidth: int
    """bit/s over the whole."""
    width: int
    height: int
    rate: Fraction


@dataclass(frozen=True, kw_only=True)
class AudioTrack:
    """A row of sound as manifests tell it; its bounds are in frames of 1024 samples."""

    slug: str
    codecs: str
    timescale: int
    bounds: tuple[int, ...]
    bandwidth: int
    average_bandwidth: int
    sample_rate: int
    channels: int
    language: str | None
    name: str
    default: bool


@dataclass(frozen=True, kw_only=True)
class Presentation:
    """Everything a viewer may choose from: HLS and DASH are two ways to write it down."""

    timeline: Timeline
    video: tuple[VideoTrack, ...]
    """The best first."""
    audio: tuple[AudioTrack, ...]
