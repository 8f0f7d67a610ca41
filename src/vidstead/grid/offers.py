"""Which rows of a grid viewers may choose from, and which one players begin with: pure.

A rung is offered only when it can play: it is stored, it passes through, or the workers make its cells well before they
are needed. The smallest is always offered, since something has to be. Whoever lists rows and whoever has cells made
before anybody asks both go by this, so that what is made is what is asked for.
"""

from collections.abc import Sequence

from vidstead.grid.model import Grid, Row
from vidstead.media import UNKNOWN_SPEED, CopySpec, PictureSpec, VideoSpec, in_time, starting_row


def offered_rows(grid: Grid, speed: float | None) -> list[Row]:
    """The rows of pictures that are offered, in the order of the grid; none only where it has no picture.

    ``speed`` is that of the workers' best machine (``media.in_time``); ``None`` while none is known.
    """
    speed = UNKNOWN_SPEED if speed is None else speed
    rows = [row for row in grid.rows if isinstance(row.spec, PictureSpec)]
    smallest = min(rows, key=_pixels, default=None)
    return [row for row in rows if row is smallest or row.covered or _in_time(grid, row, speed)]


def first_row(grid: Grid, offered: Sequence[Row]) -> Row | None:
    """The one of the ``offered`` rows that players should begin with; ``None`` where there is no picture."""
    start = starting_row([row.spec for row in offered], encoded=grid.covered)
    return None if start is None else offered[start]


def _pixels(row: Row) -> int:
    return row.spec.width * row.spec.height if isinstance(row.spec, PictureSpec) else 0


def _in_time(grid: Grid, row: Row, speed: float) -> bool:
    """Whether missing cells of a row can be played as they are made."""
    if isinstance(row.spec, CopySpec):
        return True
    sources = [source.facts for source in grid.sources if source.id == row.source_id]
    if not isinstance(row.spec, VideoSpec) or not sources:
        return False
    length = float(grid.timeline.duration) / row.cells
    return in_time(row.spec, sources[0], length=length, speed=speed)
