"""What encoding needs from the outside: somebody who probes a source, and somebody who makes cells of it.

Both run untrusted media through libraries written in C, so both do it in child processes. The children never open
anything by name: they are given the bytes of one source, by ranges, and nothing else.
"""

import asyncio
import enum
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from vidstead.grid import Part, Row, Source
from vidstead.media import CopySpec, RowHeader, RowSpec, SoundCopySpec, SourceFacts, SourceIndex, Timeline


class Urgency(enum.IntEnum):
    """Who waits for a run; the value is the niceness of its processes."""

    AWAITED = 0
    """A viewer, now, for its first column; what is behind that he wants soon."""
    AHEAD = 10
    """What is behind that: the run yields to all that is awaited now, even by others."""
    BULK = 19
    """Nobody yet: on time that nobody else wants (``SCHED_IDLE`` where there is that)."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One order to make cells: ``count`` columns from ``first``, of rows that share a source and a kind."""

    source: Source
    index: SourceIndex
    timeline: Timeline
    rows: tuple[Row, ...]
    first: int
    count: int
    urgency: Urgency
    late: frozenset[int] = frozenset()
    """The ids of rows of which the first column is not made."""

    def columns(self, row: Row) -> range:
        """The columns that are made of a row."""
        return range(self.first + (row.id in self.late), self.first + self.count)


@dataclass(frozen=True, kw_only=True)
class EncodedCell:
    """A finished cell: one ``moof`` and one ``mdat``, at its place on the timeline, checked against its row."""

    row: Row
    index: int
    data: bytes
    encode_ms: int


@dataclass(frozen=True, kw_only=True)
class CopyPlan:
    """A source that may pass through: the row, and the timeline that follows its key pictures."""

    timeline: Timeline
    spec: CopySpec
    header: RowHeader
    bandwidth: int
    """The most bit/s over any window of RFC 8216, as measured."""
    pictures: bytes
    """Where its pictures lie: to be stored beside the source."""


@dataclass(frozen=True, kw_only=True)
class SoundPlan:
    """Sound that may pass through: its row."""

    spec: SoundCopySpec
    header: RowHeader
    bandwidth: int
    """The most bit/s over any window of RFC 8216, as measured."""
    bounds: tuple[int, ...]
    frames: bytes
    """Where its frames lie: to be stored beside the source."""


class Copier(Protocol):
    """Knows which sources may pass through."""

    async def look(self, parts: Sequence[Part], segment_seconds: Callable[[Fraction], float]) -> None:
        """Prepare the plans while a source is still being probed; what fails here fails there again.

        ``segment_seconds``: from the length of a film to that of its segments, both in seconds.
        """
        ...

    async def plan(self, parts: Sequence[Part], facts: SourceFacts, segment_seconds: float) -> CopyPlan | None:
        """The pass-through row of a source; ``None`` where it does not conform."""
        ...

    async def plan_sound(self, parts: Sequence[Part], facts: SourceFacts, timeline: Timeline) -> SoundPlan | None:
        """The row of sound that passes through, beside pictures of any kind; ``None`` where it does not conform."""
        ...


class Prober(Protocol):
    """Reads what a source is."""

    async def probe(
        self, parts: Sequence[Part], *, begun: asyncio.Event | None = None
    ) -> tuple[SourceFacts, SourceIndex]:
        """The facts and the key packets. Raises ``UnreadableSource`` with what is wrong and what would work.

        ``begun`` is set when a child does it: what this process computes from then on delays it no more.
        """
        ...


class Encoder(Protocol):
    """Makes cells."""

    @property
    def build(self) -> str:
        """Name and version of the encoder: part of every row's fingerprint."""
        ...

    async def headers(self, specs: Sequence[RowSpec], facts: SourceFacts) -> tuple[RowHeader, ...]:
        """The init segment and codec string of each row, from one short run with the row's own settings."""
        ...

    def run(self, order: Run) -> AsyncGenerator[EncodedCell]:
        """Every cell of the run, each as soon as it is finished, in no order between rows.

        Closing the iterator ends the children. Raises ``EncodingFailed`` when a child fails or a cell does not
        match its row.
        """
        ...

    async def filler(self, source: Source, timeline: Timeline, row: Row, index: int, before: bytes | None) -> bytes:
        """A cell that stands in for one that could not be made, with the row's own headers.

        It holds the last picture of ``before`` (the cell before it), or shows black; sound is silence. Raises
        ``EncodingFailed``.
        """
        ...


class Meter(Protocol):
    """Knows how fast this machine encodes."""

    @property
    def fingerprint(self) -> str:
        """Names everything that the speed depends on: encoder, processor, and how much of it may be used."""
        ...

    async def measure(self) -> float:
        """The speed (see ``media.calibration``). Raises ``CalibrationFailed``."""
        ...
