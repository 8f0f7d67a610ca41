"""What is known of a source: the facts that probing gives, and the index of its key packets.

Times in a source are integer ticks of the stream's own ``time_base``. *Asset time* is seconds since the first
picture (of an audio-only source: since the first sample).
"""

from dataclasses import dataclass
from fractions import Fraction

from pydantic import TypeAdapter

HDR_TRANSFERS = ("smpte2084", "arib-std-b67")
"""ffmpeg's names of the transfer functions of high dynamic range: PQ and HLG."""


@dataclass(frozen=True, kw_only=True)
class Colour:
    """Colour description with ffmpeg's names; ``None`` where the stream does not say."""

    full_range: bool = False
    primaries: str | None = None
    transfer: str | None = None
    matrix: str | None = None


@dataclass(frozen=True, kw_only=True)
class VideoStream:
    """The picture of a source."""

    index: int
    """Index of the stream in its container."""
    codec: str
    """ffmpeg's name of the codec, such as ``h264``."""
    width: int
    """Width of the coded picture in pixels, before sample aspect ratio and rotation."""
    height: int
    sample_aspect: Fraction = Fraction(1)
    rotation: int = 0
    """Clockwise turn that the player should apply: 0, 90, 180 or 270 degrees."""
    pixel_format: str = "yuv420p"
    interlaced: bool = False
    colour: Colour = Colour()
    time_base: Fraction
    start: int
    """PTS of the first picture that is shown, in ticks."""
    end: int
    """End of the last picture that is shown, in ticks."""
    average_rate: Fraction
    """Pictures per second over the whole stream."""

    @property
    def duration(self) -> Fraction:
        """Length of the picture in seconds."""
        return (self.end - self.start) * self.time_base


@dataclass(frozen=True, kw_only=True)
class AudioStream:
    """One sound track of a source."""

    index: int
    codec: str
    sample_rate: int
    channels: int
    layout: str
    language: str | None = None
    time_base: Fraction
    start: int
    """PTS of the first sample that is heard, in ticks."""
    end: int
    """End of the last sample that is heard, in ticks."""


@dataclass(frozen=True, kw_only=True)
class SourceFacts:
    """What probing a source gives. At least one of ``video`` and ``audio`` is there."""

    container: str
    """ffmpeg's name of the format, such as ``mov,mp4,m4a,3gp,3g2,mj2``."""
    size: int
    """Bytes of all parts together."""
    video: VideoStream | None
    audio: tuple[AudioStream, ...]


@dataclass(frozen=True, kw_only=True)
class KeyPacket:
    """One key packet of the picture, as the container's index tells it (or a scan, where it has none)."""

    timestamp: int
    """PTS, or DTS where the index holds that, in ticks: verified when reading."""
    position: int
    """Byte position in the source."""


@dataclass(frozen=True, kw_only=True)
class SourceIndex:
    """The key packets of the picture in the order of their timestamps; kept as an object beside the source."""

    keys: tuple[KeyPacket, ...]


SOURCE_FACTS: TypeAdapter[SourceFacts] = TypeAdapter(SourceFacts)
"""``SourceFacts`` to and from JSON (``dump_json``, ``validate_json``, ``dump_python(mode="json")``)."""

SOURCE_INDEX: TypeAdapter[SourceIndex] = TypeAdapter(SourceIndex)
