"""Where a clip is cut out of a film's timeline: which columns it shares, and where its own begin and end.

A clip keeps the film's timeline: its frames have the numbers, and so the times, that they have in the film. Every
column of the film that lies wholly inside is the clip's too; what is left at either end is a cell of its own with fewer
frames. An end shorter than ``SHORTEST`` is joined to the column beside it, which is then the clip's own too: segments
of a few frames are fetched for nothing, and hls.js looks for the next one with a tolerance of a quarter of a second.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from vidstead.media.timeline import Timeline, nearest

SHORTEST = Fraction(1, 2)
"""Seconds: an end of a clip that is shorter joins the column beside it."""


@dataclass(frozen=True, kw_only=True)
class Cut:
    """The columns of a clip."""

    bounds: tuple[int, ...]
    """Where they begin, in frames of the film, and last the end."""
    column: int
    """The film's column beside the clip's first one: the clip's number and this make the film's."""
    lent: range
    """The clip's columns that are columns of the film; the others are its own."""


def clip_frames(timeline: Timeline, start: float, end: float | None) -> tuple[int, int]:
    """The first frame of a clip, and the one behind its last.

    ``start`` and ``end`` are in seconds from where ``timeline`` begins, each taken to the nearest frame; ``None`` is
    its end. Raises ``ValueError`` where that is not within the timeline, or not one frame.
    """
    zero, last = timeline.bounds[0], timeline.bounds[-1]
    first = zero + nearest(Fraction(start) * timeline.rate)
    behind = last if end is None else zero + nearest(Fraction(end) * timeline.rate)
    if not zero <= first < behind <= last:
        raise ValueError(f"frames {first} to {behind} are not within {zero} to {last}")
    return first, behind


def plan_cut(timeline: Timeline, first: int, end: int) -> Cut:
    """Cut the frames ``first`` to before ``end`` out of a film. Raises ``ValueError`` where they are not in it."""
    bounds = timeline.bounds
    if not bounds[0] <= first < end <= bounds[-1]:
        raise ValueError(f"frames {first} to {end} are not within {bounds[0]} to {bounds[-1]}")
    short = SHORTEST * timeline.rate
    low, high = bisect_left(bounds, first), bisect_right(bounds, end) - 1
    if low < high and 0 < bounds[low] - first < short:
        low += 1
    if low < high and 0 < end - bounds[high] < short:
        high -= 1
    if low >= high:
        inner = [bounds[low]] if low == high and min(bounds[low] - first, end - bounds[low]) >= short else []
        return Cut(bounds=(first, *inner, end), column=bisect_right(bounds, first) - 1, lent=range(0))
    before, behind = first < bounds[low], bounds[high] < end
    return Cut(
        bounds=(*([first] if before else []), *bounds[low : high + 1], *([end] if behind else [])),
        column=low - before,
        lent=range(before, before + high - low),
    )


def cut_bounds(
    cut: Cut, timeline: Timeline, bounds: Sequence[int], frame: Fraction, early: Fraction = Fraction(0)
) -> tuple[int, ...]:
    """Where the cells of a clip's row begin, in frames of the row, and last the end.

    ``timeline`` and ``bounds`` are those of the film and of its row, ``frame`` is the length of one frame of the row in
    seconds, and ``early`` by how many seconds the row's frame 0 begins before the timeline does. Where the film has a
    bound it is the clip's; elsewhere it is the nearest frame. Sound that the film ends early is padded where more than
    half of the clip's last cell would lack it. Every cell has at least one frame.
    """
    known = dict(zip(timeline.bounds, bounds, strict=True))
    exact = [nearest((at / timeline.rate + early) / frame) for at in cut.bounds]
    found = [known.get(at, near) for at, near in zip(cut.bounds, exact, strict=True)]
    if len(found) - 2 not in cut.lent and 2 * (found[-1] - found[-2]) < exact[-1] - found[-2]:
        found[-1] = exact[-1]
    for number in range(1, len(found)):
        found[number] = max(found[number], found[number - 1] + 1)
    return tuple(found)
