"""The rows of a clip: pure, from those of its film."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from math import ceil

from vidstead.grid.model import Grid, Loan, NewRow, Row
from vidstead.media import (
    AAC_FRAME,
    CopiedSpec,
    CopySpec,
    Cut,
    RowPlan,
    RowSpec,
    SoundCopySpec,
    SoundSpec,
    Timeline,
    TrickSpec,
    cut_bounds,
    fragment_overhead,
    frame_seconds,
    lead_frames,
    peak_bandwidth,
    peak_of_cells,
    segment_bounds,
    segment_places,
    sound_begin,
    target_duration,
)

MOST_FRAME_BYTES = 768
"""Of a frame of AAC, for each channel: 6144 bits (ISO/IEC 14496-3, 4.5.3.1)."""


def clip_timeline(film: Grid, cut: Cut) -> Timeline:
    """The clip's columns, at the places that they have in the film."""
    return Timeline(rate=film.timeline.rate, bounds=cut.bounds)


def clip_rows(film: Grid, cut: Cut) -> list[tuple[Row, NewRow]]:
    """Every row of a clip, and the row of the film that it is cut from.

    A row of pictures that passes through may be cut only where its cells begin; elsewhere its spare takes its place, an
    encoded row of the same size. Sound that passes through may be cut at every frame, but a clip of what comes after
    its end needs the silence of its spare.
    """
    return [(lender, _row(film, cut, lender)) for row in film.rows if (lender := _lender(film, cut, row))]


def _lender(film: Grid, cut: Cut, row: Row) -> Row | None:
    whole = len(cut.lent) == len(cut.bounds) - 1
    if isinstance(row.spec, CopySpec) and not whole:
        return _spare(film, row)
    if isinstance(row.spec, SoundCopySpec) and _bounds(film, cut, row)[-1] > row.bounds[-1]:
        return _spare(film, row)
    return row


def _spare(film: Grid, row: Row) -> Row | None:
    return next((spare for spare in film.spares if spare.name == row.name), None)


def _bounds(film: Grid, cut: Cut, lender: Row) -> tuple[int, ...]:
    spec = lender.spec
    early = Fraction(spec.lead % AAC_FRAME, spec.sample_rate) if isinstance(spec, SoundSpec) else Fraction(0)
    bounds = cut_bounds(cut, film.timeline, lender.bounds, frame_seconds(spec), early)
    if isinstance(spec, SoundSpec):
        begin, _ = sound_begin(spec, cut.bounds[0] / film.timeline.rate)
        return (begin, *bounds[1:])
    return bounds


def _row(film: Grid, cut: Cut, lender: Row) -> NewRow:
    bounds, lent, spec = _bounds(film, cut, lender), _lent(film, cut, lender), lender.spec
    if isinstance(spec, SoundSpec):
        _, start = sound_begin(spec, cut.bounds[0] / film.timeline.rate)
        spec = replace(spec, start=start)
    if isinstance(spec, SoundCopySpec):  # an end that is joined to the column beside it
        spec = replace(spec, cell_bytes=2 * spec.cell_bytes)
    return NewRow(
        plan=RowPlan(name=lender.name, spec=spec),
        header=lender.header,
        fingerprint=lender.fingerprint,
        bandwidth=_bandwidth(lender, spec, bounds, lent),
        bounds=bounds,
        generation=lender.generation,
        loan=Loan(grid_id=film.id, row_id=lender.id, column=cut.column, columns=lent),
    )


def _lent(film: Grid, cut: Cut, lender: Row) -> range:
    """The clip's columns that the film's row lends.

    Where a clip begins within its film, the first cell of its sound is its own even at a bound: to be decoded whole it
    needs the frame before, which the first cell of every row of sound has. And a still picture, which is the last key
    picture before its column, may be one from before the clip: then it is not lent, unless cells begin with key
    pictures, as those of a film do that passes through.
    """
    if cut.bounds[0] == film.timeline.bounds[0]:
        return cut.lent
    if isinstance(lender.spec, SoundSpec):
        return cut.lent[1:] if cut.lent.start == 0 else cut.lent
    keyed = any(isinstance(row.spec, CopySpec) for row in film.rows)
    return range(0) if isinstance(lender.spec, TrickSpec) and not keyed else cut.lent


def _bandwidth(lender: Row, spec: RowSpec, bounds: tuple[int, ...], lent: range) -> int:
    """The peak of a copied row was measured over windows of the film's: with other cells only bounds are known."""
    frame = frame_seconds(spec)
    if not isinstance(spec, CopiedSpec):
        return peak_bandwidth(spec, bounds)
    if len(lent) == len(bounds) - 1 and target_duration(bounds, frame) == target_duration(lender.bounds, frame):
        return lender.bandwidth
    if isinstance(spec, CopySpec):
        return peak_bandwidth(spec, bounds)
    sizes = [
        _most_bytes(spec, lender.bandwidth if index in lent else None, end - begin)
        for index, (begin, end) in enumerate(pairwise(segment_bounds(bounds, lead_frames(spec))))
    ]
    return peak_of_cells(sizes, *segment_places(spec, bounds))


def _most_bytes(spec: SoundCopySpec, bandwidth: int | None, frames: int) -> int:
    """Of a cell of copied sound: one of the film's at its peak, or one that was cut out of at most two of them."""
    if bandwidth is not None:
        return min(spec.cell_bytes // 2, ceil(bandwidth * frames * frame_seconds(spec) / 8))
    return min(spec.cell_bytes, MOST_FRAME_BYTES * spec.channels * frames + fragment_overhead(frames))
