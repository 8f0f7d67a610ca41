"""What a row of the grid is made of: enough to make any of its cells, anywhere, with the same headers.

A specification is stored with its row and never changes. Its ``fingerprint`` names the encoder's build and settings;
a row whose headers would differ gets a new generation.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from pydantic import TypeAdapter

from vidstead.media.fmp4 import TrackKind
from vidstead.media.timeline import AAC_FRAME


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
    lead: int = AAC_FRAME
    """Samples before asset time 0 that the first cell begins with, since a decoder needs a frame to begin with; the
    edit list of the init segment says that they are not heard."""
    start: int = 0
    """Decode time of the first cell in samples: of a clip within its film, where its picture begins."""


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


@dataclass(frozen=True, kw_only=True)
class SoundCopySpec:
    """A row of AAC-LC sound that passes through: frame by frame from the source, never encoded."""

    kind: Literal["sound-copy"] = "sound-copy"
    sample_rate: int
    """Samples per second."""
    channels: int
    bitrate: int
    """bit/s over the whole, container included."""
    cell_bytes: int
    """The largest cell: each must keep to it."""
    language: str | None = None
    lead: int
    """As ``AudioSpec.lead``: the first frames of the source that are kept, up to asset time 0."""
    start: int = 0
    """As ``AudioSpec.start``."""


@dataclass(frozen=True, kw_only=True)
class TrickSpec:
    """A row of still pictures for jumping about: one small IDR picture for each cell, shown for as long as that lasts.

    It is no rung: nobody plays it at its own speed.
    """

    kind: Literal["trick"] = "trick"
    width: int
    """Pixels, even."""
    height: int
    """Pixels, even."""
    rate: Fraction
    """Frames per second of the timeline, in which the row's bounds count."""
    crf: int
    """Quality that x264 aims at where the cap allows: 0 (best) to 51."""
    most_bytes: int
    """The most bytes of a picture."""
    profile: Literal["baseline", "main", "high"] = "main"
    """Not High: x264 marks that as intra-only when every picture is one, a codec string that few players know."""
    level: str
    """H.264 level such as ``1.3``."""
    preset: str = "veryfast"


PictureSpec = VideoSpec | CopySpec
"""A rung: pictures that are played."""
EncodedSpec = VideoSpec | TrickSpec
"""Pictures that an encoder makes."""
SoundSpec = AudioSpec | SoundCopySpec
"""Sound."""
CopiedSpec = CopySpec | SoundCopySpec
"""What passes through."""
RowSpec = VideoSpec | AudioSpec | CopySpec | SoundCopySpec | TrickSpec


def track_kind(spec: RowSpec) -> TrackKind:
    """What a row is for players: ``video`` or ``audio``."""
    return "audio" if isinstance(spec, SoundSpec) else "video"


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
