"""Spans as runs: which rows go together, from which column to which, and in what order. Pure."""

from dataclasses import dataclass

from vidstead.grid import CellRef, Grid, Row, Source, Span


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A part of a span that one run makes: rows of one kind and source, and some columns."""

    rows: tuple[Row, ...]
    first: int
    count: int
    late: frozenset[int] = frozenset()
    """The ids of rows that begin a column later, since somebody else has their first cell."""

    def cells(self) -> list[CellRef]:
        """Its cells, column by column."""
        return [ref for column in range(self.first, self.first + self.count) for ref in self.column(column)]

    def column(self, index: int) -> list[CellRef]:
        """The cells of one of its columns."""
        return [CellRef(row_id=row.id, index=index) for row in self.rows]


def pieces(grid: Grid, span: Span) -> list[Piece]:
    """A span as runs: rows of one source and kind together."""
    rows = [row for row in grid.all_rows if row.id in span.row_ids]
    count = min(span.count, grid.timeline.cells - span.first)
    if count < 1:
        return []
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.source_id, row.spec.kind), []).append(row)
    return [Piece(rows=tuple(group), first=span.first, count=count) for group in groups.values()]


def cut(piece: Piece, wanted: set[CellRef], start: int) -> Piece:
    """What one run makes of a piece: from ``start`` on, as far as the same rows are wanted, so that nothing else is.

    Where rows are wanted from the next column on, they come along from there: what a viewer was served first of a film
    is not made again, and all is decoded once.
    """
    rows, following = _rows_wanted(piece, wanted, start), _rows_wanted(piece, wanted, start + 1)
    end, late = start + 1, frozenset[int]()
    if start + 1 < piece.first + piece.count and set(rows) < set(following):
        rows, late = following, frozenset(row.id for row in following if row not in rows)
    while end < piece.first + piece.count and _rows_wanted(piece, wanted, end) == rows:
        end += 1
    return Piece(rows=rows, first=start, count=end - start, late=late)


def _rows_wanted(piece: Piece, wanted: set[CellRef], index: int) -> tuple[Row, ...]:
    return tuple(row for row in piece.rows if CellRef(row_id=row.id, index=index) in wanted)


def source_of(grid: Grid, piece: Piece) -> Source:
    """What all rows of a piece are made from."""
    return next(source for source in grid.sources if source.id == piece.rows[0].source_id)


def order_of_work(missing: set[int], taken: set[int]) -> list[int]:
    """The columns with which a run may begin, the best first.

    ``missing`` are the columns that lack cells, ``taken`` those of them in which others are at work. A stretch that no
    run comes to is begun at its beginning; where one is on its way, the best place is half-way, so that both come to
    the end of their halves together, in the longest such stretch first. Last come columns that are partly taken.
    """
    alone, met = [], []
    for stretch in stretches(missing - taken):
        if stretch[0] - 1 in taken:
            met.append(stretch)
        else:
            alone.append(stretch[0])
    halves = [stretch[(len(stretch) - 1) // 2] for stretch in sorted(met, key=len, reverse=True)]
    begun = [*alone, *halves]
    return [*begun, *sorted(missing.difference(begun))]


def stretches(columns: set[int]) -> list[list[int]]:
    """Columns as runs of neighbours, in their order."""
    found: list[list[int]] = []
    for column in sorted(columns):
        if not found or found[-1][-1] != column - 1:
            found.append([])
        found[-1].append(column)
    return found
