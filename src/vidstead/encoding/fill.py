"""The eager fill: a new grid as a list of bulk spans, each a job.

Encoded pictures go in spans of some columns with every rung, so that each column is decoded once; sound and pictures
that pass through are cheap, and their spans long. The beginning comes first: jobs of earlier columns have the higher
priority, over all grids. The trick row, which nobody needs to watch a film, comes as if it began where its film ends:
after the rest of its own grid, but not after the whole of every other.
"""

from sqlalchemy.ext.asyncio import AsyncConnection

from vidstead.grid import Grid, Row, Span
from vidstead.jobs import Jobs
from vidstead.media import TrickSpec, VideoSpec

BULK_TASK = "encoding.bulk"
PICTURE_COLUMNS = 5
LONG_COLUMNS = 75


def plan_spans(grid: Grid) -> list[Span]:
    """The spans that fill a grid, those that are needed first at first."""
    pictures = [row for row in grid.rows if isinstance(row.spec, VideoSpec)]
    others = [row for row in grid.rows if not isinstance(row.spec, VideoSpec)]
    spans = _spans(grid, pictures, PICTURE_COLUMNS)
    for row in others:
        spans += _spans(grid, [row], LONG_COLUMNS)
    return sorted(spans, key=lambda span: (-_priority(grid, span), len(span.row_ids)))


def _priority(grid: Grid, span: Span) -> int:
    """The less, the later a span is needed."""
    tricks = {row.id for row in grid.rows if isinstance(row.spec, TrickSpec)}
    return -span.first - (grid.timeline.cells if tricks.issuperset(span.row_ids) else 0)


def _spans(grid: Grid, rows: list[Row], columns: int) -> list[Span]:
    if not rows:
        return []
    return [
        Span(
            environment_id=grid.environment_id,
            grid_id=grid.id,
            row_ids=tuple(row.id for row in rows),
            first=first,
            count=min(columns, grid.timeline.cells - first),
            hot=False,
        )
        for first in range(0, grid.timeline.cells, columns)
    ]


async def defer_fill(connection: AsyncConnection, jobs: Jobs, grid: Grid) -> None:
    """Have every cell of a grid made in the background."""
    for span in plan_spans(grid):
        await jobs.defer(
            connection,
            BULK_TASK,
            {
                "environment_id": span.environment_id,
                "grid_id": span.grid_id,
                "row_ids": list(span.row_ids),
                "first": span.first,
                "count": span.count,
                "hot": span.hot,
            },
            queue="bulk",
            priority=_priority(grid, span),
        )
