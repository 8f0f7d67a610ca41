"""The pass-through row: which sources may be delivered as they are, and where their cells begin.

A source conforms when every cell that is cut from it can stand beside the encoded ones: H.264 in an MP4 with a whole
sample table; 8 bits, 4:2:0, progressive, limited range, square pixels, upright, SDR; one description and one SPS; every
picture on its own slot of a standard rate; no edit that begins or ends inside; a sane bit rate; and closed cuts (an IDR
picture after everything before it and before everything after it, in decoding as in presentation) no further apart than
``MOST_SECONDS``. Whether a sync sample is an IDR picture only the bitstream tells, since open-GOP key pictures are
flagged as well: whoever plans looks at the first bytes of every cell (``begins_with_idr``).

Pictures are numbered by slot, so cells of this row have the same numbers, times and bounds as those of every other row.
"""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Container, Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate, pairwise
from operator import add
from typing import Literal, Self

from vidstead.media.codecs import nal_length_size
from vidstead.media.errors import MediaFormatError
from vidstead.media.fmp4 import Fragment, Sample, align
from vidstead.media.ladder import display_size
from vidstead.media.sample_table import SampleTable
from vidstead.media.source import VideoStream
from vidstead.media.timeline import Timeline, timeline_with_bounds

MOST_SECONDS = 6
"""The longest stretch between two cuts, in seconds."""
MOST_CELL = Fraction(3, 2)
"""The longest cell that is put together from several such stretches, in lengths of a segment."""
MOST_RATE = 60
MOST_SHORT_SIDE = 1080
JITTER = Fraction(3, 10)
"""How far from its slot a picture may lie, in frames: clocks of milliseconds round."""
SDR_TRANSFERS = (None, "bt709", "smpte170m", "bt470bg", "gamma22", "gamma28", "iec61966-2-1")
IDR, SPS = 5, 7


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """The pictures of a conforming source in decoding order."""

    rate: Fraction
    config: bytes
    """Content of its ``avcC``."""
    slots: array[int]
    """The frame of the timeline that each picture is."""
    sizes: array[int]
    positions: array[int]
    cuts: tuple[int, ...]
    """Frames before which the stream may be cut: in decoding order as in presentation. 0 is one."""

    def to_bytes(self) -> bytes:
        """For ``from_bytes``: a line of JSON, then the numbers as they lie in memory, little-endian."""
        head = {"rate": str(self.rate), "pictures": len(self.slots), "config": self.config.hex(), "cuts": self.cuts}
        numbers = (array("I", self.slots), array("I", self.sizes), array("Q", self.positions))
        return b"".join([json.dumps(head).encode(), b"\n", *map(to_little, numbers)])

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """What ``to_bytes`` wrote. Raises ``ValueError`` for anything else."""
        line, _, numbers = data.partition(b"\n")
        head = json.loads(line)
        count = int(head["pictures"])
        if len(numbers) != 16 * count:
            raise ValueError("the pictures are not as many as they say")
        return cls(
            rate=Fraction(head["rate"]),
            config=bytes.fromhex(head["config"]),
            cuts=tuple(head["cuts"]),
            slots=from_little("I", numbers[: 4 * count]),
            sizes=from_little("I", numbers[4 * count : 8 * count]),
            positions=from_little("Q", numbers[8 * count :]),
        )

    def span(self, begin: int, end: int) -> list[tuple[int, int]]:
        """Position and size of the pictures ``begin`` to ``end`` (cuts); neighbours in the file are joined."""
        return joined_ranges(zip(self.positions[begin:end], self.sizes[begin:end], strict=True))

    def fragment(self, begin: int, end: int, data: bytes, frame_ticks: int) -> Fragment:
        """The pictures ``begin`` to ``end`` as a fragment at their place; ``data`` is what ``span`` names."""
        samples = [
            Sample(size=size, duration=frame_ticks, composition_offset=(slot - number) * frame_ticks, key=number == 0)
            for number, (slot, size) in enumerate(zip(self.slots[begin:end], self.sizes[begin:end], strict=True))
        ]
        fragment = Fragment(decode_time=begin * frame_ticks, samples=tuple(samples), data=data)
        return align(fragment, start=begin * frame_ticks)


def table_rate(table: SampleTable) -> Fraction:
    """Pictures per second as decoded, without the last one, of which nobody knows here how long it is shown."""
    span = table.decode_times[-1] if table.decode_times else 0
    return Fraction((len(table.sizes) - 1) * table.timescale, span) if span else Fraction(0)


def plain_pictures(video: VideoStream, rate: Fraction) -> bool:
    """Whether a source's pictures are of the kind that may pass through, at ``rate`` frames per second."""
    width, height = display_size(video)
    return (
        video.codec == "h264"
        and video.pixel_format == "yuv420p"
        and not video.interlaced
        and not video.colour.full_range
        and video.colour.transfer in SDR_TRANSFERS
        and video.rotation == 0
        and (int(width), int(height)) == (video.width, video.height)
        and min(width, height) <= MOST_SHORT_SIDE
        and rate <= MOST_RATE
    )


def conforming(table: SampleTable, rate: Fraction) -> Pictures | None:
    """The pictures of a source that may pass through, as far as its table tells; ``None`` where it may not.

    ``rate`` is the timeline's, in frames per second. What it does not tell, ``plain_pictures`` does.
    """
    if table.descriptions != (b"avc1",) or _parameter_sets(table.config) is None:
        return None
    if not table.sizes:
        return None
    start, last = table.shown()
    slots = _slots(table, rate, start, last) if _whole(table, start, last) else None
    if slots is None:
        return None
    return Pictures(
        rate=rate,
        config=table.config,
        slots=slots,
        sizes=table.sizes,
        positions=table.positions(),
        cuts=tuple(_cuts(slots, table.sync)),
    )


def copy_timeline(pictures: Pictures, segment_seconds: float, *, refused: Container[int] = ()) -> Timeline | None:
    """Cells from cut to cut, each as near to ``segment_seconds`` as they allow; ``None`` where they lie too far apart.

    ``refused``: cuts that turned out not to be IDR pictures.
    """
    frames = len(pictures.slots)
    apart = int(MOST_SECONDS * pictures.rate)
    cuts = [cut for cut in pictures.cuts if cut not in refused]
    if not cuts or cuts[0] != 0 or any(late - early > apart for early, late in pairwise([*cuts, frames])):
        return None
    aim = round(segment_seconds * pictures.rate)
    most = max(apart, int(MOST_CELL * aim))
    bounds = [0]
    for cut, later in pairwise([*cuts[1:], frames]):
        length, longer = cut - bounds[-1], later - bounds[-1]
        if longer > most or abs(length - aim) <= abs(longer - aim):
            bounds.append(cut)
    if len(bounds) > 1 and frames - bounds[-1] < aim / 2 and frames - bounds[-2] <= most:
        bounds.pop()
    return timeline_with_bounds(rate=pictures.rate, starts=bounds, frames=frames)


def cell_bytes(pictures: Pictures, timeline: Timeline) -> list[int]:
    """Bytes of the pictures of every cell."""
    return [sum(pictures.sizes[begin:end]) for begin, end in pairwise(timeline.bounds)]


def begins_with_idr(beginning: bytes, size: int, config: bytes) -> bool:
    """Whether a sample of ``size`` bytes shows an IDR picture, and no parameter set that its ``avcC`` does not have.

    Raises ``MediaFormatError`` when the sample is cut off before the first byte of its first slice, or malformed.
    """
    known, width, at = _parameter_sets(config), nal_length_size(config), 0
    while at + width < len(beginning):
        start = at + width
        at = start + int.from_bytes(beginning[at:start], "big")
        kind = beginning[start] & 31
        if at == start or at > size:
            break
        if 1 <= kind <= IDR:
            return kind == IDR
        if kind in (SPS, SPS + 1) and at <= len(beginning) and known is not None and beginning[start:at] not in known:
            return False
    raise MediaFormatError(reason="no picture in a sample, or a NAL unit that is empty or longer than it")


def joined_ranges(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges as (position, size), those that meet as one."""
    found: list[tuple[int, int]] = []
    for position, size in ranges:
        if found and sum(found[-1]) == position:
            found[-1] = (found[-1][0], found[-1][1] + size)
        else:
            found.append((position, size))
    return found


def to_little(numbers: array[int]) -> bytes:
    """The numbers as they lie in memory, little-endian."""
    numbers = numbers[:]
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def from_little(code: Literal["I", "Q"], data: bytes) -> array[int]:
    """What ``to_little`` wrote."""
    numbers = array(code)
    numbers.frombytes(data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


@lru_cache(16)
def _parameter_sets(config: bytes) -> frozenset[bytes] | None:
    """The SPS and PPS of an ``avcC`` (ISO/IEC 14496-15, 5.3.3.1); ``None`` unless it has exactly one SPS."""
    if len(config) < 7 or config[5] & 31 != 1:
        return None
    found, at, left = [], 6, 1
    for group in range(2):
        if group == 1:
            if at >= len(config):
                return None
            left, at = config[at], at + 1
        for _ in range(left):
            size = int.from_bytes(config[at : at + 2], "big")
            found.append(config[at + 2 : at + 2 + size])
            at += 2 + size
    return frozenset(found) if at <= len(config) else None


def _whole(table: SampleTable, start: int, last: int) -> bool:
    """Whether the edit list, if there is one, shows every picture: it may only wait before them."""
    edits = [edit for edit in table.edits if edit.media_time != -1]
    if not edits:
        return True
    if len(edits) > 1 or edits[0].media_time != start:
        return False
    shown = Fraction(edits[0].duration, table.movie_timescale)
    return shown == 0 or shown > Fraction(last - start, table.timescale)


def _slots(table: SampleTable, rate: Fraction, start: int, last: int) -> array[int] | None:
    """The slot of every picture, unless two share one, one is left empty, or one lies too far from its slot.

    An hour has 90,000 pictures. Where each lasts one slot, as in most films, a few offsets tell all of them.
    """
    frames = len(table.sizes)
    up, down = 2 * rate.numerator, 2 * rate.denominator * table.timescale
    half = down // 2
    if (up * (last - start) + half) // down != frames - 1:
        return None
    times, offsets = table.decode_times, table.offsets or array("q", [0]) * frames
    steady = isinstance(times, range) and up * times.step == down
    scaled = {time: up * (time - start) + half for time in (set(offsets) if steady else table.presentation_times())}
    if max(abs(whole % down - half) for whole in scaled.values()) > JITTER * down:
        return None
    places = {time: whole // down for time, whole in scaled.items()}
    if steady:
        slots = array("I", map(add, range(frames), map(places.__getitem__, offsets)))
    else:
        slots = array("I", map(places.__getitem__, table.presentation_times()))
    return slots if len(set(slots)) == frames else None


def _cuts(slots: array[int], sync: tuple[int, ...] | None) -> list[int]:
    """The sync samples that are shown after everything decoded before them."""
    numbers = range(len(slots)) if sync is None else sync
    highest = accumulate((max(slots[early:late], default=-1) for early, late in pairwise([0, *numbers])), max)
    return [n for n, before in zip(numbers, highest, strict=True) if slots[n] == n and before == n - 1]
