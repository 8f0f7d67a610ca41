"""The rows of a clip: pure, from those of its film."""

from vidstead.grid.model import Grid, Loan, NewRow, Row
from vidstead.media import (
    AudioSpec,
    CopySpec,
    Cut,
    RowPlan,
    Timeline,
    TrickSpec,
    cut_bounds,
    frame_seconds,
    peak_bandwidth,
    target_duration,
)


def clip_timeline(film: Grid, cut: Cut) -> Timeline:
    """The clip's columns, at the places that they have in the film."""
    return Timeline(rate=film.timeline.rate, bounds=cut.bounds)


def clip_rows(film: Grid, cut: Cut) -> list[tuple[Row, NewRow]]:
    """Every row of a clip, and the row of the film that it is cut from.

    A row that passes through may be cut only where its cells begin; elsewhere its spare takes its place, an encoded row
    of the same size.
    """
    return [(lender, _row(film, cut, lender)) for row in film.rows if (lender := _lender(film, cut, row))]


def _lender(film: Grid, cut: Cut, row: Row) -> Row | None:
    whole = len(cut.lent) == len(cut.bounds) - 1
    if whole or not isinstance(row.spec, CopySpec):
        return row
    return next((spare for spare in film.spares if spare.name == row.name), None)


def _row(film: Grid, cut: Cut, lender: Row) -> NewRow:
    bounds = cut_bounds(cut, film.timeline, lender.bounds, frame_seconds(lender.spec))
    return NewRow(
        plan=RowPlan(name=lender.name, spec=lender.spec),
        header=lender.header,
        fingerprint=lender.fingerprint,
        bandwidth=_bandwidth(lender, bounds),
        bounds=bounds,
        generation=lender.generation,
        loan=Loan(grid_id=film.id, row_id=lender.id, column=cut.column, columns=_lent(film, cut, lender)),
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
    if isinstance(lender.spec, AudioSpec):
        return cut.lent[1:] if cut.lent.start == 0 else cut.lent
    keyed = any(isinstance(row.spec, CopySpec) for row in film.rows)
    return range(0) if isinstance(lender.spec, TrickSpec) and not keyed else cut.lent


def _bandwidth(lender: Row, bounds: tuple[int, ...]) -> int:
    """The peak of a copied row was measured over windows of the film's target duration: with another it is unknown."""
    frame = frame_seconds(lender.spec)
    if isinstance(lender.spec, CopySpec) and target_duration(bounds, frame) == target_duration(lender.bounds, frame):
        return lender.bandwidth
    return peak_bandwidth(lender.spec, bounds)
