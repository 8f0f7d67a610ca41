"""What a picture looks like: turned, stretched, interlaced, in other ranges, codecs and depths."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from tests.integration.encoding.bench import Bench
from tests.oracle.barcode import ffmpeg, read_barcodes
from tests.oracle.sources import BY_NAME, make

from vidstead.grid import Row
from vidstead.media import VideoSpec
from vidstead.storage.adapters.local import LocalStore


def run(command: list[str], data: bytes | None = None) -> bytes:
    """What a program writes."""
    return subprocess.run(command, input=data, capture_output=True, check=True, timeout=120).stdout


def convert(clips: Path, target: Path, before: tuple[str, ...], after: tuple[str, ...]) -> Path:
    """The clip ``mp4-25`` through ffmpeg once more, its first three seconds."""
    source = str(make(BY_NAME["mp4-25"], clips))
    command = [ffmpeg(), "-v", "error", "-y", *before, "-i", source, "-t", "3", "-an", *after, str(target)]
    run(command)
    return target


async def first_cell(file: Path, tmp_path: Path) -> tuple[Bench, Row, bytes]:
    """The source, its best row, and the second of its cells of one second."""
    one = Bench(LocalStore(tmp_path / "store"), file)
    await one.publish(1.0)
    row = one.of_kind("video")[0]
    cells = await one.make([row], [(1, 1)])
    return one, row, row.header.init + cells[row.name, 1]


X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25")
CODECS: dict[str, tuple[str, ...]] = {
    "hevc-10bit": ("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-x265-params", "log-level=0"),
    "vp9": ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"),
    "av1": ("-c:v", "libsvtav1", "-preset", "12", "-crf", "25"),
    "prores": ("-c:v", "prores_ks", "-profile:v", "2"),
    "mpeg4": ("-c:v", "mpeg4", "-q:v", "3", "-bf", "2"),
    "mjpeg": ("-c:v", "mjpeg", "-q:v", "3"),
    "rgb": ("-c:v", "libx264rgb", "-preset", "ultrafast", "-crf", "15"),
}


@pytest.mark.parametrize("codec", CODECS)
async def test_other_codecs_are_read(codec: str, clips: Path, tmp_path: Path) -> None:
    file = convert(clips, tmp_path / "source.mov" if codec == "prores" else tmp_path / "source.mkv", (), CODECS[codec])
    _, row, data = await first_cell(file, tmp_path)
    assert read_barcodes(data) == list(range(25, 50))
    assert row.header.codecs.startswith("avc1.64")


@pytest.mark.parametrize(
    ("degrees", "back"), [(90, "transpose=clock,"), (180, "hflip,vflip,"), (270, "transpose=cclock,")]
)
async def test_turned_pictures_come_out_upright(degrees: int, back: str, clips: Path, tmp_path: Path) -> None:
    # The pictures are stored turned, with the note that makes them upright: as a telephone does it.
    stored = convert(clips, tmp_path / "stored.mp4", (), ("-vf", back.rstrip(","), *X264))
    file = tmp_path / "source.mp4"
    command = [ffmpeg(), "-v", "error", "-display_rotation", str(degrees), "-i", str(stored), "-c", "copy", str(file)]
    run(command)
    one, row, data = await first_cell(file, tmp_path)
    assert one.plan.facts.video is not None
    assert one.plan.facts.video.rotation in (90, 180, 270)
    assert isinstance(row.spec, VideoSpec)
    assert (row.spec.width, row.spec.height) == (480, 270)
    assert read_barcodes(data) == list(range(25, 50))


async def test_stretched_pixels_become_square(clips: Path, tmp_path: Path) -> None:
    file = convert(clips, tmp_path / "source.mp4", (), ("-vf", "scale=360:270,setsar=4/3", *X264))
    _, row, data = await first_cell(file, tmp_path)
    assert isinstance(row.spec, VideoSpec)
    assert (row.spec.width, row.spec.height) == (480, 270)
    assert read_barcodes(data) == list(range(25, 50))


async def test_interlaced_pictures_are_woven(clips: Path, tmp_path: Path) -> None:
    options = ("-vf", "setfield=tff,scale=480:272", *X264, "-flags", "+ildct+ilme", "-x264-params", "tff=1")
    file = convert(clips, tmp_path / "source.mp4", (), options)
    one, _, data = await first_cell(file, tmp_path)
    assert one.plan.facts.video is not None
    assert one.plan.facts.video.interlaced
    assert read_barcodes(data) == list(range(25, 50))


COLOURS = {
    "bt709-limited": ("bt709", "tv"),
    "bt709-full": ("bt709", "pc"),
    "smpte170m-limited": ("smpte170m", "tv"),
    "smpte170m-full": ("smpte170m", "pc"),
    "bt2020nc-limited": ("bt2020nc", "tv"),
}


@pytest.mark.parametrize("look", COLOURS)
async def test_colours_stay_what_they_are(look: str, tmp_path: Path) -> None:
    """Four flat colours come back as the same RGB, within what 8 bits and compression lose."""
    matrix, reach = COLOURS[look]
    wanted = [(200, 40, 40), (40, 180, 60), (50, 60, 200), (230, 220, 40)]
    picture = np.zeros((240, 320, 3), np.uint8)
    for number, colour in enumerate(wanted):
        picture[:, number * 80 : number * 80 + 80] = colour
    convert_to = f"scale=out_color_matrix={matrix}:out_range={reach},format=yuv420p"
    marks = ("-colorspace", matrix, "-color_range", reach, "-color_primaries", "bt709", "-color_trc", "bt709")
    file = tmp_path / "source.mp4"
    command = [
        ffmpeg(),
        "-v",
        "error",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-s",
        "320x240",
        "-r",
        "25",
        "-i",
        "pipe:0",
    ]
    command += ["-vf", convert_to, *marks, "-c:v", "libx264", "-crf", "10", str(file)]
    run(command, picture.tobytes() * 50)
    one, row, data = await first_cell(file, tmp_path)
    assert one.plan.facts.video is not None
    assert one.plan.facts.video.colour.full_range == (reach == "pc")
    command = [ffmpeg(), "-v", "error", "-i", "pipe:0", "-vf", "scale=320:240,format=rgb24", "-frames:v", "1"]
    shown = run([*command, "-f", "rawvideo", "pipe:1"], data)
    frame = np.frombuffer(shown, np.uint8).reshape(240, 320, 3).astype(int)
    for number, colour in enumerate(wanted):
        middle = frame[60:180, number * 80 + 20 : number * 80 + 60].mean(axis=(0, 1))
        assert np.abs(middle - np.array(colour)).max() < 9, (colour, middle)
    assert row.header.config in data
