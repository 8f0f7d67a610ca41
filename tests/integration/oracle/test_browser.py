"""The browser's oracle, held against streams of bare ffmpeg: right ones play, and every kind of wrong one is told."""

import shutil
import struct
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from tests.oracle.barcode import ffmpeg, frame
from tests.oracle.browser import Browser, PlayerName, Until, open_browser
from tests.oracle.players.report import Report
from tests.oracle.players.server import serve_folder

RATE = Fraction(24)
SECONDS = 12
SEGMENT_SECONDS = 2
WIDTH, HEIGHT = 480, 240
SPEED = 3.0
STREAMS: list[tuple[PlayerName, str]] = [
    ("hls.js", "master.m3u8"),
    ("shaka-player", "master.m3u8"),
    ("shaka-player", "manifest.mpd"),
    ("dash.js", "manifest.mpd"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds of barcodes and a tone as HLS and DASH, in segments of 2 s."""
    folder = tmp_path_factory.mktemp("stream")
    pictures = b"".join(frame(number, WIDTH, HEIGHT).tobytes() for number in range(int(SECONDS * RATE)))
    command = [
        *(ffmpeg(), "-v", "error", "-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(RATE)),
        *("-i", "pipe:0", "-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={SECONDS}"),
        *("-map", "0:v", "-map", "1:a", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "0"),
        *("-g", str(int(SEGMENT_SECONDS * RATE)), "-sc_threshold", "0", "-c:a", "aac", "-f", "dash"),
        *("-seg_duration", str(SEGMENT_SECONDS), "-hls_playlist", "1", "manifest.mpd"),
    ]
    subprocess.run(command, input=pictures, cwd=folder, check=True, timeout=120, capture_output=True)
    return folder


@pytest.fixture
def copy(stream: Path, tmp_path: Path) -> Path:
    """A copy of the stream, to be spoilt."""
    return Path(shutil.copytree(stream, tmp_path / "copy"))


def segment(folder: Path, number: int) -> Path:
    """Segment ``number`` (from 1) of the picture."""
    return folder / f"chunk-stream0-{number:05d}.m4s"


def decode_time(data: bytes) -> tuple[int, int]:
    """Where the 64-bit decode time of a fragment stands, and what it is (ISO/IEC 14496-12, 8.8.12)."""
    at = data.index(b"tfdt") + 8
    return at, int(struct.unpack_from(">Q", data, at)[0])


def put_at(path: Path, data: bytes, time: int) -> None:
    """Write a fragment so that it begins at ``time``, in ticks."""
    at, _ = decode_time(data)
    path.write_bytes(data[:at] + struct.pack(">Q", time) + data[at + 8 :])


def play(
    browser: Browser,
    folder: Path,
    player: PlayerName = "hls.js",
    name: str = "master.m3u8",
    *,
    until: Until = "ended",
    seek_to: float | None = None,
    timeout: float = 60.0,
) -> Report:
    with serve_folder(folder) as base:
        url = f"{base}/{name}"
        return browser.play(url, player=player, until=until, seek_to=seek_to, rate=SPEED, timeout=timeout)


@pytest.mark.parametrize(("player", "name"), STREAMS)
def test_right_stream_plays_to_the_end(browser: Browser, stream: Path, player: PlayerName, name: str) -> None:
    report = play(browser, stream, player, name)

    assert report.problems(RATE) == []
    assert report.ended or player == "dash.js"
    assert report.position == pytest.approx(SECONDS, abs=0.1)
    assert report.duration == pytest.approx(SECONDS, abs=0.1)
    assert report.buffered[0][0] == pytest.approx(0, abs=0.03)
    assert len(report.buffered) == 1
    assert report.audio_bytes > 0
    assert len(report.frames) > SECONDS * RATE / SPEED / 4
    assert report.first_frame_seconds is not None


@pytest.mark.parametrize(("player", "name"), STREAMS)
def test_jump_lands_on_the_right_frame(browser: Browser, stream: Path, player: PlayerName, name: str) -> None:
    report = play(browser, stream, player, name, seek_to=7.3, until=9.5)

    assert report.problems(RATE, start=7.3) == []
    assert [seek.target for seek in report.seeks] == [7.3]
    assert report.seeks[0].landed == pytest.approx(7.3, abs=0.6)


def test_wrong_pictures_at_the_right_time_are_told(browser: Browser, copy: Path) -> None:
    _, time = decode_time(segment(copy, 4).read_bytes())
    put_at(segment(copy, 4), segment(copy, 3).read_bytes(), time)

    report = play(browser, copy)

    wrong = report.wrong(RATE)
    assert wrong
    assert all(6 - 0.01 <= seen.time < 8 for seen in wrong)
    assert {round(seen.time * RATE) - seen.number for seen in wrong} == {SEGMENT_SECONDS * RATE}
    assert any("belongs" in problem for problem in report.problems(RATE))


def test_doubled_segment_is_told_by_what_it_leaves_out(browser: Browser, copy: Path) -> None:
    shutil.copy(segment(copy, 3), segment(copy, 4))

    report = play(browser, copy, timeout=25)

    # Where the hole is depends on what the player makes of it: it may move the segment before, or jump.
    assert report.unseen(0, SECONDS, most=1.5)
    assert any("decoded" in problem or "belongs" in problem for problem in report.problems(RATE, end=SECONDS))


def test_missing_segment_is_told(browser: Browser, copy: Path) -> None:
    segment(copy, 4).unlink()

    report = play(browser, copy, timeout=12)

    assert any(text.startswith("404 ") and "00004" in text for text in report.failed_requests)
    assert report.problems(RATE)


def test_everything_one_frame_late_is_told(browser: Browser, copy: Path) -> None:
    step = decode_time(segment(copy, 2).read_bytes())[1] // int(SEGMENT_SECONDS * RATE)
    for number in range(1, SECONDS // SEGMENT_SECONDS + 1):
        data = segment(copy, number).read_bytes()
        put_at(segment(copy, number), data, decode_time(data)[1] + step)

    # hls.js counts from the first timestamp it finds; by a manifest the timestamps are taken as they are.
    report = play(browser, copy, "shaka-player", "manifest.mpd", until=5.0)

    assert len(report.wrong(RATE)) == len(report.frames)


def test_picture_on_another_host_is_told(browser: Browser, copy: Path, stream: Path) -> None:
    with serve_folder(stream) as elsewhere:
        playlist = next(copy.glob("media_0.m3u8"))
        playlist.write_text(playlist.read_text().replace("chunk-", f"{elsewhere}/chunk-"))
        report = play(browser, copy, until=3.0)

    assert report.foreign_requests
    assert all(url.startswith(elsewhere) for url in report.foreign_requests)
    assert any("another host" in problem for problem in report.problems(RATE))


def test_missing_playlist_is_told_soon(browser: Browser, stream: Path) -> None:
    report = play(browser, stream, name="nothing.m3u8", timeout=30)

    assert not report.complete
    assert report.fatal_errors
    assert "no picture was ever seen" in report.problems(RATE)
