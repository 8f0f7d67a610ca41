"""The row of sound that passes through: AAC frames copied from the source, byte for byte.

As with pictures (``copier``), the ``moov`` says where every frame lies, and a cell is some of them with a new header:
no child, no decoder. Frames lie in small groups between the pictures, so groups that are near each other are read at
once, with what is between.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from fractions import Fraction
from itertools import pairwise

from vidstead.encoding.adapters.cutters import write_cell
from vidstead.encoding.adapters.feeding import asset_zero
from vidstead.encoding.adapters.grant import read_range
from vidstead.encoding.adapters.movie import Movies
from vidstead.encoding.errors import EncodingFailed
from vidstead.encoding.ports import EncodedCell, Run, SoundPlan
from vidstead.grid import Part, sound_key
from vidstead.media import (
    AAC_FRAME,
    MOST_SOUND_PEAK,
    MediaFormatError,
    RowHeader,
    SoundCopySpec,
    SoundFrames,
    SourceFacts,
    Timeline,
    aac_config,
    audio_codec,
    audio_init,
    conforming_sound,
    fragment_overhead,
    peak_of_cells,
    segment_bounds,
)
from vidstead.storage import ObjectStore

NEAR_BYTES = 64 << 10
"""Groups of frames that are no further apart than this are read at once."""
KEPT = 16
"""Sources whose frames are kept in memory."""


class SoundCopier:
    """Plans rows of sound that pass through, and makes their cells."""

    def __init__(self, store: ObjectStore, movies: Movies) -> None:
        self._store = store
        self._movies = movies
        self._frames: OrderedDict[str, SoundFrames] = OrderedDict()

    async def plan(self, parts: Sequence[Part], facts: SourceFacts, timeline: Timeline) -> SoundPlan | None:
        """See ``Copier.plan_sound`` in ``ports``."""
        if not facts.audio or facts.audio[0].codec != "aac" or "mp4" not in facts.container:
            return None
        return await asyncio.to_thread(self._plan, parts, facts, timeline)

    def _plan(self, parts: Sequence[Part], facts: SourceFacts, timeline: Timeline) -> SoundPlan | None:
        try:
            tables = self._movies.tables(parts, "audio")
            if len(tables) != 1:
                return None
            frames = conforming_sound(facts.audio[0], tables[0], asset_zero(facts))
        except MediaFormatError:
            return None  # sound that can't be copied can still be decoded
        bounds = frames.bounds(timeline) if frames else None
        return _sound_plan(frames, bounds, facts.audio[0].language) if frames and bounds else None

    async def run(self, order: Run) -> AsyncGenerator[EncodedCell]:
        """The cells of a run of rows of sound that pass through."""
        for row in order.rows:
            frames = await self._load(sound_key(row.environment_id, order.source.id))
            for index in order.columns(row):
                began = time.monotonic()
                kept = frames.frames_of(*row.bounds[index : index + 2], first=index == 0)
                data = await asyncio.to_thread(self._read, order.source.parts, frames.span(kept))
                if len(data) != sum(frames.sizes_of(kept)):
                    raise EncodingFailed(first=index, last=index, rows=row.name, reason="the source ends before this")
                cell = write_cell(row, index, frames.fragment(kept, data))
                took = round(1000 * (time.monotonic() - began))
                yield EncodedCell(row=row, index=index, data=cell, encode_ms=took)

    def _read(self, parts: Sequence[Part], ranges: Sequence[tuple[int, int]]) -> bytes:
        pieces = []
        for group in _groups(ranges):
            start, stop = group[0][0], sum(group[-1])
            data = read_range(self._store, parts, start, stop - start)
            pieces += [data[at - start : at - start + size] for at, size in group]
        return b"".join(pieces)

    async def _load(self, key: str) -> SoundFrames:
        if key not in self._frames:
            self._frames[key] = SoundFrames.from_bytes(await asyncio.to_thread(self._store.read, key))
            while len(self._frames) > KEPT:
                self._frames.popitem(last=False)
        self._frames.move_to_end(key)
        return self._frames[key]


def _groups(ranges: Sequence[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Ranges that are read together: each begins behind the one before, and near it."""
    groups: list[list[tuple[int, int]]] = []
    for found in ranges:
        if groups and 0 <= found[0] - sum(groups[-1][-1]) <= NEAR_BYTES:
            groups[-1].append(found)
        else:
            groups.append([found])
    return groups


def _sound_plan(frames: SoundFrames, bounds: tuple[int, ...], language: str | None) -> SoundPlan | None:
    whole = segment_bounds(bounds, frames.before)
    lengths = [end - begin for begin, end in pairwise(whole)]
    overheads = [fragment_overhead(length, numbers=1) for length in lengths]
    sizes = [size + overhead for size, overhead in zip(frames.cell_sizes(bounds), overheads, strict=True)]
    frame = Fraction(AAC_FRAME, frames.sample_rate)
    peak = peak_of_cells(sizes, whole, frame)
    if peak > MOST_SOUND_PEAK:
        return None
    spec = SoundCopySpec(
        sample_rate=frames.sample_rate,
        channels=frames.channels,
        bitrate=round(8 * sum(sizes) / (sum(lengths) * frame)),
        cell_bytes=max(sizes),
        language=language,
        lead=frames.lead,
    )
    config = aac_config(sample_rate=spec.sample_rate, channels=spec.channels)
    init = audio_init(
        sample_rate=spec.sample_rate,
        channels=spec.channels,
        asc=config,
        bitrate=spec.bitrate,
        language=language,
        lead=spec.lead,
    )
    header = RowHeader(init=init, codecs=audio_codec(config), timescale=spec.sample_rate, config=config)
    return SoundPlan(spec=spec, header=header, bandwidth=peak, bounds=bounds, frames=frames.to_bytes())
