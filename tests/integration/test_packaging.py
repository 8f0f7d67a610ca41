"""A whole presentation on disk, its cells and playlists ours, read by the real ffmpeg as a player would."""

import subprocess
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg
import pytest

from vidstead.media import (
    AAC_FRAME,
    Colour,
    Fragment,
    FragmentReader,
    MovieHeader,
    Timeline,
    align,
    audio_bounds,
    audio_init,
    join_fragments,
    segment_bounds,
    slice_fragment,
    uniform_timeline,
    video_init,
    write_fragment,
)
from vidstead.packaging import (
    AudioTrack,
    Presentation,
    VideoTrack,
    manifest,
    media_playlist,
    multivariant_playlist,
)

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
RATE = Fraction(30000, 1001)
FRAMES = 131
TIMELINE = uniform_timeline(rate=RATE, frames=FRAMES, segment_seconds=1)
FRAGMENTED = ("-movflags", "+frag_discont+frag_keyframe+empty_moov+default_base_moof", "-use_editlist", "0")
ALLOWED = ("-allowed_extensions", "ALL", "-extension_picky", "0")


def ffmpeg(*arguments: str) -> bytes:
    done = subprocess.run(
        [FFMPEG, "-v", "warning", "-nostdin", *arguments], capture_output=True, timeout=120, check=True
    )
    return done.stdout


def read(data: bytes) -> tuple[MovieHeader, Fragment]:
    reader = FragmentReader()
    fragments = reader.feed(data)
    reader.close()
    assert reader.header is not None
    return reader.header, join_fragments(fragments)


def write(folder: Path, init: bytes, whole: Fragment, bounds: tuple[int, ...], ticks: int) -> None:
    folder.mkdir(parents=True)
    (folder / "init.mp4").write_bytes(init)
    kind = "video" if any(not sample.key for sample in whole.samples) else "audio"
    for index in range(len(bounds) - 1):
        cell = align(slice_fragment(whole, bounds[index], bounds[index + 1]), start=bounds[index] * ticks)
        (folder / f"{index}.m4s").write_bytes(
            write_fragment(sequence=index + 1, fragment=cell, track_kind="audio" if kind == "audio" else "video")
        )


def picture(folder: Path, size: tuple[int, int]) -> VideoTrack:
    keys = "+".join(f"eq(n,{bound})" for bound in TIMELINE.bounds[:-1])
    header, whole = read(
        ffmpeg(
            *("-f", "lavfi", "-i", f"testsrc2=size={size[0]}x{size[1]}:rate={RATE}", "-frames:v", str(FRAMES)),
            *("-c:v", "libx264", "-preset", "veryfast", "-g", "9999", "-sc_threshold", "0", "-pix_fmt", "yuv420p"),
            *("-force_key_frames", f"expr:{keys}", "-video_track_timescale", "30000", *FRAGMENTED, "-f", "mp4", "-"),
        )
    )
    slug = f"{size[1]}p-1"
    init = video_init(width=size[0], height=size[1], timescale=30000, avcc=header.config, colour=Colour())
    write(folder / slug, init, whole, TIMELINE.bounds, 1001)
    return VideoTrack(
        slug=slug,
        codecs="avc1.64000d",
        timescale=30000,
        bounds=TIMELINE.bounds,
        frame_ticks=1001,
        bandwidth=size[1] * 5000,
        average_bandwidth=size[1] * 4000,
        width=size[0],
        height=size[1],
        rate=RATE,
    )


def sound(folder: Path, timeline: Timeline) -> AudioTrack:
    bounds = audio_bounds(timeline, sample_rate=48000, samples=int(timeline.duration * 48000))
    header, whole = read(
        ffmpeg(
            *("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=6", "-ac", "2", "-c:a", "aac"),
            *(*FRAGMENTED, "-f", "mp4", "-"),
        )
    )
    init = audio_init(sample_rate=48000, channels=2, asc=header.config, bitrate=128_000, lead=AAC_FRAME)
    write(folder / "audio-1", init, whole, segment_bounds(bounds, 1), AAC_FRAME)
    return AudioTrack(
        slug="audio-1",
        codecs="mp4a.40.2",
        timescale=48000,
        bounds=bounds,
        bandwidth=170_000,
        average_bandwidth=128_000,
        sample_rate=48000,
        channels=2,
        language="eng",
        name="English",
        default=True,
        lead=AAC_FRAME,
    )


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("film")
    folder = top / "PID"
    tracks = (picture(folder, (320, 180)), picture(folder, (160, 90)))
    presentation = Presentation(timeline=TIMELINE, video=tracks, audio=(sound(folder, TIMELINE),))
    (top / "PID.m3u8").write_bytes(multivariant_playlist(presentation, "PID/"))
    (top / "PID.mpd").write_bytes(manifest(presentation, "PID/"))
    for track in presentation.tracks:
        (folder / track.slug / "index.m3u8").write_bytes(media_playlist(track, presentation))
    return top


def frames(*arguments: str, count: str = "0:v:0") -> list[str]:
    """Hash of every picture, or of every frame of sound, in the order of a player."""
    out = ffmpeg(*arguments, "-map", count, "-fps_mode", "passthrough", "-f", "framehash", "-hash", "md5", "-").decode()
    return [line.split(",")[5].strip() for line in out.splitlines() if not line.startswith("#")]


def test_hls_gives_every_picture_once(film: Path) -> None:
    for name, size in (("180p-1", "320x180"), ("90p-1", "160x90")):
        played = frames(*ALLOWED, "-i", str(film / "PID" / name / "index.m3u8"))
        assert len(played) == FRAMES
        assert len(set(played)) == FRAMES, size


def test_hls_offers_both_rungs_and_the_sound(film: Path) -> None:
    probed = subprocess.run(
        [FFMPEG, "-nostdin", *ALLOWED, "-i", str(film / "PID.m3u8")], capture_output=True, text=True, timeout=60
    ).stderr
    assert "320x180" in probed
    assert "160x90" in probed
    assert probed.count("Audio: aac (LC)") >= 1


def test_the_sound_of_hls_is_one_piece(film: Path) -> None:
    whole = ffmpeg(*ALLOWED, "-i", str(film / "PID" / "audio-1" / "index.m3u8"), "-f", "s16le", "-ac", "1", "-")
    bounds = audio_bounds(TIMELINE, sample_rate=48000, samples=int(TIMELINE.duration * 48000))
    assert abs(len(whole) // 2 - bounds[-1] * AAC_FRAME) <= AAC_FRAME


def test_dash_gives_the_same_pictures(film: Path) -> None:
    demuxers = ffmpeg("-demuxers").decode()
    if " dash " not in demuxers:
        pytest.skip("this ffmpeg has no DASH demuxer (libxml2)")
    played = frames("-i", str(film / "PID.mpd"))
    assert len(played) == FRAMES
    assert played == frames(*ALLOWED, "-i", str(film / "PID" / "180p-1" / "index.m3u8"))
