"""The timeline: one frame rate, so many frames, and the frames at which cells begin.

Everything that a viewer is told before the first cell exists follows from it: playlists, manifests, the length of
every segment of every row. Bounds are frame numbers, so that nothing drifts at 29.97 frames per second; the rows of
sound have a grid of their own, of 1024 samples, whose bounds are the nearest to those of the picture.
"""

from dataclasses import dataclass
from fractions import Fraction

STANDARD_RATES: tuple[Fraction, ...] = tuple(
    Fraction(rate) for rate in (10, "12.5", 15, "24000/1001", 24, 25, "30000/1001", 30, 48, 50, "60000/1001", 60)
)
AAC_FRAME = 1024
"""Samples of one AAC frame (ISO/IEC 14496-3)."""


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """The columns of a grid.

    ``bounds`` are the frames at which cells begin, and last the end: ``len(bounds) - 1`` cells, strictly rising
    from 0 to the number of frames. ``rate`` is in frames per second.
    """

    rate: Fraction
    bounds: tuple[int, ...]

    @property
    def cells(self) -> int:
        """How many columns there are."""
        return len(self.bounds) - 1

    @property
    def frames(self) -> int:
        """How many frames there are."""
        return self.bounds[-1]

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
        """The cell that holds a moment; the first or the last for what lies outside."""
        raise NotImplementedError


def uniform_timeline(*, rate: Fraction, frames: int, segment_seconds: float) -> Timeline:
    """Columns of ``round(segment_seconds * rate)`` frames; a tail shorter than half of that joins the last."""
    raise NotImplementedError


def standard_rate(average: Fraction) -> Fraction:
    """The nearest standard rate that is not below ``average`` (within 0.1 %), in frames per second, 60 at most."""
    raise NotImplementedError


def audio_bounds(timeline: Timeline, *, sample_rate: int, samples: int) -> tuple[int, ...]:
    """Bounds of the cells of a row of sound, in frames of 1024 samples.

    ``samples`` is the length of the sound on asset time (its later start counted in). Each bound is the nearest to
    the picture's. Sound that ends early is padded to the picture's end when more than half a cell is missing; sound
    that ends later stays in the last cell up to half a cell more. Every cell has at least one frame.
    """
    raise NotImplementedError
