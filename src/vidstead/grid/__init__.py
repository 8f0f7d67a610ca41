"""The grid: rows (renditions) x columns (segments), cells filled just in time. The heart of Vidstead."""

from vidstead.grid.checksums.service import Checksums
from vidstead.grid.clips.service import Clips
from vidstead.grid.errors import GridError, GridNotFound, TooManyClips
from vidstead.grid.keys import cell_key, grid_prefix, index_key, part_key, pictures_key, sound_key, source_prefix
from vidstead.grid.model import Cell, CellRef, Coverage, Grid, Loan, NewRow, Part, Place, Row, Source, Span
from vidstead.grid.offers import first_row, offered_rows
from vidstead.grid.service import HOT_TASK, Grids, Recorded
from vidstead.grid.tasks import register
from vidstead.grid.waiting import Waiting

__all__ = [
    "HOT_TASK",
    "Cell",
    "CellRef",
    "Checksums",
    "Clips",
    "Coverage",
    "Grid",
    "GridError",
    "GridNotFound",
    "Grids",
    "Loan",
    "NewRow",
    "Part",
    "Place",
    "Recorded",
    "Row",
    "Source",
    "Span",
    "TooManyClips",
    "Waiting",
    "cell_key",
    "first_row",
    "grid_prefix",
    "index_key",
    "offered_rows",
    "part_key",
    "pictures_key",
    "register",
    "sound_key",
    "source_prefix",
]
