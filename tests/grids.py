"""Small grids for tests: rows with headers that nobody decodes, in a real database."""

from collections.abc import Sequence
from fractions import Fraction

from vidstead.db import Database
from vidstead.grid import Cell, CellRef, Grid, Grids, NewRow, Part, Row, Source, index_key, part_key
from vidstead.kit import new_id
from vidstead.media import (
    AudioSpec,
    AudioStream,
    RowHeader,
    RowPlan,
    SourceFacts,
    Timeline,
    VideoSpec,
    VideoStream,
    audio_bounds,
    uniform_timeline,
)
from vidstead.storage import ObjectStore

RATE = Fraction(24)


def facts(seconds: int) -> SourceFacts:
    """A 320x180 picture with stereo sound."""
    return SourceFacts(
        container="mov,mp4",
        size=1000,
        video=VideoStream(
            index=0,
            codec="h264",
            width=320,
            height=180,
            time_base=Fraction(1, 24),
            start=0,
            end=24 * seconds,
            average_rate=RATE,
        ),
        audio=(
            AudioStream(
                index=1,
                codec="aac",
                sample_rate=48000,
                channels=2,
                layout="stereo",
                time_base=Fraction(1, 48000),
                start=0,
                end=48000 * seconds,
            ),
        ),
    )


async def create_grid(
    database: Database,
    grids: Grids,
    environment_id: str,
    *,
    seconds: int = 20,
    store: ObjectStore | None = None,
    sizes: Sequence[tuple[int, int]] = ((320, 180),),
) -> Grid:
    """A grid of a row of each of ``sizes`` and sound, in cells of 4 s; its source is stored where a store is given."""
    timeline = uniform_timeline(rate=RATE, frames=24 * seconds, segment_seconds=4)
    source_id = new_id()
    source = Source(
        id=source_id,
        parts=(Part(key=part_key(environment_id, source_id, 0), size=6),),
        facts=facts(seconds),
        index_key=index_key(environment_id, source_id),
    )
    if store is not None:
        store.put(source.parts[0].key, b"source")
        store.put(source.index_key, b"{}")
    audio = AudioSpec(sample_rate=48000, channels=2, bitrate=128_000)
    rows = [
        *(_picture_row(width, height, timeline) for width, height in sizes),
        NewRow(
            plan=RowPlan(name="audio", spec=audio),
            header=RowHeader(init=b"audio init", codecs="mp4a.40.2", timescale=48000, config=b"asc"),
            fingerprint="f",
            bandwidth=140_000,
            bounds=audio_bounds(timeline, sample_rate=48000, samples=48000 * seconds),
        ),
    ]
    async with database.begin(environment_id) as connection:
        return await grids.create(
            connection,
            environment_id=environment_id,
            grid_id=new_id(),
            timeline=timeline,
            source=source,
            rows=rows,
        )


def _picture_row(width: int, height: int, timeline: Timeline) -> NewRow:
    spec = VideoSpec(
        width=width, height=height, rate=RATE, crf=23, max_bitrate=400_000, buffer_bits=800_000, level="1.3"
    )
    return NewRow(
        plan=RowPlan(name=f"{height}p", spec=spec),
        header=RowHeader(init=b"video init", codecs="avc1.64000d", timescale=24000, config=b"avcc"),
        fingerprint="f",
        bandwidth=500_000,
        bounds=timeline.bounds,
    )


def row_of(grid: Grid, name: str) -> Row:
    """The row with a name."""
    return next(row for row in grid.rows if row.name == name)


def cells_of(grid: Grid) -> list[CellRef]:
    """Every coordinate of a grid."""
    return [CellRef(row_id=row.id, index=index) for row in grid.rows for index in range(row.cells)]


def cell(at: CellRef, *, worker: str = "tester", size: int = 10) -> Cell:
    """A record of a stored cell."""
    return Cell(row_id=at.row_id, index=at.index, size=size, sha256="ab" * 32, encode_ms=5, worker=worker)


async def wanted(grids: Grids, environment_id: str, at: CellRef) -> bool:
    """Whether a viewer waits for a cell now."""
    return await grids.furthest_wanted(environment_id, [at.row_id], range(at.index, at.index + 1)) is not None
