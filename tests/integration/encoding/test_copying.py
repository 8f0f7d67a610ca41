"""The pass-through row: bit-exact, at its place, and only where its rule holds."""

import subprocess
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from tests.integration.encoding.bench import Bench
from tests.oracle.barcode import ffmpeg, read_barcodes
from tests.oracle.sources import X264_B, Clip, make

from vidstead.grid import Row
from vidstead.media import CopySpec, SoundSpec, VideoSpec, read_fragment
from vidstead.storage.adapters.local import LocalStore
from vidstead.storage.testing import MemoryStore

GOP = ("-g", "50", "-keyint_min", "50", "-sc_threshold", "0")
LONG = 12.0

CONFORMING = (
    Clip(name="copy-25", seconds=LONG, video=(*X264_B, *GOP), mux=("-movflags", "+faststart")),
    Clip(name="copy-moov-last", seconds=LONG, video=(*X264_B, *GOP)),
    Clip(name="copy-2997", seconds=LONG, rate=Fraction(30000, 1001), video=(*X264_B, "-g", "60")),
    Clip(
        name="copy-2398-441", seconds=LONG, rate=Fraction(24000, 1001), sample_rate=44100, video=(*X264_B, "-g", "72")
    ),
    Clip(name="copy-60", seconds=6.0, rate=Fraction(60), video=(*X264_B, "-g", "90")),
    Clip(name="copy-no-b-frames", seconds=LONG, video=("-c:v", "libx264", "-preset", "ultrafast", "-g", "25")),
    Clip(name="copy-mov", suffix="mov", seconds=LONG, video=(*X264_B, *GOP), audio=("-c:a", "pcm_s16le")),
    Clip(name="copy-silent", seconds=LONG, channels=0, video=(*X264_B, *GOP)),
    Clip(name="copy-cuts", seconds=LONG, video=(*X264_B, "-g", "140", "-force_key_frames", "0.2,1,3.3,3.4,7.9,11.9")),
)
OTHERS = (
    Clip(name="no-open-gop", seconds=LONG, video=(*X264_B, *GOP, "-x264-params", "open-gop=1")),
    Clip(name="no-long-gop", seconds=LONG, video=(*X264_B, "-g", "300", "-sc_threshold", "0")),
    Clip(name="no-444", seconds=LONG, video=(*X264_B, *GOP, "-pix_fmt", "yuv444p")),
    Clip(name="no-10-bit", seconds=LONG, video=(*X264_B, *GOP, "-pix_fmt", "yuv420p10le")),
    Clip(name="no-full-range", seconds=LONG, video=(*X264_B, *GOP, "-pix_fmt", "yuvj420p")),
    Clip(name="no-fragments", seconds=LONG, video=(*X264_B, *GOP), mux=("-movflags", "+frag_keyframe+empty_moov")),
    Clip(name="no-matroska", suffix="mkv", seconds=LONG, video=(*X264_B, *GOP)),
    Clip(name="no-mid-gop-edit", seconds=LONG, video=(*X264_B, *GOP), then=("-ss", "1.3", "-i", "{}", "-c", "copy")),
    Clip(
        name="no-vfr",
        seconds=LONG,
        video=(*X264_B, *GOP),
        setpts="(N*40+mod(N*7\\,13)+if(gt(N\\,99)\\,3000\\,0))/1000/TB",
    ),
    Clip(name="no-square-pixels", seconds=LONG, video=(*X264_B, *GOP), filters=",setsar=4/3"),
    Clip(
        name="no-sane-bitrate", seconds=6.0, video=("-c:v", "libx264", "-preset", "ultrafast", "-qp", "0", "-g", "50")
    ),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("copying")


async def test_a_plan_is_the_same_over_files_and_over_ranges(folder: Path, tmp_path: Path) -> None:
    """Of a store on local files the parts are opened once, of any other each look is a request; parts end anywhere."""
    file = make(CONFORMING[0], folder)
    one = Bench(MemoryStore(), file, copy=True)
    wanted = await one.publish(2.0)
    assert wanted.pictures is not None
    for store, pieces in ((MemoryStore(), 5), (LocalStore(tmp_path / "one"), 1), (LocalStore(tmp_path / "many"), 7)):
        plan = await Bench(store, file, pieces=pieces, copy=True).publish(2.0)
        assert (plan.timeline, plan.pictures, plan.sound) == (wanted.timeline, wanted.pictures, wanted.sound)


async def test_pictures_pass_through_beside_a_table_of_sound_that_is_wrong(folder: Path, tmp_path: Path) -> None:
    data = bytearray(make(CONFORMING[0], folder).read_bytes())
    samples = data.index(b"stts", data.index(b"soun")) + 12
    data[samples : samples + 4] = (int.from_bytes(data[samples : samples + 4], "big") + 1).to_bytes(4, "big")
    file = tmp_path / "wrong.mp4"
    file.write_bytes(data)
    plan = await Bench(MemoryStore(), file, copy=True).publish(2.0)
    assert plan.pictures is not None
    assert plan.sound is None


async def published(clip: Clip, folder: Path) -> Bench:
    """A source, published as it would be."""
    bench = Bench(MemoryStore(), make(clip, folder), copy=True)
    await bench.publish()
    return bench


def copied(bench: Bench) -> Row | None:
    """The pass-through row of a source, if it has one."""
    return next((row for row in bench.rows if isinstance(row.spec, CopySpec)), None)


async def cells(bench: Bench, row: Row) -> list[bytes]:
    """Every cell of a row, each from a run of its own, the last first."""
    made = await bench.make([row], [(index, 1) for index in reversed(range(row.cells))])
    return [made[row.name, index] for index in range(row.cells)]


def elementary(path: Path | bytes) -> bytes:
    """The coded pictures as ffmpeg copies them out: NAL units and nothing else."""
    given = path if isinstance(path, bytes) else None
    name = "pipe:0" if given else str(path)
    command = [ffmpeg(), "-v", "error", "-i", name, "-map", "0:v:0", "-c", "copy", "-f", "h264", "pipe:1"]
    return subprocess.run(command, input=given, capture_output=True, check=True, timeout=60).stdout


@pytest.mark.parametrize("clip", CONFORMING, ids=lambda clip: clip.name)
async def test_a_conforming_source_is_copied_bit_for_bit(clip: Clip, folder: Path) -> None:
    bench = await published(clip, folder)
    row, timeline = copied(bench), bench.timeline
    assert row is not None
    assert isinstance(row.spec, CopySpec)
    assert (timeline.frames, timeline.rate) == (clip.frames, clip.rate)
    assert max(end - begin for begin, end in pairwise(timeline.bounds)) <= 6 * clip.rate
    made = await cells(bench, row)
    joined = row.header.init + b"".join(made)
    assert elementary(joined) == elementary(make(clip, folder))
    assert read_barcodes(joined) == list(range(clip.frames))
    for data, (begin, end) in zip(made, pairwise(timeline.bounds), strict=True):
        fragment = read_fragment(data)
        shown = [frame * timeline.frame_ticks for frame in range(begin, end)]
        assert sorted(fragment.presentation_times()) == shown
        assert [sample.key for sample in fragment.samples] == [True] + [False] * (end - begin - 1)
        assert len(data) <= row.spec.cell_bytes


@pytest.mark.parametrize("clip", OTHERS, ids=lambda clip: clip.name)
async def test_any_other_source_is_not(clip: Clip, folder: Path) -> None:
    assert copied(await published(clip, folder)) is None


async def test_it_takes_the_place_of_the_rung_of_its_size(folder: Path) -> None:
    bench = await published(CONFORMING[0], folder)
    sizes = [(row.spec.width, row.spec.height) for row in bench.rows if not isinstance(row.spec, SoundSpec)]
    assert len(sizes) == len(set(sizes))
    assert sizes[0] == (CONFORMING[0].width, CONFORMING[0].height)


async def test_its_bounds_are_those_of_every_row(folder: Path) -> None:
    """Encoded rungs over the source's own cuts: the same frames, whichever way and by whomever they are made."""
    clip = Clip(name="copy-and-encode", seconds=LONG, width=640, height=360, video=(*X264_B, "-g", "70"))
    bench = await published(clip, folder)
    row = copied(bench)
    assert row is not None
    others = [other for other in bench.rows if isinstance(other.spec, VideoSpec)]
    assert [other.name for other in others] == ["270p"]
    assert {other.bounds for other in others} == {row.bounds}
    hot = await bench.make(others, [(index, 1) for index in range(row.cells)])
    bulk = await bench.make(others, [(0, row.cells)])
    mixed = {key: (hot if key[1] % 2 else bulk)[key] for key in hot}
    for made in (hot, bulk, mixed):
        joined = others[0].header.init + b"".join(made["270p", index] for index in range(row.cells))
        assert read_barcodes(joined) == list(range(clip.frames))


async def test_its_bandwidth_is_true(folder: Path) -> None:
    bench = await published(CONFORMING[0], folder)
    row = copied(bench)
    assert row is not None
    assert isinstance(row.spec, CopySpec)
    made = await cells(bench, row)
    timeline = bench.timeline
    rates = [8 * len(data) / float(timeline.start(i + 1) - timeline.start(i)) for i, data in enumerate(made)]
    assert max(rates) <= row.bandwidth <= max(rates) * 1.05
    total = 8 * sum(map(len, made)) / float(timeline.duration)
    assert total <= row.spec.bitrate <= total * 1.05
