"""The grid: rows (renditions) x columns (segments), cells filled just in time. The heart of Vidstead."""

from vidstead.grid.model import Cell, CellRef, Grid, NewRow, Part, Row, Source, Span

__all__ = ["Cell", "CellRef", "Grid", "NewRow", "Part", "Row", "Source", "Span"]
