"""What fragmented MP4 says, without its boxes."""

from dataclasses import dataclass, replace
from typing import Literal, Self

TrackKind = Literal["video", "audio"]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One picture, or one frame of sound."""

    size: int
    """Bytes."""
    duration: int
    """Ticks of the track, as all times here."""
    composition_offset: int
    """PTS less DTS; may be negative (``trun`` version 1)."""
    key: bool
    """Whether decoding may begin here."""


@dataclass(frozen=True, kw_only=True)
class Fragment:
    """One ``moof`` and its ``mdat``: samples in decoding order, and their bytes one after the other."""

    decode_time: int
    """DTS of the first sample in ticks (``tfdt``)."""
    samples: tuple[Sample, ...]
    data: bytes

    @property
    def duration(self) -> int:
        """Ticks of all samples together."""
        return sum(sample.duration for sample in self.samples)

    def beginning_at(self, start: int) -> Self:
        """The same samples, the first of which begins at ``start`` ticks and lasts until the second one does."""
        first, *rest = self.samples
        longer = replace(first, duration=first.duration + self.decode_time - start)
        return replace(self, decode_time=start, samples=(longer, *rest))

    def presentation_times(self) -> tuple[int, ...]:
        """PTS of every sample in ticks, in decoding order."""
        times, decode = [], self.decode_time
        for sample in self.samples:
            times.append(decode + sample.composition_offset)
            decode += sample.duration
        return tuple(times)


@dataclass(frozen=True, kw_only=True)
class MovieHeader:
    """What the ``moov`` of a file with one track says."""

    kind: TrackKind
    timescale: int
    """Ticks per second."""
    config: bytes
    """The codec's own configuration: the content of ``avcC``, or the AudioSpecificConfig."""
    width: int = 0
    height: int = 0
    sample_rate: int = 0
    channels: int = 0
