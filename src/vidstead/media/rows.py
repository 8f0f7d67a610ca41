"""What a row of the grid is made of: enough to make any of its cells, anywhere, with the same headers.

A specification is stored with its row and never changes. Its ``fingerprint`` names the encoder's build and settings;
a row whose headers would differ gets a new generation.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from pydantic import TypeAdapter

from vidstead.media.fmp4 import TrackKind


@dataclass(frozen=True, kw_only=True)
class VideoSpec:
    """A row of H.264 pictures."""

    kind: Literal["video"] = "video"
    width: int
    """Pixels, even."""
    height: int
    """Pixels, even."""
    rate: Fraction
    """Frames per second: the timeline's."""
    crf: int
    """Quality that x264 aims at where the cap allows: 0 (best) to 51."""
    max_bitrate: int
    """The cap, in bit/s (x264's vbv-maxrate)."""
    buffer_bits: int
    """Size of the decoder's buffer in bits (x264's vbv-bufsize)."""
    profile: Literal["baseline", "main", "high"] = "high"
    level: str
    """H.264 level such as ``3.1`` (ITU-T H.264, annex A)."""
    preset: str = "veryfast"


@dataclass(frozen=True, kw_only=True)
class AudioSpec:
    """A row of AAC-LC sound."""

    kind: Literal["audio"] = "audio"
    sample_rate: int
    """Samples per second."""
    channels: int
    bitrate: int
    """bit/s."""
    language: str | None = None


@dataclass(frozen=True, kw_only=True)
class CopySpec:
    """A row of H.264 pictures that pass through: remuxed from the source, never encoded."""

    kind: Literal["copy"] = "copy"
    width: int
    height: int
    rate: Fraction
    bitrate: int
    """bit/s over the whole, container included."""
    cell_bytes: int
    """The largest cell: each must keep to it."""


PictureSpec = VideoSpec | CopySpec
RowSpec = VideoSpec | AudioSpec | CopySpec


def track_kind(spec: RowSpec) -> TrackKind:
    """What a row is for players: ``video`` or ``audio``."""
    return "audio" if isinstance(spec, AudioSpec) else "video"


ROW_SPEC: TypeAdapter[RowSpec] = TypeAdapter(RowSpec)
"""``RowSpec`` to and from JSON."""


@dataclass(frozen=True, kw_only=True)
class RowPlan:
    """A row before it exists: its name in addresses (``720p``, ``audio``) and its specification."""

    name: str
    spec: RowSpec


@dataclass(frozen=True, kw_only=True)
class RowHeader:
    """What the init segment of a row says."""

    init: bytes
    """The init segment (``ftyp`` and ``moov``)."""
    codecs: str
    """Its codec as RFC 6381 writes it, such as ``avc1.64001f``."""
    timescale: int
    """Ticks per second of the row."""
    config: bytes
    """The codec's own configuration (``avcC`` or AudioSpecificConfig): every cell must match it."""
