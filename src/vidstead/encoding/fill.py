"""The eager fill: a new grid as a list of bulk spans, each a job.

Encoded pictures go in spans of some columns with every rung, so that each column is decoded once; sound and pictures
that pass through are cheap, and their spans long. The beginning comes first: jobs of earlier columns have the higher
priority, over all grids.
"""

from sqlalchemy.ext.asyncio import AsyncConnection

from vidstead.grid import Grid, Row, Span
from vidstead.jobs import Jobs
from vidstead.media import VideoSpec

BULK_TASK = "encoding.bulk"
PICTURE_COLUMNS = 5
LONG_COLUMNS = 75


def plan_spans(grid: Grid) -> list[Span]:
    """The spans that fill a grid, in the order of their first columns."""
    pictures = [row for row in grid.rows if isinstance(row.spec, VideoSpec)]
    others = [row for row in grid.rows if not isinstance(row.spec, VideoSpec)]
    spans = _spans(grid, pictures, PICTURE_COLUMNS)
    for row in others:
        spans += _spans(grid, [row], LONG_COLUMNS)
    return sorted(spans, key=lambda span: (span.first, len(span.row_ids)))


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
            priority=-span.first,
        )
