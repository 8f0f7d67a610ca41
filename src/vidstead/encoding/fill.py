"""The eager fill: a new grid as a list of spans, each a job.

Encoded pictures go in spans of a minute with every rung, so that each column is decoded once, and starting and ending
ffmpeg costs little beside it. Sound and pictures that pass through are cheap: their spans are longer, and have a lane
of their own, so that they come while the pictures are made. The beginning comes first: jobs of earlier columns have the
higher priority, over all grids. The trick row, which nobody needs to watch a film, comes as if it began where its film
ends: after the sound of its own grid, but not after that of every other.

Then come the helpers, each a job that takes over a part of what others still work on: the last minutes of a film, or
the whole of a short one, are shared by as many workers as are free.
"""

from sqlalchemy.ext.asyncio import AsyncConnection

from vidstead.grid import Grid, Row, Span
from vidstead.jobs import Jobs, JsonValue, Queue
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
    pictures = frozenset(row.id for row in grid.rows if isinstance(row.spec, VideoSpec))
    for span in plan_spans(grid):
        task, queue = (BULK_TASK, BULK) if pictures.issuperset(span.row_ids) else (LIGHT_TASK, LIGHT)
        await jobs.defer(connection, task, _arguments(span), queue=queue, priority=_priority(grid, span))
    for whole in _spans(grid, [row for row in grid.rows if row.id in pictures], grid.timeline.cells):
        for _ in range(min(HELPERS, whole.count - 1)):
            await jobs.defer(connection, HELP_TASK, _arguments(whole), queue=BULK, priority=-whole.count)


def _arguments(span: Span) -> dict[str, JsonValue]:
    return {
        "environment_id": span.environment_id,
        "grid_id": span.grid_id,
        "row_ids": list(span.row_ids),
        "first": span.first,
        "count": span.count,
    }
