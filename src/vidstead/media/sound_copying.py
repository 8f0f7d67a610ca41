"""Sound that passes through: which sources may be delivered frame by frame as they are.

It is AAC-LC in mono or stereo at 44.1 or 48 kHz, of a sane bit rate, with a plain configuration (no SBR), in the only
sound track of an MP4 with a whole sample table. Its frames follow each other without a hole, as far as the table tells:
every one begins within ``JITTER`` of where counting from the first puts it. And it sounds from asset time 0 (or half a
millisecond later) to the picture's end, or so near to it that encoding would not pad it either.

Frames stay where the source has them, within that half a millisecond. The first one kept is that before the frame that
sounds at asset time 0, as a decoder needs it to begin with: what lies before 0 is the row's ``lead``, behind the edit
list of the init segment (ADR 0026). Bounds of the row count from the frame that sounds at 0; each is the nearest to the
picture's.
"""

from __future__ import annotations

import json
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import Self

from vidstead.media.codecs import aac_config
from vidstead.media.copying import from_little, joined_ranges, to_little
from vidstead.media.fmp4 import Fragment, Sample
from vidstead.media.sample_table import SampleTable
from vidstead.media.source import AudioStream
from vidstead.media.timeline import AAC_FRAME, Timeline, audio_bounds, nearest

RATES = (44100, 48000)
MOST_CHANNELS = 2
MOST_BITRATE = 264_000
"""bit/s over the whole: 256k and what an encoder may be off by."""
MOST_SOUND_PEAK = 400_000
"""bit/s over any window of RFC 8216, container included."""
JITTER = Fraction(1, 2000)
"""Seconds that a frame may lie beside its place, and sound may begin late."""
NEAR = Fraction(1, 40)
"""Seconds between where the table and where the prober hear the beginning, at most."""
NO_SBR = bytes.fromhex("56e500")
"""The extension of a configuration that says there is no SBR (ISO/IEC 14496-3, 1.6.5.2): ffmpeg writes it."""


@dataclass(frozen=True, kw_only=True)
class SoundFrames:
    """The frames of a source that are kept, from the one before asset time 0 on."""

    sample_rate: int
    channels: int
    lead: int
    """Samples before asset time 0."""
    sizes: array[int]
    """Of all frames of the source up to the last that is kept."""
    skipped: int
    """Frames of the source before the first that is kept."""
    chunks: array[int]
    """Byte positions of groups of frames that follow each other in the file."""
    begins: Sequence[int]
    """The first frame of each group, counted from the source's first."""

    @property
    def before(self) -> int:
        """Whole frames before the one that sounds at asset time 0: 1 or 0."""
        return self.lead // AAC_FRAME

    @property
    def early(self) -> int:
        """Samples between the beginning of the frame that sounds at asset time 0 and that."""
        return self.lead % AAC_FRAME

    def to_bytes(self) -> bytes:
        """For ``from_bytes``: a line of JSON, then the numbers, little-endian."""
        head = {
            "sample_rate": self.sample_rate,
            "channels": self.channels,
            "lead": self.lead,
            "frames": len(self.sizes),
            "skipped": self.skipped,
            "chunks": len(self.chunks),
            "wide": self.chunks.itemsize > self.sizes.itemsize,
        }
        begins = self.begins if isinstance(self.begins, array) else array("q", self.begins)
        numbers = (self.sizes, self.chunks, begins)
        return b"".join([json.dumps(head).encode(), b"\n", *map(to_little, numbers)])

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """What ``to_bytes`` wrote. Raises ``ValueError`` for anything else."""
        line, _, numbers = data.partition(b"\n")
        head = json.loads(line)
        sizes, wide, chunks = 4 * int(head["frames"]), bool(head["wide"]), int(head["chunks"])
        begins = sizes + (8 if wide else 4) * chunks
        if len(numbers) != begins + 8 * chunks:
            raise ValueError("the frames are not as many as they say")
        return cls(
            sample_rate=int(head["sample_rate"]),
            channels=int(head["channels"]),
            lead=int(head["lead"]),
            sizes=from_little("I", numbers[:sizes]),
            skipped=int(head["skipped"]),
            chunks=from_little("Q" if wide else "I", numbers[sizes:begins]),
            begins=from_little("Q", numbers[begins:]),
        )

    def frames_of(self, begin: int, end: int, *, first: bool) -> range:
        """Which frames the cell from ``begin`` to ``end`` has; the ``first`` of a row has those before it too."""
        return range(begin + (0 if first else self.before), end + self.before)

    def span(self, frames: range) -> list[tuple[int, int]]:
        """Position and size of some frames; neighbours in the file are joined."""
        return joined_ranges(self._groups(frames.start + self.skipped, frames.stop + self.skipped))

    def sizes_of(self, frames: range) -> array[int]:
        """Bytes of some frames."""
        return self.sizes[frames.start + self.skipped : frames.stop + self.skipped]

    def _groups(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """Position and size of the part of each group that is among the source's frames ``start`` to ``stop``."""
        group = bisect_right(self.begins, start) - 1
        for begin, end in pairwise([*self.begins[group : bisect_left(self.begins, stop)], stop]):
            first = max(begin, start)
            if first < end:
                yield self.chunks[group] + sum(self.sizes[begin:first]), sum(self.sizes[first:end])
            group += 1

    def fragment(self, frames: range, data: bytes) -> Fragment:
        """Some frames as a fragment; ``data`` is what ``span`` names."""
        samples = tuple(
            Sample(size=size, duration=AAC_FRAME, composition_offset=0, key=True) for size in self.sizes_of(frames)
        )
        return Fragment(decode_time=frames.start * AAC_FRAME, samples=samples, data=data)

    def cell_sizes(self, bounds: Iterable[int]) -> list[int]:
        """Bytes of the frames of every cell."""
        cells = (self.frames_of(begin, end, first=number == 0) for number, (begin, end) in enumerate(pairwise(bounds)))
        return [sum(self.sizes_of(frames)) for frames in cells]

    def bounds(self, timeline: Timeline) -> tuple[int, ...] | None:
        """Where cells begin, and the end, in frames from the one at asset time 0; ``None`` where sound would lack."""
        there = len(self.sizes) - self.skipped - self.before
        samples = there * AAC_FRAME - self.early
        found = audio_bounds(timeline, sample_rate=self.sample_rate, samples=samples, early=self.early)
        return found if found[-1] <= there else None


def conforming_sound(sound: AudioStream, table: SampleTable, zero: Fraction) -> SoundFrames | None:
    """The frames of a track that may pass through, as far as its table tells; ``None`` where it may not.

    ``zero`` is asset time 0 on the source's clock, in seconds.
    """
    if not _plain(sound, table) or not _even(table, sound.sample_rate):
        return None
    place = _first_place(table)
    if place is None:
        return None
    begins, heard, ends = place
    if abs(heard - sound.start * sound.time_base) > NEAR:
        return None
    first = nearest((begins - zero) * sound.sample_rate)
    if first > JITTER * sound.sample_rate:
        return None
    at_zero = -first // AAC_FRAME if first < 0 else 0
    kept = at_zero - min(at_zero, 1)
    count = len(table.sizes)
    if ends is not None:
        count = min(count, ceil(((ends - zero) * sound.sample_rate - first) / AAC_FRAME))
    average = 8 * sum(table.sizes) * Fraction(sound.sample_rate, AAC_FRAME * len(table.sizes))
    if count <= at_zero or average > MOST_BITRATE:
        return None
    return SoundFrames(
        sample_rate=sound.sample_rate,
        channels=sound.channels,
        lead=max(0, -first - kept * AAC_FRAME),
        sizes=table.sizes[:count],
        skipped=kept,
        chunks=table.chunks,
        begins=table.begins,
    )


def _plain(sound: AudioStream, table: SampleTable) -> bool:
    """Whether it is AAC-LC as every player knows it."""
    if sound.codec != "aac" or table.descriptions != (b"mp4a",):
        return False
    if sound.sample_rate not in RATES or not 1 <= sound.channels <= MOST_CHANNELS:
        return False
    plain = aac_config(sample_rate=sound.sample_rate, channels=sound.channels)
    return table.config in (plain, plain + NO_SBR)


def _even(table: SampleTable, rate: int) -> bool:
    """Whether every frame is where counting from the first one puts it, with 1024 samples to each."""
    if not table.sizes or any(table.offsets) or table.sync is not None or 0 in table.sizes:
        return False
    step, unit = AAC_FRAME * table.timescale, rate * table.timescale
    if isinstance(table.decode_times, range) and table.decode_times.step * rate == step:
        return True
    worst = max(abs(time * rate - number * step) for number, time in enumerate(table.decode_times))
    return worst <= JITTER * unit


def _first_place(table: SampleTable) -> tuple[Fraction, Fraction, Fraction | None] | None:
    """On the movie's clock, in seconds: the first frame, what is heard first, and the end where that is told."""
    waits = Fraction(0)
    edits = list(table.edits)
    while edits and edits[0].media_time == -1:
        waits += Fraction(edits.pop(0).duration, table.movie_timescale)
    if not edits:
        return (waits, waits, None) if not table.edits else None
    if len(edits) > 1 or edits[0].media_time < 0:
        return None
    begins = waits - Fraction(edits[0].media_time, table.timescale)
    length = Fraction(edits[0].duration, table.movie_timescale)
    return begins, waits, waits + length if length else None
