"""A source, published without a database: its plan, its rows, and any of its cells by the real children."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing
from fractions import Fraction
from pathlib import Path

from tests.oracle.barcode import ffmpeg

from vidstead.encoding import Publisher, PublishPlan
from vidstead.encoding.adapters.copier import Mp4Copier
from vidstead.encoding.adapters.encoder import FfmpegEncoder
from vidstead.encoding.adapters.prober import PyAvProber
from vidstead.encoding.ports import Copier, CopyPlan, Run, SoundPlan, Urgency
from vidstead.grid import Part, Row, Source
from vidstead.media import SourceFacts, Timeline
from vidstead.storage import ObjectStore

Cells = dict[tuple[str, int], bytes]
"""The bytes of cells by row name and index."""


class EncodeAll:
    """A ``Copier`` to which no source conforms."""

    async def look(self, parts: Sequence[Part], segment_seconds: Callable[[Fraction], float]) -> None:
        """Nothing."""

    async def plan(self, parts: Sequence[Part], facts: SourceFacts, segment_seconds: float) -> CopyPlan | None:
        """Never."""
        return None

    async def plan_sound(self, parts: Sequence[Part], facts: SourceFacts, timeline: Timeline) -> SoundPlan | None:
        """Never."""
        return None


class Bench:
    """One source in a store, and what can be made of it."""

    def __init__(self, store: ObjectStore, file: Path, *, pieces: int = 1, copy: bool = False) -> None:
        """Put ``file`` into ``store``, as ``pieces`` parts; with ``copy``, a source that conforms passes through."""
        data = file.read_bytes()
        step = -(-len(data) // pieces)
        cuts = [data[at : at + step] for at in range(0, len(data), step)]
        self.parts = tuple(Part(key=f"e/sources/s/part-{i:04d}", size=len(cut)) for i, cut in enumerate(cuts))
        for part, cut in zip(self.parts, cuts, strict=True):
            store.put(part.key, cut)
        self._store = store
        self.copier = Mp4Copier(store)
        self._planner: Copier = self.copier if copy else EncodeAll()
        self.encoder = FfmpegEncoder(store, ffmpeg(), self.copier)
        self.prober = PyAvProber(store)
        self.plan: PublishPlan
        self.rows: tuple[Row, ...] = ()

    async def publish(self, segment_seconds: float = 4.0) -> PublishPlan:
        """Plan the grid."""
        publisher = Publisher(self.prober, self._planner, self.encoder, segment_seconds=lambda _: segment_seconds)
        self.plan = await publisher.plan("e", "s", self.parts)
        if self.plan.pictures is not None:
            self._store.put(self.plan.pictures_key, self.plan.pictures)
        if self.plan.sound is not None:
            self._store.put(self.plan.sound_key, self.plan.sound)
        self.rows = tuple(
            Row(
                id=number,
                environment_id="e",
                grid_id="g",
                source_id="s",
                name=row.plan.name,
                generation=1,
                spec=row.plan.spec,
                header=row.header,
                fingerprint=row.fingerprint,
                bandwidth=row.bandwidth,
                bounds=row.bounds,
            )
            for number, row in enumerate(self.plan.rows, 1)
        )
        return self.plan

    @property
    def timeline(self) -> Timeline:
        """The timeline of the grid."""
        return self.plan.timeline

    def of_kind(self, kind: str) -> tuple[Row, ...]:
        """The rows of pictures (``video``) or of sound (``audio``)."""
        return tuple(row for row in self.rows if row.spec.kind == kind)

    def order(self, rows: Sequence[Row], first: int, count: int) -> Run:
        """The order for a run."""
        source = Source(id="s", parts=self.parts, facts=self.plan.facts, index_key=self.plan.index_key)
        return Run(
            source=source,
            index=self.plan.index,
            timeline=self.timeline,
            rows=tuple(rows),
            first=first,
            count=count,
            urgency=Urgency.BULK if count > 1 else Urgency.AWAITED,
        )

    async def make(self, rows: Sequence[Row], runs: Iterable[tuple[int, int]]) -> Cells:
        """The cells of ``rows`` by runs of (first, count)."""
        cells: Cells = {}
        for first, count in runs:
            async with aclosing(self.encoder.run(self.order(rows, first, count))) as made:
                async for cell in made:
                    cells[cell.row.name, cell.index] = cell.data
        return cells

    def joined(self, row: Row, cells: Cells) -> bytes:
        """A row as one file: its init segment and all of its cells."""
        return row.header.init + b"".join(cells[row.name, index] for index in range(self.timeline.cells))

    def one_by_one(self) -> list[tuple[int, int]]:
        """Every column in a run of its own, the last first, as a viewer who jumps about would have them made."""
        return [(index, 1) for index in reversed(range(self.timeline.cells))]

    def all_at_once(self) -> list[tuple[int, int]]:
        """One run of all columns."""
        return [(0, self.timeline.cells)]

    def mixed(self) -> list[tuple[int, int]]:
        """The second column alone, then what is around it."""
        cells = self.timeline.cells
        return [(1, 1), (0, 1), (2, cells - 2)] if cells > 2 else [(cells - 1, 1), *([(0, 1)] if cells > 1 else [])]
