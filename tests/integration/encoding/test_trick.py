"""The trick row: of every column the last key picture at or before its first frame, alone and as long as the column.

The table of sources is ``tests/oracle/sources.py``.
"""

import re
import subprocess
from collections.abc import Callable
from fractions import Fraction
from math import floor
from pathlib import Path

import av
import pytest
from tests.integration.encoding.bench import Bench, Cells
from tests.oracle.barcode import ffmpeg, read_barcodes
from tests.oracle.sources import BY_NAME, CLIPS, X264, X264_B, Clip, make

from vidstead.grid import Row, Source
from vidstead.media import CopySpec, FragmentReader, Timeline, TrickSpec, cell_limit, read_fragment
from vidstead.storage.testing import MemoryStore

PICTURES = [clip.name for clip in CLIPS if clip.video]
TS = Clip(name="ts-25", suffix="ts", video=(*X264_B, "-g", "60"), audio=("-c:a", "aac"))
HEVC = Clip(name="mkv-hevc", suffix="mkv", video=("-c:v", "libx265", "-preset", "ultrafast", "-g", "40"))
INTERLACED = Clip(name="mp4-fields", height=272, video=(*X264_B, "-g", "50", "-flags", "+ildct+ilme"))
NOISE = Clip(
    name="mp4-noise",
    seconds=8,
    width=640,
    height=360,
    video=(*X264, "-g", "25", "-crf", "10"),
    filters=",noise=alls=100:allf=t,eq=contrast=3",
    channels=0,
)
COPIED = Clip(name="trick-copied", seconds=12.0, video=(*X264_B, "-g", "140", "-force_key_frames", "0.2,1,3.3,3.4,7.9"))


def keys_at(path: Path, timeline: Timeline) -> list[int]:
    """The frame that each column should show, by reading the whole file."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        keys = sorted(p.pts for p in container.demux(stream) if p.is_keyframe and p.pts is not None)
        base = stream.time_base or Fraction(1)
    with av.open(str(path)) as container:
        times = [frame.pts for frame in container.decode(video=0) if frame.pts is not None]
    shown = dict(zip(times, read_barcodes(path), strict=True))
    start = times[0]
    wanted = []
    for column in range(timeline.cells):
        last = start + floor((timeline.start(column) + Fraction(1, 4) / timeline.rate) / base)
        wanted.append(shown[max([key for key in keys if start <= key <= last], default=start)])
    return wanted


def pictures(one: Bench, row: Row, cells: Cells) -> list[int]:
    """The frame that each cell shows, after a look at what it is."""
    ticks = one.timeline.frame_ticks
    for index in range(row.cells):
        data = cells[row.name, index]
        fragment = read_fragment(data)
        begin, end = row.bounds[index : index + 2]
        (sample,) = fragment.samples
        assert (sample.key, sample.duration, sample.composition_offset) == (True, (end - begin) * ticks, 0)
        assert fragment.decode_time == begin * ticks
        assert len(data) <= cell_limit(row.spec, end - begin)
    return read_barcodes(one.joined(row, cells))


@pytest.mark.parametrize("name", PICTURES)
async def test_every_column_shows_its_key_picture(name: str, bench: Callable[[str], Bench], clips: Path) -> None:
    one = bench(name)
    await one.publish(2.0)
    (row,) = one.of_kind("trick")
    assert row.bounds == one.timeline.bounds
    wanted = keys_at(make(BY_NAME[name], clips), one.timeline)
    for runs in (one.one_by_one(), one.all_at_once(), one.mixed()):
        assert pictures(one, row, await one.make([row], runs)) == wanted, runs


@pytest.mark.parametrize("clip", [TS, HEVC, INTERLACED], ids=lambda clip: clip.name)
async def test_other_containers_and_codecs(clip: Clip, clips: Path) -> None:
    path = make(clip, clips)
    one = Bench(MemoryStore(), path)
    await one.publish(2.0)
    (row,) = one.of_kind("trick")
    assert pictures(one, row, await one.make([row], one.mixed())) == keys_at(path, one.timeline)


async def test_beside_a_row_that_passes_through_it_is_the_first_frame(clips: Path) -> None:
    one = Bench(MemoryStore(), make(COPIED, clips), copy=True)
    await one.publish(1.5)
    assert any(isinstance(row.spec, CopySpec) for row in one.rows)
    (row,) = one.of_kind("trick")
    made = await one.make([row], one.all_at_once())
    assert pictures(one, row, made) == list(one.timeline.bounds[:-1])


async def test_hot_and_bulk_have_the_rows_header_and_alternate(bench: Callable[[str], Bench]) -> None:
    """Pictures that follow each other have different ``idr_pic_id``, whoever made them (ITU-T H.264, 7.4.3)."""
    one = bench("mp4-25")
    await one.publish(2.0)
    (row,) = one.of_kind("trick")
    assert row.header.codecs == "avc1.4d400c"
    for runs in (one.one_by_one(), one.all_at_once(), one.mixed()):
        joined = one.joined(row, await one.make([row], runs))
        reader = FragmentReader()
        reader.feed(joined)
        assert reader.header is not None
        assert reader.header.config == row.header.config
        assert idr_ids(joined) == [index % 2 for index in range(row.cells)]


def idr_ids(joined: bytes) -> list[int]:
    command = [ffmpeg(), "-v", "verbose", "-i", "pipe:0", "-c", "copy", "-bsf:v", "trace_headers", "-f", "null", "-"]
    said = subprocess.run(command, input=joined, capture_output=True, check=True, timeout=60).stderr.decode()
    return [int(found) for found in re.findall(r"idr_pic_id .*= (\d+)", said)]


async def test_noise_keeps_to_the_bound(clips: Path) -> None:
    one = Bench(MemoryStore(), make(NOISE, clips))
    await one.publish(1.0)
    (row,) = one.of_kind("trick")
    assert isinstance(row.spec, TrickSpec)
    cells = await one.make([row], one.all_at_once())
    sizes = [len(data) for data in cells.values()]
    assert row.spec.most_bytes / 2 < max(sizes) <= row.spec.most_bytes
    seconds = float(one.timeline.duration) / one.timeline.cells
    assert 8 * max(sizes) / seconds <= row.bandwidth


async def test_fillers_hold_the_picture_before_or_are_black(bench: Callable[[str], Bench]) -> None:
    one = bench("mp4-25")
    await one.publish(2.0)
    (row,) = one.of_kind("trick")
    source = Source(id="s", parts=one.parts, facts=one.plan.facts, index_key=one.plan.index_key)
    cells = await one.make([row], one.all_at_once())
    cells[row.name, 0] = await one.encoder.filler(source, one.timeline, row, 0, None)
    cells[row.name, 3] = await one.encoder.filler(source, one.timeline, row, 3, cells[row.name, 2])
    made = pictures(one, row, cells)
    assert made[0] == 0
    assert made[3] == made[2] != made[4]
    assert idr_ids(one.joined(row, cells)) == [index % 2 for index in range(row.cells)]
