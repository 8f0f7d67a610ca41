"""The grid: rows (renditions) and columns (segments) of cells.

A grid is an entity of its own, counted by reference: assets and clips are pieces of it. Its timeline never changes. A
row owns its source, its specification and its header; which of its cells are stored is the row's ``done``, a cache of
the ``cells`` table that is changed in the same commit.

A clip has a grid of its own, whose columns lie on the timeline of the film. Of its rows only the cells at the ends are
its own; those between are *lent* by the film's rows. The grid of a clip uses that of its film, so whatever is lent
lives as long as the last clip. Beside the rows that a film shows it may have *spares*, which are made for clips alone.
"""

from dataclasses import dataclass, field
from datetime import datetime

from vidstead.media import RowHeader, RowPlan, RowSpec, SourceFacts, Timeline


@dataclass(frozen=True, kw_only=True)
class Part:
    """One object of a source. The parts in their order are the file."""

    key: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file that rows are made from."""

    id: str
    parts: tuple[Part, ...]
    facts: SourceFacts
    index_key: str
    """Key of the object with the source's ``SourceIndex``."""


@dataclass(frozen=True, kw_only=True)
class Loan:
    """What a row of a clip has from the row of the film that it is cut from."""

    grid_id: str
    row_id: int
    column: int
    """The film's column beside the clip's first one: the clip's number and this make the film's."""
    columns: range
    """The clip's columns whose cells are the film's."""
    stored: int = 0
    """How many of those are stored, as of when the row was read."""
    stored_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class Place:
    """Which cell a column of a row shows: its own, or one that is lent."""

    grid_id: str
    cell: "CellRef"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One rendition of a grid."""

    id: int
    environment_id: str
    grid_id: str
    source_id: str
    name: str
    generation: int
    spec: RowSpec
    header: RowHeader
    fingerprint: str
    bandwidth: int
    """The most bit/s over any window of RFC 8216 (4.4.6.2), overhead included: a bound, checked by every cell."""
    bounds: tuple[int, ...]
    """Where cells begin, in frames of the row (pictures, or 1024 samples), and last the end."""
    done: frozenset[int] = field(default_factory=frozenset)
    """Indexes of the cells that are not to be made (any more) in this grid, as of when the row was read.

    They are stored, or lent by a film; or nobody wants them, since only clips are left of the film and they don't.
    """
    stored_bytes: int = 0
    """Bytes of the stored cells together, those that are lent too, as of when the row was read."""
    loan: Loan | None = None
    """Of a clip's row: what it has from the film."""

    @property
    def slug(self) -> str:
        """The row in addresses and keys: name and generation, such as ``720p-1``."""
        return f"{self.name}-{self.generation}"

    @property
    def cells(self) -> int:
        """How many cells the row has."""
        return len(self.bounds) - 1

    @property
    def covered(self) -> bool:
        """Whether every cell is stored, as of when the row was read."""
        return len(self.done) == self.cells and (self.loan is None or self.loan.stored == len(self.loan.columns))

    @property
    def own_columns(self) -> tuple[range, ...]:
        """Runs of the columns whose cells are the row's own: all, but of a clip's row mostly those at its ends."""
        lent = self.loan.columns if self.loan and self.loan.columns else range(self.cells, self.cells)
        return tuple(run for run in (range(lent.start), range(lent.stop, self.cells)) if run)

    def film_column(self, index: int) -> int:
        """The column of the film beside a column of the row; of a film's row it is the same."""
        return index + self.loan.column if self.loan else index

    def place(self, index: int) -> Place:
        """Where the cell of a column is."""
        if self.loan and index in self.loan.columns:
            lent = CellRef(row_id=self.loan.row_id, index=self.film_column(index))
            return Place(grid_id=self.loan.grid_id, cell=lent)
        return Place(grid_id=self.grid_id, cell=CellRef(row_id=self.id, index=index))


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A grid with its sources and rows."""

    id: str
    environment_id: str
    timeline: Timeline
    sources: tuple[Source, ...]
    rows: tuple[Row, ...]
    spares: tuple[Row, ...] = ()
    """Rows that the film itself does not show: their cells are made for clips."""
    film_id: str | None = None
    """Of a clip's grid: the grid that it is cut from."""

    @property
    def covered(self) -> bool:
        """Whether every cell is stored, as of when the grid was read."""
        return all(row.covered for row in self.rows)

    @property
    def all_rows(self) -> tuple[Row, ...]:
        """Rows and spares."""
        return (*self.rows, *self.spares)


@dataclass(frozen=True, kw_only=True)
class NewRow:
    """A row to be created with a grid: its plan, its header, and the bounds of its cells."""

    plan: RowPlan
    header: RowHeader
    fingerprint: str
    bandwidth: int
    bounds: tuple[int, ...]
    generation: int = 1
    loan: Loan | None = None
    """Of a clip's row: what it has from the film."""


@dataclass(frozen=True, kw_only=True)
class CellRef:
    """The coordinates of a cell."""

    row_id: int
    index: int


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One stored cell."""

    row_id: int
    index: int
    size: int
    """Bytes."""
    sha256: str
    """Hexadecimal: the ETag."""
    encode_ms: int
    """From the start of its run (or the cell before it) to its last byte, in milliseconds."""
    worker: str
    filler: bool = False
    """Whether it stands in for a cell that could not be made."""
    created_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Span:
    """The unit of work: a run of ``count`` columns from ``first``, of one or more rows."""

    environment_id: str
    grid_id: str
    row_ids: tuple[int, ...]
    first: int
    count: int
    hot: bool


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How much of a grid, or of several, is stored."""

    cells: int
    """All cells there are."""
    stored: int
    fillers: int
    """Stored cells that stand in for what could not be made."""

    def __add__(self, other: "Coverage") -> "Coverage":
        """Of both together."""
        return Coverage(
            cells=self.cells + other.cells,
            stored=self.stored + other.stored,
            fillers=self.fillers + other.fillers,
        )
