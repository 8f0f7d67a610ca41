"""Spans become cells: with a real database, a real store, real children."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text
from tests.grids import wanted
from tests.integration.encoding.bench import Bench
from tests.oracle.barcode import read_barcodes
from tests.oracle.compare import differences, reference_frames
from tests.oracle.sources import BY_NAME, make

from vidstead.db import Database
from vidstead.encoding import EncodedCell, EncodingFailed, Run, SpanFiller, Urgency, plan_spans
from vidstead.encoding.adapters.encoder import FfmpegEncoder
from vidstead.encoding.pieces import Piece, cut, order_of_work
from vidstead.grid import CellRef, Grid, Grids, Row, Source, Span, cell_key, grid_prefix
from vidstead.kit import new_id
from vidstead.media import SOURCE_INDEX, Timeline
from vidstead.storage import ObjectStore
from vidstead.storage.adapters.local import LocalStore

CLIP = "mp4-25"
AWAITED, AHEAD, BULK = Urgency.AWAITED, Urgency.AHEAD, Urgency.BULK


class Recorder:
    """An encoder that passes everything on, writes down what it was asked, and fails where it is told to."""

    def __init__(self, inner: FfmpegEncoder) -> None:
        self.inner = inner
        self.build = inner.build
        self.headers = inner.headers
        self.runs: list[tuple[tuple[str, ...], int, int, Urgency]] = []
        self.broken: set[int] = set()
        self.pause = asyncio.Event()
        self.pause.set()
        self.held: set[int] | None = None
        self.started = asyncio.Event()
        self.given: list[int] = []

    def hold(self, *columns: int) -> None:
        """Hold back the cells of some columns until ``pause`` is set."""
        self.held = set(columns)
        self.pause.clear()

    async def run(self, order: Run) -> AsyncGenerator[EncodedCell]:
        """Pass on the run."""
        self.runs.append((tuple(row.name for row in order.rows), order.first, order.count, order.urgency))
        self.started.set()
        async with aclosing(self.inner.run(order)) as cells:
            async for cell in cells:
                if self.held is None or cell.index in self.held:
                    await self.pause.wait()
                if cell.index in self.broken:
                    raise EncodingFailed(first=cell.index, last=cell.index, rows=cell.row.name, reason="told to")
                self.given.append(cell.index)
                yield cell

    async def filler(self, source: Source, timeline: Timeline, row: Row, index: int, before: bytes | None) -> bytes:
        """Pass on the filler."""
        return await self.inner.filler(source, timeline, row, index, before)


class Scene:
    """A published source in a database."""

    def __init__(self, store: ObjectStore, grids: Grids, environment_id: str, bench: Bench) -> None:
        self.store = store
        self.grids = grids
        self.environment_id = environment_id
        self.bench = bench
        self.encoder = Recorder(bench.encoder)
        self.filler = SpanFiller(grids, store, self.encoder, worker="tester", lease_seconds=2)
        self.grid: Grid
        self.database: Database

    async def publish(self, database: Database) -> None:
        """Create the grid."""
        self.database = database
        plan = await self.bench.publish(2.0)
        self.store.put(plan.index_key, SOURCE_INDEX.dump_json(plan.index))
        source = Source(id=new_id(), parts=self.bench.parts, facts=plan.facts, index_key=plan.index_key)
        async with database.begin(self.environment_id) as connection:
            self.grid = await self.grids.create(
                connection,
                environment_id=self.environment_id,
                grid_id=new_id(),
                timeline=plan.timeline,
                source=source,
                rows=plan.rows,
            )

    def row(self, kind: str) -> Row:
        """The row of a kind."""
        return next(row for row in self.grid.rows if row.spec.kind == kind)

    def span(self, rows: Sequence[Row], first: int, count: int, *, hot: bool = False) -> Span:
        """A span of this grid."""
        return Span(
            environment_id=self.environment_id,
            grid_id=self.grid.id,
            row_ids=tuple(row.id for row in rows),
            first=first,
            count=count,
            hot=hot,
        )

    async def want(self, cell: CellRef) -> None:
        """A viewer waits for a cell, as long as the slowest machine may take."""
        async with self.database.begin(self.environment_id) as connection:
            await self.grids.expect(connection, self.environment_id, self.grid.id, cell, seconds=300)

    async def done(self, row: Row) -> frozenset[int]:
        """The stored cells of a row."""
        grid = await self.grids.load(self.environment_id, self.grid.id)
        return next(one.done for one in grid.rows if one.id == row.id)

    async def has(self, row: Row, columns: Iterable[int]) -> bool:
        """Whether cells are stored."""
        return await self.done(row) >= set(columns)

    async def held(self, *, but: str = "") -> set[int]:
        """The columns in which anybody ``but`` one holder has a lease."""
        async with self.database.begin(self.environment_id) as connection:
            found = await connection.scalars(
                text("select index from leases where row_id = any(:rows) and holder <> :but"),
                {"rows": [row.id for row in self.grid.rows], "but": but},
            )
            return set(found)

    async def holds(self, *columns: int, but: str = "") -> bool:
        """Whether leases are held in these columns only."""
        return await self.held(but=but) == set(columns)

    def cell(self, row: Row, index: int) -> bytes:
        """The bytes of a stored cell."""
        return self.store.read(cell_key(self.environment_id, self.grid.id, row.slug, index))

    def joined(self, row: Row) -> bytes:
        """A row as one file."""
        return row.header.init + b"".join(self.cell(row, index) for index in range(self.grid.timeline.cells))


def encoders() -> list[psutil.Process]:
    """The ffmpegs that run."""
    return [child for child in psutil.Process().children(recursive=True) if "ffmpeg" in child.name()]


async def until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait for something that others do."""
    for _ in range(600):
        if await condition():
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"never: {what}")


@pytest.fixture
async def scene(
    database: Database, grids: Grids, environment_id: str, clips: Path, tmp_path: Path
) -> AsyncIterator[Scene]:
    """The clip, published."""
    store = LocalStore(tmp_path / "objects")
    scene = Scene(store, grids, environment_id, Bench(store, make(BY_NAME[CLIP], clips)))
    await scene.publish(database)
    yield scene
    await scene.filler.close()


async def test_the_eager_fill_makes_every_cell_once(scene: Scene, clips: Path) -> None:
    await asyncio.gather(*(scene.filler.fill(span) for span in plan_spans(scene.grid)))
    video, audio, trick = scene.row("video"), scene.row("audio"), scene.row("trick")
    cells = frozenset(range(scene.grid.timeline.cells))
    assert await scene.done(video) == await scene.done(audio) == await scene.done(trick) == cells
    timeline = scene.grid.timeline
    wanted = reference_frames(make(BY_NAME[CLIP], clips), timeline.rate, timeline.frames)
    assert differences(read_barcodes(scene.joined(video)), wanted) == []
    for row in (video, audio, trick):
        for index in cells:
            record = await scene.grids.cell(scene.environment_id, CellRef(row_id=row.id, index=index))
            data = scene.cell(row, index)
            assert record is not None
            assert (record.size, record.sha256, record.filler) == (len(data), sha256(data).hexdigest(), False)
    assert {urgency for *_, urgency in scene.encoder.runs} == {BULK}
    before = len(scene.encoder.runs)
    await asyncio.gather(*(scene.filler.fill(span) for span in plan_spans(scene.grid)))
    assert len(scene.encoder.runs) == before, "filling again makes nothing"


async def test_the_run_of_an_awaited_cell_goes_on_when_its_job_is_over(scene: Scene) -> None:
    video, made = scene.row("video"), [0, 1, 2]
    scene.encoder.hold(1)
    await scene.want(CellRef(row_id=video.id, index=0))
    await scene.filler.fill(scene.span([video], 0, 3, hot=True))
    assert await scene.done(video) == {0}, "the viewer is served, and the slot is free"
    assert await scene.holds(1), "nobody else begins the next one"
    scene.encoder.pause.set()
    await until(lambda: scene.has(video, made), "the cells behind it are there")
    await until(scene.holds, "the run is over")
    assert await scene.done(video) == set(made), "as far as is made ahead, for a viewer who waits for none of it"
    assert [(first, urgency) for _, first, _, urgency in scene.encoder.runs] == [(0, AWAITED)], "all in one run"


async def test_a_run_goes_along_with_its_viewer(scene: Scene) -> None:
    """With one cell made ahead it goes to the end all the same, since it was seen that somebody waits for each."""
    video, last = scene.row("video"), scene.grid.timeline.cells - 1
    for index in range(last + 1):
        await scene.want(CellRef(row_id=video.id, index=index))
    await scene.filler.fill(scene.span([video], 0, 2, hot=True))
    await until(scene.holds, "the run is over")
    assert await scene.done(video) == set(range(last + 1))
    assert len(scene.encoder.runs) == 1


async def test_a_run_that_nobody_waits_for_makes_way_for_what_is_awaited(scene: Scene) -> None:
    video = scene.row("video")
    scene.encoder.hold(1, 3)
    await scene.want(CellRef(row_id=video.id, index=0))
    await scene.filler.fill(scene.span([video], 0, 3, hot=True))
    assert await scene.holds(1)
    await scene.want(CellRef(row_id=video.id, index=3))
    serving = asyncio.create_task(scene.filler.fill(scene.span([video], 3, 1, hot=True)))
    await until(lambda: scene.holds(3), "the first run is ended")
    scene.encoder.pause.set()
    await serving
    assert await scene.done(video) == {0, 3}
    assert await scene.holds()


async def test_a_run_that_somebody_waits_for_does_not_make_way(scene: Scene) -> None:
    video = scene.row("video")
    scene.encoder.hold(1)
    for index in (0, 1, 3):
        await scene.want(CellRef(row_id=video.id, index=index))
    await scene.filler.fill(scene.span([video], 0, 2, hot=True))
    await scene.filler.fill(scene.span([video], 3, 1, hot=True))
    assert await scene.done(video) == {0, 3}
    scene.encoder.pause.set()
    await until(lambda: scene.has(video, [1]), "both have what they waited for")
    assert len(scene.encoder.runs) == 2
    await scene.filler.close()


async def test_there_is_a_bound_to_runs_that_go_on(scene: Scene) -> None:
    video = scene.row("video")
    filler = SpanFiller(scene.grids, scene.store, scene.encoder, worker="full", lease_seconds=2, look_aheads=0)
    await scene.want(CellRef(row_id=video.id, index=0))
    await filler.fill(scene.span([video], 0, 3, hot=True))
    assert await scene.done(video) == {0}
    assert await scene.holds()
    assert encoders() == []


async def test_closing_ends_what_goes_on(scene: Scene) -> None:
    video = scene.row("video")
    scene.encoder.hold(1)
    await scene.want(CellRef(row_id=video.id, index=0))
    await scene.filler.fill(scene.span([video], 0, 3, hot=True))
    assert await scene.holds(1)
    await scene.filler.close()
    assert await scene.holds()
    assert encoders() == []
    assert await scene.done(video) == {0}


async def test_a_run_that_goes_on_begins_no_cell_that_other_hot_work_makes(scene: Scene) -> None:
    """What another viewer's worker holds is not encoded here, whatever lies behind it."""
    video = scene.row("video")
    theirs = CellRef(row_id=video.id, index=2)
    await scene.grids.claim(scene.environment_id, scene.grid.id, "other", [theirs], seconds=60, hot=True)
    await scene.want(CellRef(row_id=video.id, index=0))
    await scene.filler.fill(scene.span([video], 0, 5, hot=True))
    await until(lambda: scene.holds(but="other"), "the run is over")
    assert await scene.done(video) == {0, 1}
    assert len(scene.encoder.runs) == 1


async def test_nobody_makes_what_other_hot_work_makes(scene: Scene) -> None:
    """Nor what is behind it: two cores at work on what nobody waits for yet would only make that late."""
    video = scene.row("video")
    awaited = CellRef(row_id=video.id, index=1)
    await scene.grids.claim(scene.environment_id, scene.grid.id, "other", [awaited], seconds=60, hot=True)
    await scene.want(awaited)
    await scene.filler.fill(scene.span([video], 1, 4, hot=True))
    assert scene.encoder.runs == []


async def test_a_run_makes_what_is_missing_and_nothing_else(scene: Scene) -> None:
    """A span that was begun before, its rows unlike far, as a killed worker leaves it."""
    video, trick = scene.row("video"), scene.row("trick")
    await scene.filler.fill(scene.span([video], 1, 2))
    scene.encoder.runs.clear()
    await scene.filler.fill(scene.span([video], 0, 5))
    assert scene.encoder.runs == [(("270p",), 0, 1, BULK), (("270p",), 3, 2, BULK)]
    assert await scene.done(video) == set(range(5))
    assert await scene.done(trick) == frozenset()


async def test_the_trick_row_comes_last_and_is_made_for_a_viewer_as_any_other(scene: Scene) -> None:
    trick = scene.row("trick")
    assert [span.row_ids for span in plan_spans(scene.grid)][-1] == (trick.id,)
    await scene.want(CellRef(row_id=trick.id, index=2))
    await scene.filler.fill(scene.span([trick], 2, 1, hot=True))
    assert await scene.done(trick) == {2}
    assert scene.encoder.runs == [(("trick",), 2, 1, AWAITED)]


async def test_a_hot_span_that_nobody_waits_for_is_dropped(scene: Scene) -> None:
    video = scene.row("video")
    await scene.filler.fill(scene.span([video], 2, 3, hot=True))
    assert await scene.done(video) == frozenset()
    assert scene.encoder.runs == []


async def test_a_hot_span_is_given_up_when_the_last_viewer_leaves(scene: Scene) -> None:
    video = scene.row("video")
    ref = CellRef(row_id=video.id, index=2)
    scene.encoder.pause.clear()
    for holder in ("one web", "another"):
        await scene.grids.want(scene.environment_id, scene.grid.id, ref, holder=holder)
    hot = asyncio.create_task(scene.filler.fill(scene.span([video], 2, 3, hot=True)))
    await scene.encoder.started.wait()
    await scene.grids.unwant(scene.environment_id, ref, holder="one web")
    assert await wanted(scene.grids, scene.environment_id, ref), "a viewer of the other process waits"
    await scene.grids.unwant(scene.environment_id, ref, holder="another")
    await hot
    assert await scene.done(video) == frozenset()
    assert encoders() == []
    claimed = await scene.grids.claim(scene.environment_id, scene.grid.id, "next", [ref], seconds=60, hot=True)
    assert claimed == {ref}, "its lease is given back"


async def test_two_workers_share_the_cells_of_a_span(scene: Scene) -> None:
    video = scene.row("video")
    other = SpanFiller(scene.grids, scene.store, scene.encoder, worker="other", lease_seconds=2)
    span = scene.span([video], 0, 5)
    await asyncio.gather(scene.filler.fill(span), other.fill(span))
    assert await scene.done(video) == {0, 1, 2, 3, 4}


async def test_a_helper_takes_the_half_that_is_not_begun(scene: Scene) -> None:
    video = scene.row("video")
    scene.encoder.pause.clear()
    whole = scene.span([video], 0, 5)
    bulk = asyncio.create_task(scene.filler.fill(whole))
    await scene.encoder.started.wait()
    second = Recorder(scene.bench.encoder)
    helper = SpanFiller(scene.grids, scene.store, second, worker="helper", lease_seconds=2)
    await helper.help(whole)
    assert await scene.done(video) == {1, 2, 3, 4}
    assert second.runs == [(("270p",), 2, 3, BULK), (("270p",), 1, 1, BULK)], "column 0 is somebody else's"
    scene.encoder.pause.set()
    await bulk
    assert await scene.done(video) == {0, 1, 2, 3, 4}
    assert scene.encoder.given == [0], "a run ends where it meets another"


def test_work_begins_half_way_to_a_run_that_is_coming() -> None:
    assert order_of_work({0, 1, 2, 3}, set()) == [0, 1, 2, 3]
    assert order_of_work({0, 1, 2, 3, 4, 5, 6}, {0, 1})[0] == 4
    assert order_of_work({3, 4, 5, 8, 9}, {3})[:2] == [8, 4], "nobody comes to 8"
    assert order_of_work({0, 1, 5, 6, 7, 8, 9}, {0, 5})[:2] == [7, 1], "the longer stretch first"
    assert order_of_work({0, 1}, {0, 1}) == [0, 1]


def test_a_row_whose_first_cell_was_made_for_a_viewer_comes_along_from_the_next(scene: Scene) -> None:
    video = scene.row("video")
    upper, lower = replace(video, id=1), replace(video, id=2)
    piece = Piece(rows=(upper, lower), first=0, count=4)
    wanted = set(piece.cells())
    assert cut(piece, wanted, 0) == piece
    served = {ref for ref in wanted if (ref.row_id, ref.index) != (2, 0)}
    assert cut(piece, served, 0) == replace(piece, late=frozenset({2}))
    assert cut(piece, {ref for ref in served if ref.index < 3}, 0) == replace(piece, count=3, late=frozenset({2}))
    apart = {CellRef(row_id=1, index=0), CellRef(row_id=2, index=1)}
    assert cut(piece, apart, 0) == Piece(rows=(upper,), first=0, count=1), "nothing is made that is not wanted"


async def test_a_viewers_wish_overtakes_the_bulk(scene: Scene) -> None:
    video = scene.row("video")
    scene.encoder.pause.clear()
    bulk = asyncio.create_task(scene.filler.fill(scene.span([video], 0, 5)))
    await scene.encoder.started.wait()
    viewer = Recorder(scene.bench.encoder)
    hot = SpanFiller(scene.grids, scene.store, viewer, worker="hot", lease_seconds=2)
    await scene.want(CellRef(row_id=video.id, index=4))
    await hot.fill(scene.span([video], 4, 1, hot=True))
    assert await scene.done(video) == {4}
    scene.encoder.pause.set()
    await bulk
    assert await scene.done(video) == {0, 1, 2, 3, 4}
    record = await scene.grids.cell(scene.environment_id, CellRef(row_id=video.id, index=4))
    assert record is not None
    assert record.worker == "hot"


async def test_a_dead_workers_cells_are_made_by_another(scene: Scene) -> None:
    video = scene.row("video")
    refs = [CellRef(row_id=video.id, index=index) for index in range(5)]
    await scene.grids.claim(scene.environment_id, scene.grid.id, "dead", refs, seconds=1)
    await scene.filler.fill(scene.span([video], 0, 5))
    assert await scene.done(video) == {0, 1, 2, 3, 4}


async def test_an_object_that_is_there_already_is_adopted(scene: Scene) -> None:
    video = scene.row("video")
    await scene.filler.fill(scene.span([video], 1, 1))
    kept = scene.cell(video, 1)
    stranger = b"what another worker stored before it died"
    scene.store.put(cell_key(scene.environment_id, scene.grid.id, video.slug, 0), stranger)
    await scene.filler.fill(scene.span([video], 0, 2))
    record = await scene.grids.cell(scene.environment_id, CellRef(row_id=video.id, index=0))
    assert record is not None
    assert (record.size, record.sha256) == (len(stranger), sha256(stranger).hexdigest())
    assert scene.cell(video, 1) == kept


async def test_a_cell_that_fails_for_good_becomes_a_filler(scene: Scene) -> None:
    video, audio, trick = scene.row("video"), scene.row("audio"), scene.row("trick")
    scene.encoder.broken = {1}
    await scene.filler.fill(scene.span([video], 0, 3))
    await scene.filler.fill(scene.span([audio], 0, 3))
    await scene.filler.fill(scene.span([trick], 0, 3))
    for row in (video, audio, trick):
        assert await scene.done(row) == {0, 1, 2}
        fillers = []
        for index in range(3):
            record = await scene.grids.cell(scene.environment_id, CellRef(row_id=row.id, index=index))
            fillers.append(record is not None and record.filler)
        assert fillers == [False, True, False]
    made = video.header.init + b"".join(scene.cell(video, index) for index in range(3))
    assert read_barcodes(made) == [*range(50), *[49] * 50, *range(100, 150)]
    stills = read_barcodes(trick.header.init + b"".join(scene.cell(trick, index) for index in range(3)))
    assert stills[0] == stills[1] == 0 < stills[2] <= 100


async def test_the_first_cell_has_a_black_filler(scene: Scene) -> None:
    video = scene.row("video")
    scene.encoder.broken = {0}
    await scene.filler.fill(scene.span([video], 0, 1))
    assert read_barcodes(video.header.init + scene.cell(video, 0)) == [0] * 50


async def test_nothing_is_left_of_a_grid_that_dies_meanwhile(scene: Scene, database: Database) -> None:
    video = scene.row("video")
    scene.encoder.pause.clear()
    filling = asyncio.create_task(scene.filler.fill(scene.span([video], 0, 5)))
    await scene.encoder.started.wait()
    async with database.begin(scene.environment_id) as connection:
        await scene.grids.disuse(connection, scene.environment_id, scene.grid.id)
    scene.encoder.pause.set()
    await filling
    assert list(scene.store.list(grid_prefix(scene.environment_id, scene.grid.id))) == []
    assert await scene.grids.sweep(scene.environment_id, scene.grid.id)


async def test_cancelling_gives_up_the_leases(scene: Scene) -> None:
    video = scene.row("video")
    scene.encoder.pause.clear()
    filling = asyncio.create_task(scene.filler.fill(scene.span([video], 0, 5)))
    await scene.encoder.started.wait()
    filling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await filling
    refs = [CellRef(row_id=video.id, index=index) for index in range(5)]
    assert await scene.grids.claim(scene.environment_id, scene.grid.id, "next", refs, seconds=5) == frozenset(refs)
