"""What people upload: containers and codecs, depths and rates, sizes, clocks and gaps; every slot shows its frame.

Sources that differ in where their frames lie are in ``tests/oracle/sources.py``, those that differ in how they look in
``test_looks.py``.
"""

import subprocess
from fractions import Fraction
from pathlib import Path

import pytest
from tests.integration.encoding.bench import Bench
from tests.oracle.barcode import ffmpeg, read_barcodes
from tests.oracle.compare import differences, reference_frames
from tests.oracle.sources import X264_B, Clip, make

from vidstead.encoding import SourceCodecUnsupported
from vidstead.media import VideoSpec
from vidstead.storage.adapters.local import LocalStore

FAST = ("-preset", "ultrafast")
X265 = ("-c:v", "libx265", *FAST, "-x265-params", "log-level=0:bframes=3:keyint=50")
MPEG2 = ("-c:v", "mpeg2video", "-q:v", "4", "-g", "15", "-bf", "2")
MPEG4 = ("-c:v", "mpeg4", "-q:v", "4", "-g", "40", "-bf", "2")
DNXHR = ("-c:v", "dnxhd", "-profile:v", "dnxhr_sq", "-pix_fmt", "yuv422p")
PCM = ("-c:a", "pcm_s16le")
NTSC = Fraction(30000, 1001)


def _clip(name: str, suffix: str, video: tuple[str, ...], **more: object) -> Clip:
    settled: dict[str, object] = {"seconds": 4.0, "channels": 0, **more}
    return Clip(name=name, suffix=suffix, video=video, **settled)  # type: ignore[arg-type]


AVI = [
    _clip("avi-mpeg4", "avi", MPEG4),
    _clip("avi-xvid-sound", "avi", ("-c:v", "mpeg4", "-q:v", "4", "-g", "40"), channels=2, audio=("-c:a", "mp3")),
    _clip("avi-mjpeg", "avi", ("-c:v", "mjpeg", "-q:v", "3"), channels=2, audio=PCM),
    _clip("avi-avc", "avi", (*X264_B, "-bf", "0", "-g", "50")),
    _clip("avi-ntsc", "avi", MPEG4, rate=NTSC),
]
CODECS = [
    _clip("mp4-hevc", "mp4", (*X265, "-tag:v", "hvc1")),
    _clip("ts-hevc", "ts", X265),
    _clip("mkv-hevc-422-10", "mkv", (*X265, "-pix_fmt", "yuv422p10le")),
    _clip("mkv-hevc-444-12", "mkv", (*X265, "-pix_fmt", "yuv444p12le")),
    _clip("mkv-avc-422-10", "mkv", (*X264_B, "-pix_fmt", "yuv422p10le")),
    _clip("mkv-avc-444", "mkv", (*X264_B, "-pix_fmt", "yuv444p")),
    _clip("webm-vp8", "webm", ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M", "-g", "40")),
    _clip("webm-vp9", "webm", ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "40")),
    _clip("mp4-vp9", "mp4", ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "40")),
    _clip("mp4-av1", "mp4", ("-c:v", "libsvtav1", "-preset", "12", "-crf", "25", "-g", "40")),
    _clip("mkv-av1", "mkv", ("-c:v", "libsvtav1", "-preset", "12", "-crf", "25", "-g", "40")),
    _clip("ts-mpeg2", "ts", MPEG2),
    _clip("mpg-mpeg2", "mpg", MPEG2),
    _clip("mxf-mpeg2", "mxf", MPEG2, channels=2, audio=PCM),
    _clip("mov-prores-4444", "mov", ("-c:v", "prores_ks", "-profile:v", "4", "-pix_fmt", "yuv444p10le")),
    _clip("mov-mjpeg", "mov", ("-c:v", "mjpeg", "-q:v", "3")),
    _clip("mp4-mpeg4", "mp4", MPEG4),
    _clip("3gp-mpeg4", "3gp", MPEG4, audio=("-c:a", "aac"), channels=1),
    _clip("mov-jpeg2000", "mov", ("-c:v", "jpeg2000", "-q:v", "5")),
    _clip("nut-ffv1", "nut", ("-c:v", "ffv1")),
    _clip("ogv-theora", "ogv", ("-c:v", "libtheora", "-q:v", "7", "-g", "40")),
    _clip("flv-flv1", "flv", ("-c:v", "flv1", "-q:v", "4", "-g", "40")),
]
CLOCKS = [
    _clip("mp4-10", "mp4", (*X264_B, "-g", "20"), rate=Fraction(10), seconds=6),
    _clip("mp4-120", "mp4", (*X264_B, "-g", "120"), rate=Fraction(120), seconds=2),
    _clip("ts-wrapped", "ts", (*X264_B, "-g", "50"), mux=("-output_ts_offset", "95441.7")),
    _clip("ts-gap", "ts", (*X264_B, "-g", "50"), setpts="(N*40+if(gt(N\\,60)\\,1200\\,0))/1000/TB"),
    _clip("mkv-no-index-nor-length", "mkv", (*X264_B, "-g", "50"), mux=("-live", "1")),
    _clip("mkv-endless-gop", "mkv", (*X264_B, "-g", "9999", "-keyint_min", "9999", "-sc_threshold", "0"), seconds=8),
    _clip("mp4-key-each", "mp4", (*X264_B, "-g", "1")),
    _clip("flv-no-length", "flv", (*X264_B, "-g", "50"), mux=("-flvflags", "no_duration_filesize+no_metadata")),
    _clip(
        "mp4-fragments-by-time",
        "mp4",
        X264_B,
        mux=("-movflags", "empty_moov+default_base_moof", "-frag_duration", "700000"),
    ),
    _clip("mp4-refresh", "mp4", (*X264_B, "-g", "50", "-x264-params", "intra-refresh=1:bframes=0"), rate=NTSC),
]


@pytest.mark.parametrize("clip", [*CODECS, *AVI, *CLOCKS], ids=lambda clip: clip.name)
async def test_every_slot_shows_its_frame(clip: Clip, clips: Path, tmp_path: Path) -> None:
    file = make(clip, clips)
    one = Bench(LocalStore(tmp_path / "objects"), file)
    await one.publish(1.5)
    row = one.of_kind("video")[-1]
    wanted = reference_frames(file, one.timeline.rate, one.timeline.frames)
    most = min(clip.frames, one.timeline.frames)
    assert len(set(wanted)) > 0.9 * most, "the reference shows nearly all of them"
    for runs in (one.one_by_one(), one.all_at_once()):
        cells = await one.make([row], runs)
        assert differences(read_barcodes(one.joined(row, cells)), wanted) == [], runs


async def test_what_is_not_carried_is_said_so(clips: Path, tmp_path: Path) -> None:
    one = Bench(LocalStore(tmp_path / "objects"), make(_clip("mov-dnxhr", "mov", DNXHR), clips))
    with pytest.raises(SourceCodecUnsupported, match="dnxhd"):
        await one.publish(1.5)


SIZES = {
    "odd": (427, 241, (426, 240)),
    "smallest": (64, 64, (64, 64)),
    "portrait": (270, 480, (270, 480)),
    "square": (480, 480, (480, 480)),
    "ultra-wide": (1280, 270, (1280, 270)),
    "sliver": (64, 720, (64, 720)),
}


@pytest.mark.parametrize("size", SIZES)
async def test_every_size_comes_out_upright_and_whole(size: str, tmp_path: Path) -> None:
    width, height, best = SIZES[size]
    file = tmp_path / "source.mkv"
    picture = f"color=red:size={width}x{height}:rate=25:duration=2"
    draw(picture, file)
    one = Bench(LocalStore(tmp_path / "objects"), file)
    await one.publish(1.0)
    rows = one.of_kind("video")
    specs = [row.spec for row in rows if isinstance(row.spec, VideoSpec)]
    assert (specs[0].width, specs[0].height) == best
    cells = await one.make(rows, [(1, 1), (0, 1)])
    assert len(cells) == 2 * len(rows)


def draw(picture: str, file: Path) -> None:
    """A generated picture as a film without sound."""
    command = [ffmpeg(), "-v", "error", "-f", "lavfi", "-i", picture, "-c:v", "libx264rgb", *FAST, str(file)]
    subprocess.run(command, check=True, timeout=60)
