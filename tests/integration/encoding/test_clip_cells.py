"""Clips of every kind of source: what is the clip's own joins what the film lends, to the frame and to the sample.

The table of sources is ``tests/oracle/sources.py``.
"""

from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest
from tests.integration.encoding.bench import Bench
from tests.integration.encoding.test_sound_copying import CONFORMING as COPIED
from tests.integration.encoding.test_sound_copying import frames_of
from tests.integration.encoding.test_trick import idr_ids
from tests.oracle.barcode import read_barcodes
from tests.oracle.compare import differences, reference_frames
from tests.oracle.sound import likeness, offset_of, placed, read_sound, stereo
from tests.oracle.sources import BY_NAME, make

from vidstead.encoding import Run, Urgency
from vidstead.grid import Grid, NewRow, Row, Source
from vidstead.grid.clips.plan import clip_rows, clip_timeline
from vidstead.media import (
    AAC_FRAME,
    AudioSpec,
    Fragment,
    SoundCopySpec,
    SoundSpec,
    cell_limit,
    lead_frames,
    peak_of_cells,
    plan_cut,
    read_fragment,
    segment_places,
    split_samples,
)
from vidstead.storage.testing import MemoryStore

NAMES = (
    *("mp4-25", "mp4-2997-open-gop", "mp4-mid-gop-edit", "mov-vfr-gap", "mkv-vfr", "ts-open-gop", "flv-441"),
    *(
        pytest.param(name, marks=pytest.mark.large)
        for name in ("mp4-60", "mp4-125-mono", "mp4-fragmented", "mkv-early-sound", "webm-opus")
    ),
)
SEGMENT_SECONDS = 1.0
WHOLE_DB = 24.0


class Scene:
    """A film on the bench, and a clip of it."""

    def __init__(self, bench: Bench, share: tuple[float, float]) -> None:
        """``share``: where the clip begins and ends, as shares of the film."""
        source = Source(id="s", parts=bench.parts, facts=bench.plan.facts, index_key=bench.plan.index_key)
        self.bench = bench
        self.film = Grid(
            id="g", environment_id="e", timeline=bench.timeline, sources=(source,), rows=bench.rows, spares=()
        )
        self.first, self.end = (round(part * bench.timeline.frames) for part in share)
        self.cut = plan_cut(bench.timeline, self.first, self.end)
        self.timeline = clip_timeline(self.film, self.cut)
        self.rows = [self._row(number, row) for number, row in enumerate(clip_rows(self.film, self.cut), 100)]

    def _row(self, number: int, planned: tuple[Row, NewRow]) -> Row:
        lender, new = planned
        return Row(
            **{
                **{name: getattr(lender, name) for name in ("environment_id", "source_id", "name", "generation")},
                **{name: getattr(new, name) for name in ("header", "fingerprint", "bandwidth", "bounds", "loan")},
            },
            id=number,
            grid_id="c",
            spec=new.plan.spec,
        )

    async def cells(self, row: Row) -> list[bytes]:
        """Every cell of a row of the clip: its own, each run of them at once, and those that the film lends."""
        made: dict[int, bytes] = {}
        for run in row.own_columns:
            order = Run(
                source=self.film.sources[0],
                index=self.bench.plan.index,
                timeline=self.timeline,
                rows=(row,),
                first=run.start,
                count=len(run),
                urgency=Urgency.AWAITED,
            )
            async with aclosing(self.bench.encoder.run(order)) as cells:
                async for cell in cells:
                    made[cell.index] = cell.data
        if row.loan and row.loan.columns:
            lender = next(one for one in self.film.rows if one.id == row.loan.row_id)
            first = row.film_column(row.loan.columns.start)
            lent = await self.bench.make([lender], [(first, len(row.loan.columns))])
            made |= {index: lent[lender.name, row.film_column(index)] for index in row.loan.columns}
        return [made[index] for index in range(row.cells)]


@pytest.mark.parametrize("name", NAMES)
async def test_a_clip_is_a_part_of_its_film(name: str, bench: Callable[[str], Bench], clips: Path) -> None:
    one = bench(name)
    await one.publish(SEGMENT_SECONDS)
    scene = Scene(one, (0.23, 0.81))
    assert scene.cut.lent
    assert len(scene.cut.lent) < len(scene.cut.bounds) - 1
    film = reference_frames(make(BY_NAME[name], clips), one.timeline.rate, one.timeline.frames)
    for row in scene.rows:
        cells = await scene.cells(row)
        assert peak(row, cells) <= row.bandwidth
        joined = row.header.init + b"".join(cells)
        if row.spec.kind == "video":
            assert differences(read_barcodes(joined), film[scene.first : scene.end]) == []
            pictures_lie_in_their_slots(row, cells, one.timeline.frame_ticks)
        elif row.spec.kind == "trick":
            shown = read_barcodes(joined)
            assert shown[0] == film[scene.first]
            assert all(film[scene.first] <= number <= film[scene.end - 1] for number in shown)
            assert idr_ids(joined) == [row.film_column(index) % 2 for index in range(row.cells)]
        elif isinstance(row.spec, AudioSpec):
            assert_places(scene, row, [read_fragment(data) for data in cells])
            sound_is_in_its_place(name, row, row.spec, cells)


@pytest.mark.parametrize("name", ["sound-2997-441", "sound-no-edits", "sound-cut-in-a-frame", "sound-mono"])
async def test_copied_sound_is_cut_between_its_frames(name: str, clips: Path) -> None:
    """Its frames are those of the source, one after the other, from the one before the clip on."""
    source = make(next(clip for clip in COPIED if clip.name == name), clips)
    one = Bench(MemoryStore(), source, copy=True)
    await one.publish(SEGMENT_SECONDS)
    scene = Scene(one, (0.23, 0.81))
    row = next(row for row in scene.rows if isinstance(row.spec, SoundCopySpec))
    assert isinstance(row.spec, SoundCopySpec)
    cells = await scene.cells(row)
    fragments = [read_fragment(data) for data in cells]
    assert_places(scene, row, fragments)
    frames = [sample for fragment in fragments for sample in split_samples(fragment)]
    assert len(frames) == row.bounds[-1] - row.bounds[0] + lead_frames(row.spec)
    known = frames_of(source)
    assert any(known[at : at + len(frames)] == frames for at in range(len(known)))
    early = row.spec.lead % AAC_FRAME
    begin, end = (frame / scene.timeline.rate * row.spec.sample_rate for frame in (scene.first, scene.end))
    assert -1 < begin - (row.bounds[0] * AAC_FRAME - early) < AAC_FRAME
    assert abs(row.bounds[-1] * AAC_FRAME - early - end) <= AAC_FRAME / 2
    assert peak(row, cells) <= row.bandwidth
    assert all(len(data) <= cell_limit(row.spec, len(fragments)) for data in cells)


def peak(row: Row, cells: list[bytes]) -> int:
    """The most bit/s over any window of RFC 8216."""
    return peak_of_cells([len(data) for data in cells], *segment_places(row.spec, row.bounds))


def assert_places(scene: Scene, row: Row, fragments: list[Fragment]) -> None:
    """Segments of sound follow each other without a gap; the first begins where the clip's picture does.

    Only of sound that has no frame before its first may it begin up to a frame earlier.
    """
    assert isinstance(row.spec, SoundSpec)
    ends = [fragment.decode_time + fragment.duration for fragment in fragments]
    begins = [fragment.decode_time for fragment in fragments]
    assert (*begins, ends[-1]) == segment_places(row.spec, row.bounds)[0]
    assert begins[1:] == ends[:-1]
    late = scene.first / scene.timeline.rate * row.spec.sample_rate - begins[0]
    assert abs(late) <= 1 / 2 if lead_frames(row.spec) else 0 <= late < AAC_FRAME
    regular = [AAC_FRAME] * (len(fragments[0].samples) - 1)
    assert [sample.duration for sample in fragments[0].samples[1:]] == regular


def pictures_lie_in_their_slots(row: Row, cells: list[bytes], ticks: int) -> None:
    for index, data in enumerate(cells):
        fragment = read_fragment(data)
        begin, end = row.bounds[index : index + 2]
        assert sorted(fragment.presentation_times()) == [frame * ticks for frame in range(begin, end)]
        assert min(fragment.presentation_times()) == fragment.decode_time
        assert fragment.samples[0].key
        assert len(data) <= cell_limit(row.spec, end - begin)


def sound_is_in_its_place(name: str, row: Row, spec: AudioSpec, cells: list[bytes]) -> None:
    clip = BY_NAME[name]
    made = read_sound(row.header.init + b"".join(cells), channels=spec.channels, sample_rate=spec.sample_rate)
    due = round((clip.audio_delay if clip.heard_at is None else clip.heard_at) * spec.sample_rate)
    known = placed(stereo(clip.sound()), due - row.bounds[0] * AAC_FRAME, len(made))
    at = offset_of(made, known, reach=2 * AAC_FRAME)
    slack = round(clip.rounding * spec.sample_rate)
    assert min(abs(at), abs(at - AAC_FRAME)) <= slack, at  # ffmpeg shows the lead of a clip, or hides it
    wanted = placed(known, at, len(made))
    inner = slice(AAC_FRAME, len(made) - 2 * AAC_FRAME)
    assert likeness(made[inner], wanted[inner]) >= WHOLE_DB
