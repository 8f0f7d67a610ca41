"""Sound that passes through: the source's own frames, where the source has them, and only where its rule holds."""

from fractions import Fraction
from pathlib import Path

import av
import pytest
from tests.integration.encoding.bench import Bench
from tests.integration.encoding.test_sound import START_DB, WHOLE_DB
from tests.oracle.sound import likeness, offset_of, placed, read_sound
from tests.oracle.sources import X264, X264_B, Clip, make

from vidstead.grid import Row
from vidstead.media import (
    AAC_FRAME,
    SoundCopySpec,
    average_bandwidth,
    lead_frames,
    read_fragment,
    segment_bounds,
    split_samples,
)
from vidstead.storage.testing import MemoryStore

VIDEO = (*X264, "-g", "75")
AAC = ("-c:a", "aac", "-b:a", "160k")
MUCH_MS = 1.0

CONFORMING = (
    Clip(name="sound-25", video=VIDEO, audio=AAC, mux=("-movflags", "+faststart")),
    Clip(name="sound-2997-441", video=VIDEO, audio=AAC, rate=Fraction(30000, 1001), sample_rate=44100),
    Clip(name="sound-mono", video=VIDEO, audio=("-c:a", "aac", "-b:a", "96k"), channels=1, seconds=7.3),
    Clip(name="sound-mov", suffix="mov", video=VIDEO, audio=AAC),
    # Nothing says that the encoder's first frame is none of the sound, so it is heard.
    Clip(name="sound-no-edits", video=VIDEO, audio=AAC, mux=("-use_editlist", "0"), heard_at=AAC_FRAME / 48000),
    Clip(name="sound-early", video=VIDEO, audio=AAC, audio_delay=-0.35),
    Clip(
        name="sound-cut-in-a-frame",
        video=(*X264_B, "-g", "60"),
        audio=AAC,
        then=("-ss", "1.3", "-i", "{}", "-c", "copy"),
        heard_at=-1.3,
    ),
    Clip(name="sound-alone", suffix="m4a", video=(), audio=AAC),
    Clip(name="sound-beside-hevc", video=("-c:v", "libx265", "-preset", "ultrafast", "-g", "50"), audio=AAC, seconds=6),
)
OTHERS = (
    Clip(name="no-32k", video=VIDEO, sample_rate=32000, seconds=5),
    Clip(name="no-surround", video=VIDEO, channels=6, audio=("-c:a", "aac", "-b:a", "256k"), seconds=5),
    Clip(name="no-late", video=VIDEO, audio_delay=0.72, seconds=5),
    Clip(name="no-fragments", video=VIDEO, mux=("-movflags", "+frag_keyframe+empty_moov"), seconds=5),
    Clip(name="no-matroska", suffix="mkv", video=VIDEO, seconds=5),
    Clip(name="no-aac", video=VIDEO, audio=("-c:a", "libmp3lame"), seconds=5),
    Clip(name="no-sane-bitrate", video=VIDEO, audio=("-c:a", "aac", "-b:a", "420k"), seconds=5),
    Clip(name="no-hole", video=VIDEO, seconds=8, hole=(3.0, 3.5)),
    Clip(name="no-short", video=VIDEO, seconds=12, hole=(5.0, 99.0)),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sound")


async def published(clip: Clip, folder: Path) -> Bench:
    """A source, published as it would be."""
    bench = Bench(MemoryStore(), make(clip, folder), copy=True)
    await bench.publish(2.0)
    return bench


def copied(bench: Bench) -> Row | None:
    """The row of sound that passes through, if there is one."""
    return next((row for row in bench.rows if isinstance(row.spec, SoundCopySpec)), None)


def frames_of(file: Path) -> list[bytes]:
    """The packets of sound, as a demuxer has them."""
    with av.open(str(file)) as container:
        return [bytes(packet) for packet in container.demux(container.streams.audio[0]) if packet.size]


@pytest.mark.parametrize("clip", CONFORMING, ids=lambda clip: clip.name)
async def test_conforming_sound_is_copied_frame_by_frame(clip: Clip, folder: Path) -> None:
    bench = await published(clip, folder)
    row = copied(bench)
    assert row is not None
    assert isinstance(row.spec, SoundCopySpec)
    hot = await bench.make([row], bench.one_by_one())
    bulk = await bench.make([row], bench.all_at_once())
    assert hot == bulk == await bench.make([row], bench.mixed())
    fragments = [read_fragment(bulk[row.name, index]) for index in range(row.cells)]
    bounds = segment_bounds(row.bounds, lead_frames(row.spec))
    assert [fragment.decode_time for fragment in fragments] == [bound * AAC_FRAME for bound in bounds[:-1]]
    assert sum(fragment.duration for fragment in fragments) == bounds[-1] * AAC_FRAME
    assert row.spec.cell_bytes - 40 <= max(len(data) for data in bulk.values()) <= row.spec.cell_bytes
    kept = [sample for fragment in fragments for sample in split_samples(fragment)]
    known = frames_of(make(clip, folder))
    first = next(at for at in range(len(known)) if known[at : at + len(kept)] == kept)
    assert len(known) - first - len(kept) <= 1 or clip.seconds > float(bench.timeline.duration), "nothing is left out"
    in_its_place(clip, bench, row, bench.joined(row, bulk))


def in_its_place(clip: Clip, bench: Bench, row: Row, joined: bytes) -> None:
    """The sound is where it was recorded, from the first sample to the last, and cells end near the picture's."""
    spec = row.spec
    assert isinstance(spec, SoundCopySpec)
    made = read_sound(joined, channels=spec.channels, sample_rate=spec.sample_rate)
    early = spec.lead % AAC_FRAME
    assert len(made) == row.bounds[-1] * AAC_FRAME - early
    due = round((clip.audio_delay if clip.heard_at is None else clip.heard_at) * spec.sample_rate)
    at = offset_of(made, placed(clip.sound(), 0, len(made)), reach=2 * spec.sample_rate)
    assert abs(at - due) <= MUCH_MS / 1000 * spec.sample_rate
    wanted = placed(clip.sound(), at, len(made))
    end = at + round(clip.seconds * spec.sample_rate) - 2 * AAC_FRAME
    last = slice(min(end, len(made)) - spec.sample_rate, min(end, len(made)))
    begin = max(0, at)
    assert likeness(made[begin:end], wanted[begin:end]) >= WHOLE_DB
    assert likeness(made[begin : begin + AAC_FRAME], wanted[begin : begin + AAC_FRAME]) >= START_DB
    assert likeness(made[last], wanted[last]) >= WHOLE_DB, "at the end too"
    for cell in range(1, row.cells):
        place = Fraction(row.bounds[cell] * AAC_FRAME - early, spec.sample_rate)
        assert abs(place - bench.timeline.start(cell)) <= Fraction(AAC_FRAME, 2 * spec.sample_rate)


@pytest.mark.parametrize("clip", OTHERS, ids=lambda clip: clip.name)
async def test_any_other_sound_is_encoded(clip: Clip, folder: Path) -> None:
    bench = await published(clip, folder)
    assert copied(bench) is None
    assert len(bench.of_kind("audio")) == 1


async def test_what_it_declares_is_true(folder: Path) -> None:
    bench = await published(CONFORMING[0], folder)
    row = copied(bench)
    assert row is not None
    cells = await bench.make([row], bench.all_at_once())
    seconds = segment_bounds(row.bounds, 1)[-1] * AAC_FRAME / 48000
    total = 8 * sum(map(len, cells.values())) / seconds
    assert total <= average_bandwidth(row.spec, row.bounds) <= total * 1.01
    assert row.header.codecs == "mp4a.40.2"
