"""The timeline: one frame rate, so many frames, and the frames at which cells begin.

Everything that a viewer is told before the first cell exists follows from it: playlists, manifests, the
length of every segment of every row. Bounds are frame numbers, so that nothing drifts at 29.97 frames per
second; the rows of sound have a grid of their own, of 1024 samples, whose bounds are the nearest to those of
the picture.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import floor

STANDARD_RATES: tuple[Fraction, ...] = tuple(
    Fraction(rate) for rate in (10, "12.5", 15, "24000/1001", 24, 25, "30000/1001", 30, 48, 50, "60000/1001", 60)
)
AAC_FRAME = 1024
"""Samples of one AAC frame (ISO/IEC 14496-3)."""
_FORGIVEN = Fraction(1, 1_000_000)


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """The columns of a grid.

    ``bounds`` are the frames at which cells begin, and last the end: ``len(bounds) - 1`` cells, strictly
    rising. A film's begin at 0; a clip's at the frame of the film that is its first, since it keeps the film's
    times. ``rate`` is in frames per second. Raises ``ValueError`` for anything else.
    """

    rate: Fraction
    bounds: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuse what no playlist could be written from."""
        rising = all(start < end for start, end in pairwise(self.bounds))
        if self.rate <= 0 or len(self.bounds) < 2 or self.bounds[0] < 0 or not rising:
            raise ValueError("the bounds of a timeline rise strictly from 0 or more, at a rate above 0")

    @property
    def cells(self) -> int:
        """How many columns there are."""
        return len(self.bounds) - 1

    @property
    def frames(self) -> int:
        """How many frames there are."""
        return self.bounds[-1] - self.bounds[0]

    @property
    def duration(self) -> Fraction:
        """Length in seconds."""
        return self.frames / self.rate

    @property
    def timescale(self) -> int:
        """Ticks per second of the rows of pictures: a frame has a whole number of ticks (``frame_ticks``)."""
        return self.rate.numerator if self.rate.denominator > 1 else self.rate.numerator * 1000

    @property
    def frame_ticks(self) -> int:
        """Ticks of one frame in ``timescale``."""
        return self.rate.denominator if self.rate.denominator > 1 else 1000

    def start(self, cell: int) -> Fraction:
        """Where a cell begins, in seconds; ``cell`` may be ``cells``, which is the end."""
        return self.bounds[cell] / self.rate

    def cell_at(self, seconds: float) -> int:
        """The cell that holds a moment; the first or the last for what lies outside.

        A microsecond is forgiven, so that ``cell_at(float(start(n)))`` is ``n``.
        """
        frame = (Fraction(seconds) + _FORGIVEN) * self.rate
        return min(max(bisect_right(self.bounds, frame) - 1, 0), self.cells - 1)


def nearest(value: Fraction) -> int:
    """The nearest whole number; halves go up (``round`` would take them to the even one)."""
    return floor(value + Fraction(1, 2))


def uniform_timeline(*, rate: Fraction, frames: int, segment_seconds: float) -> Timeline:
    """Columns of ``round(segment_seconds * rate)`` frames; a tail shorter than half of that joins the last.

    ``rate`` is in frames per second, ``frames`` at least 1. Audio-only assets use the rate
    ``Fraction(sample_rate, AAC_FRAME)``. Raises ``ValueError`` when a value is out of range.
    """
    if frames < 1 or segment_seconds <= 0:
        raise ValueError("a timeline needs at least one frame and segments longer than nothing")
    step = max(1, nearest(Fraction(segment_seconds) * rate))
    starts = list(range(0, frames, step))
    if len(starts) > 1 and 2 * (frames - starts[-1]) < step:
        starts.pop()
    return Timeline(rate=rate, bounds=(*starts, frames))


def timeline_with_bounds(*, rate: Fraction, starts: Iterable[int], frames: int) -> Timeline:
    """Columns that begin at given frames: for pass-through, where the source's key pictures decide.

    ``starts`` may come in any order and twice; the first must be 0 and all below ``frames``. Raises
    ``ValueError`` otherwise.
    """
    bounds = (*sorted(set(starts)), frames)
    if bounds[0] != 0:
        raise ValueError("the bounds of a film rise strictly from 0")
    return Timeline(rate=rate, bounds=bounds)


def standard_rate(average: Fraction) -> Fraction:
    """The nearest standard rate that is not below ``average`` (within 0.1 %), in frames per second, 60 at
    most.

    0.1 % is also the step from 24000/1001 to 24, so within it the nearest wins: an average of 24.0001 is 24,
    and one of 23.98 is 24000/1001. Averages below the lowest standard rate (0 too) give the lowest.
    """
    near = [rate for rate in STANDARD_RATES if abs(average - rate) * 1000 <= rate]
    if near:
        return min(near, key=lambda rate: abs(average - rate))
    return next((rate for rate in STANDARD_RATES if rate >= average), STANDARD_RATES[-1])


def audio_bounds(timeline: Timeline, *, sample_rate: int, samples: int, early: int = 0) -> tuple[int, ...]:
    """Bounds of the cells of a row of sound, in frames of 1024 samples.

    ``samples`` is the length of the sound on asset time (its later start counted in), in samples of
    ``sample_rate``. Each bound is the nearest to the picture's. Sound that ends early is padded to the
    picture's end when more than half of the last cell is missing; sound that ends later stays in the last
    cell up to half of it more. Every cell has at least one frame. ``early``: where frames are a source's own,
    frame 0 begins so many samples before asset time 0.
    """
    per_picture = Fraction(sample_rate, AAC_FRAME) / timeline.rate
    up, down = AAC_FRAME * per_picture.numerator, AAC_FRAME * per_picture.denominator
    late = early * per_picture.denominator
    bounds = [0]
    for bound in timeline.bounds[1:]:
        bounds.append(max((2 * (bound * up + late) + down) // (2 * down), bounds[-1] + 1))
    last, end = bounds[-2:]
    half = (end - last) // 2
    sound = -(-(samples + early) // AAC_FRAME)
    if sound >= end - half:
        bounds[-1] = max(last + 1, min(sound, end + half))
    return tuple(bounds)


def segment_bounds(bounds: Sequence[int], lead: int) -> tuple[int, ...]:
    """Bounds of a row's segments by their own decode times: the first one has ``lead`` frames more (``AudioSpec``)."""
    return (bounds[0], *(bound + lead for bound in bounds[1:]))


def target_duration(bounds: Sequence[int], frame: Fraction) -> int:
    """The longest segment in seconds, rounded, at least 1: EXT-X-TARGETDURATION (RFC 8216bis, 4.4.3.1).

    ``bounds`` are in frames of the row, ``frame`` is the length of one in seconds.
    """
    return max(1, nearest(longest_cell(bounds) * frame))


def longest_cell(bounds: Sequence[int]) -> int:
    """Frames of the longest cell of a row."""
    return max(end - start for start, end in pairwise(bounds))


def segment_seconds_by_length(duration: Fraction) -> float:
    """Length of a segment in seconds by that of the film, in seconds: 6 below half an hour, 10 to two hours, then 15.

    Longer segments make playlists of long films shorter and compress better; they make starting and seeking slower.
    """
    return 6.0 if duration < 1800 else 10.0 if duration <= 7200 else 15.0
