"""The eager fill: a new grid as a list of spans, each a job.

Encoded pictures go in spans of a minute with every rung, so that each column is decoded once, and starting and ending
ffmpeg costs little beside it. Sound and pictures that pass through are cheap: their spans are longer, and have a lane
of their own, so that they come while the pictures are made. The beginning comes first: jobs of earlier columns have the
higher priority, over all grids. The trick row, which nobody needs to watch a film, comes as if it began where its film
ends: after the rest of its own grid, but not after the whole of every other.

Then come the helpers, each a job that takes over a part of what others still work on: the last minutes of a film, or
the whole of a short one, are shared by as many workers as are free.
"""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from vidstead.grid import Grid, Row, Span
from vidstead.jobs import Jobs, JsonValue, NewJob, Queue
from vidstead.media import TrickSpec, VideoSpec

BULK_TASK = "encoding.bulk"
LIGHT_TASK = "encoding.light"
HELP_TASK = "encoding.help"
PICTURE_COLUMNS = 15
LONG_COLUMNS = 75
BULK: Queue = "bulk"
LIGHT: Queue = "light"
HELPERS = 7
"""Workers that can join the one that works on the end of a film."""


Wanted = Sequence[tuple[Row, tuple[range, ...]]]
"""Rows, and which runs of their columns are to be filled."""


def plan_spans(grid: Grid) -> list[Span]:
    """The spans that fill a grid, those that are needed first at first."""
    return _planned(grid, _own(grid))


def plan_lent_spans(film: Grid, clip: Grid) -> list[Span]:
    """The spans of a film that fill what it lends to a clip."""
    return _planned(film, _lent(film, clip))


def _own(grid: Grid) -> Wanted:
    return [(row, row.own_columns) for row in grid.rows]


def _lent(film: Grid, clip: Grid) -> Wanted:
    """What a film lends to a clip, and lacks."""
    loans = [row.loan for row in clip.rows if row.loan and row.loan.stored < len(row.loan.columns)]
    wanted = {
        loan.row_id: (range(loan.columns.start + loan.column, loan.columns.stop + loan.column),) for loan in loans
    }
    return [(row, wanted[row.id]) for row in film.all_rows if row.id in wanted]


def _pictures(wanted: Wanted) -> dict[range, list[Row]]:
    """Encoded pictures by the columns that they share: they are made together."""
    found: dict[range, list[Row]] = {}
    for row, runs in wanted:
        for run in runs:
            if isinstance(row.spec, VideoSpec):
                found.setdefault(run, []).append(row)
    return found


def _planned(grid: Grid, wanted: Wanted) -> list[Span]:
    spans = [span for run, rows in _pictures(wanted).items() for span in _spans(grid, rows, run, PICTURE_COLUMNS)]
    for row, runs in wanted:
        if not isinstance(row.spec, VideoSpec):
            spans += [span for run in runs for span in _spans(grid, [row], run, LONG_COLUMNS)]
    return sorted(spans, key=lambda span: (-_priority(grid, span), len(span.row_ids)))


def _priority(grid: Grid, span: Span) -> int:
    """The less, the later a span is needed."""
    tricks = {row.id for row in grid.rows if isinstance(row.spec, TrickSpec)}
    return -span.first - (grid.timeline.cells if tricks.issuperset(span.row_ids) else 0)


def _spans(grid: Grid, rows: Sequence[Row], run: range, columns: int) -> list[Span]:
    return [
        Span(
            environment_id=grid.environment_id,
            grid_id=grid.id,
            row_ids=tuple(row.id for row in rows),
            first=first,
            count=min(columns, run.stop - first),
            hot=False,
        )
        for first in range(run.start, run.stop, columns)
    ]


async def defer_fill(connection: AsyncConnection, jobs: Jobs, grid: Grid) -> None:
    """Have every cell of a grid made in the background."""
    await _defer(connection, jobs, grid, _own(grid))


async def defer_clip_fill(connection: AsyncConnection, jobs: Jobs, film: Grid, clip: Grid) -> None:
    """Have every cell of a clip made in the background: its own, and those that the film lends and lacks."""
    await _defer(connection, jobs, clip, _own(clip))
    await _defer(connection, jobs, film, _lent(film, clip))


async def _defer(connection: AsyncConnection, jobs: Jobs, grid: Grid, wanted: Wanted) -> None:
    heavy = frozenset(row.id for row, _ in wanted if isinstance(row.spec, VideoSpec | TrickSpec))
    made = []
    for span in _planned(grid, wanted):
        task, queue = (BULK_TASK, BULK) if heavy.issuperset(span.row_ids) else (LIGHT_TASK, LIGHT)
        made.append(NewJob(task=task, args=_arguments(span), queue=queue, priority=_priority(grid, span)))
    for run, rows in _pictures(wanted).items():
        (whole,) = _spans(grid, rows, run, len(run))
        help_wanted = NewJob(task=HELP_TASK, args=_arguments(whole), queue=BULK, priority=-run.stop)
        made += [help_wanted] * min(HELPERS, whole.count - 1)
    await jobs.defer_all(connection, made)


def _arguments(span: Span) -> dict[str, JsonValue]:
    return {
        "environment_id": span.environment_id,
        "grid_id": span.grid_id,
        "row_ids": list(span.row_ids),
        "first": span.first,
        "count": span.count,
    }
