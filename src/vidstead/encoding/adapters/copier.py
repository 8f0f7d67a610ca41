"""The pass-through row: pictures copied from the source, bit for bit.

Nothing of the media is decoded or parsed by a library: the ``moov`` gives the sample table, the first bytes of each
cell's first picture tell whether it is an IDR picture, and a cell is a range of the file with a new header before it.
So it needs no child, and takes milliseconds.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from fractions import Fraction
from functools import partial
from itertools import pairwise

from vidstead.encoding.adapters.cutters import write_cell
from vidstead.encoding.adapters.grant import ReadRange, read_range, reading
from vidstead.encoding.adapters.movie import Movies
from vidstead.encoding.adapters.sound_copier import SoundCopier
from vidstead.encoding.errors import EncodingFailed
from vidstead.encoding.ports import CopyPlan, EncodedCell, Run, SoundPlan
from vidstead.grid import Part, pictures_key
from vidstead.media import (
    CopySpec,
    MediaFormatError,
    Pictures,
    RowHeader,
    SourceFacts,
    Timeline,
    VideoStream,
    begins_with_idr,
    cell_bytes,
    conforming,
    copy_timeline,
    fragment_overhead,
    output_colour,
    peak_of_cells,
    plain_pictures,
    sane_bitrate,
    standard_rate,
    table_rate,
    video_codec,
    video_init,
)
from vidstead.storage import LocalFiles, ObjectStore

LOOK_BYTES = (4096, 1 << 20)
"""How much of a picture is read to see its first slice: usually little, now and then behind long messages."""
READERS = 32
KEPT = 16
"""Sources whose pictures are kept in memory."""
REPLANS = 3
SOURCE_ENDS = "the source ends before this"
Cut = tuple[Pictures | None, Timeline | None]


class Mp4Copier:
    """Plans pass-through rows and makes their cells."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._pictures: OrderedDict[str, Pictures] = OrderedDict()
        self._movies = Movies(store)
        self._cuts: dict[tuple[object, ...], Cut] = {}
        self._sound = SoundCopier(store, self._movies)

    async def look(self, parts: Sequence[Part], segment_seconds: Callable[[Fraction], float]) -> None:
        """See ``Copier`` in ``ports``."""
        with suppress(Exception):  # whoever needs it will say so, and the prober first
            await asyncio.to_thread(self._look, parts, segment_seconds)

    def _look(self, parts: Sequence[Part], segment_seconds: Callable[[Fraction], float]) -> None:
        for table in self._movies.tables(parts, "video")[:1]:
            rate = standard_rate(table_rate(table))
            self._cut(parts, rate, segment_seconds(len(table.sizes) / rate))

    async def plan_sound(self, parts: Sequence[Part], facts: SourceFacts, timeline: Timeline) -> SoundPlan | None:
        """See ``Copier`` in ``ports``."""
        return await self._sound.plan(parts, facts, timeline)

    async def plan(self, parts: Sequence[Part], facts: SourceFacts, segment_seconds: float) -> CopyPlan | None:
        """See ``Copier`` in ``ports``."""
        if facts.video is None or facts.video.codec != "h264" or "mp4" not in facts.container:
            return None
        return await asyncio.to_thread(self._plan, parts, facts.video, segment_seconds)

    def _plan(self, parts: Sequence[Part], video: VideoStream, segment_seconds: float) -> CopyPlan | None:
        rate = standard_rate(video.average_rate)
        if not plain_pictures(video, rate):
            return None
        try:
            pictures, timeline = self._cut(parts, rate, segment_seconds)
        except MediaFormatError:
            return None  # a film that can't be copied can still be decoded
        if pictures is None or timeline is None:
            return None
        lengths = [end - begin for begin, end in pairwise(timeline.bounds)]
        sizes = [
            size + fragment_overhead(length)
            for size, length in zip(cell_bytes(pictures, timeline), lengths, strict=True)
        ]
        peak = peak_of_cells(sizes, timeline.bounds, 1 / timeline.rate)
        if not sane_bitrate(peak, video.width, video.height, timeline.rate):
            return None
        spec = CopySpec(
            width=video.width,
            height=video.height,
            rate=timeline.rate,
            bitrate=round(8 * sum(sizes) / timeline.duration),
            cell_bytes=max(sizes),
        )
        header = _header(video, timeline, pictures.config)
        return CopyPlan(timeline=timeline, spec=spec, header=header, bandwidth=peak, pictures=pictures.to_bytes())

    def _cut(self, parts: Sequence[Part], rate: Fraction, segment_seconds: float) -> Cut:
        """The pictures and where they are cut, as far as both may pass through; kept, for ``look`` comes before."""
        asked = (rate, segment_seconds, *(part.key for part in parts))
        found = self._cuts.get(asked)
        if found is None:
            tables = self._movies.tables(parts, "video")
            pictures = conforming(tables[0], rate) if len(tables) == 1 else None
            found = (pictures, self._timeline(parts, pictures, segment_seconds) if pictures else None)
            self._cuts = {asked: found}
        return found

    def _timeline(self, parts: Sequence[Part], pictures: Pictures, segment_seconds: float) -> Timeline | None:
        """Cells that all begin with IDR pictures: cuts that do not are refused, and the cells planned anew."""
        refused: set[int] = set()
        looked: set[int] = set()
        for _ in range(REPLANS):
            timeline = copy_timeline(pictures, segment_seconds, refused=refused)
            if timeline is None:
                return None
            unseen = [cut for cut in timeline.bounds[:-1] if cut not in looked]
            good = self._are_idr(parts, pictures, unseen)
            looked.update(unseen)
            bad = {cut for cut, fine in zip(unseen, good, strict=True) if not fine}
            if not bad:
                return timeline
            refused |= bad
        return None

    def _are_idr(self, parts: Sequence[Part], pictures: Pictures, cuts: Sequence[int]) -> list[bool]:
        """Of each cut whether an IDR picture begins there; files are read in turn, which threads only slow down."""
        with reading(self._store, parts) as read:
            look = partial(_is_idr, read, pictures)
            if isinstance(self._store, LocalFiles):
                return [look(cut) for cut in cuts]
            with ThreadPoolExecutor(READERS) as readers:
                return list(readers.map(look, cuts))

    def run(self, order: Run) -> AsyncGenerator[EncodedCell]:
        """The cells of a run of rows that pass through: of pictures, or of sound."""
        copied = isinstance(order.rows[0].spec, CopySpec)
        return self._run(order) if copied else self._sound.run(order)

    async def _run(self, order: Run) -> AsyncGenerator[EncodedCell]:
        for row in order.rows:
            pictures = await self._load(pictures_key(row.environment_id, order.source.id))
            for index in order.columns(row):
                began = time.monotonic()
                begin, end = row.bounds[index], row.bounds[index + 1]
                data = await asyncio.to_thread(self._read, order.source.parts, pictures.span(begin, end))
                if len(data) != sum(pictures.sizes[begin:end]):
                    raise EncodingFailed(first=index, last=index, rows=row.name, reason=SOURCE_ENDS)
                fragment = pictures.fragment(begin, end, data, order.timeline.frame_ticks)
                cell = write_cell(row, index, fragment)
                took = round(1000 * (time.monotonic() - began))
                yield EncodedCell(row=row, index=index, data=cell, encode_ms=took)

    def _read(self, parts: Sequence[Part], ranges: Sequence[tuple[int, int]]) -> bytes:
        return b"".join(read_range(self._store, parts, start, length) for start, length in ranges)

    async def _load(self, key: str) -> Pictures:
        if key not in self._pictures:
            self._pictures[key] = Pictures.from_bytes(await asyncio.to_thread(self._store.read, key))
            while len(self._pictures) > KEPT:
                self._pictures.popitem(last=False)
        self._pictures.move_to_end(key)
        return self._pictures[key]


def _is_idr(read: ReadRange, pictures: Pictures, cut: int) -> bool:
    for most in LOOK_BYTES:
        size = pictures.sizes[cut]
        data = read(pictures.positions[cut], min(most, size))
        try:
            return begins_with_idr(data, size, pictures.config)
        except MediaFormatError:
            continue
    return False


def _header(video: VideoStream, timeline: Timeline, config: bytes) -> RowHeader:
    init = video_init(
        width=video.width,
        height=video.height,
        timescale=timeline.timescale,
        avcc=config,
        colour=output_colour(video),
    )
    return RowHeader(init=init, codecs=video_codec(config), timescale=timeline.timescale, config=config)
