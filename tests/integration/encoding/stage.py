"""A stream in a folder, played by every player of a browser: what its source buffers hold of the sound."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from tests.oracle.barcode import BITS
from tests.oracle.browser import BEGIN, SCRIPTS, WAIT_FOR_RECORDER, Browser, PlayerName
from tests.oracle.players.server import serve_folder
from tests.oracle.sources import X264_B, Clip

from vidstead.grid import Row
from vidstead.media import SoundSpec, Timeline, VideoSpec, average_bandwidth
from vidstead.packaging import AudioTrack, Presentation, VideoTrack, manifest, media_playlist, multivariant_playlist

HARD = Clip(
    name="players",
    seconds=13,
    video=(*X264_B, "-g", "60"),
    audio=("-c:a", "aac", "-b:a", "160k"),
    then=("-ss", "1.3", "-i", "{}", "-c", "copy"),
)
"""Its sound begins in the middle of a frame, and passes through where it may."""
STREAMS: list[tuple[PlayerName, str]] = [
    ("hls.js", "film.m3u8"),
    ("shaka-player", "film.m3u8"),
    ("shaka-player", "film.mpd"),
    ("dash.js", "film.mpd"),
]
LISTEN = """(() => {
  window.vidsteadBuffers = [];
  const add = MediaSource.prototype.addSourceBuffer;
  MediaSource.prototype.addSourceBuffer = function (type) {
    const buffer = add.call(this, type);
    if (type.startsWith("audio")) window.vidsteadBuffers.push(buffer);
    return buffer;
  };
})()"""
RANGES = """() => window.vidsteadBuffers.map(({ buffered: all }) =>
  Array.from({ length: all.length }, (_, at) => [all.start(at), all.end(at)]))"""
ALL_THERE = """([end, milliseconds]) => new Promise((resolve) => {
  const until = performance.now() + milliseconds;
  const look = () => {
    const whole = window.vidsteadBuffers.some(({ buffered: all }) => all.length && all.end(all.length - 1) > end - 0.5);
    if (whole || performance.now() > until) resolve(whole); else setTimeout(look, 50);
  };
  look();
})"""

Cells = Callable[[Row], Awaitable[list[bytes]]]
Result = TypeVar("Result")


def beside(work: Coroutine[Any, Any, Result]) -> Result:
    """What ``work`` comes to, in a loop of its own: Playwright has that of this thread."""
    with ThreadPoolExecutor() as threads:
        return threads.submit(asyncio.run, work).result()


async def write_stream(folder: Path, timeline: Timeline, rows: list[Row], cells: Cells) -> Presentation:
    """Write the best picture and the sound of some rows into a folder, with everything that players ask for."""
    picture = next(row for row in rows if isinstance(row.spec, VideoSpec))
    (sound,) = (row for row in rows if isinstance(row.spec, SoundSpec))
    for row in (picture, sound):
        (folder / row.slug).mkdir()
        (folder / row.slug / "init.mp4").write_bytes(row.header.init)
        for index, data in enumerate(await cells(row)):
            (folder / row.slug / f"{index}.m4s").write_bytes(data)
    shown = Presentation(timeline=timeline, video=(_video(timeline, picture),), audio=(_audio(sound),))
    for track in shown.tracks:
        (folder / track.slug / "index.m3u8").write_bytes(media_playlist(track, shown))
    (folder / "film.m3u8").write_bytes(multivariant_playlist(shown))
    (folder / "film.mpd").write_bytes(manifest(shown))
    return shown


def _video(timeline: Timeline, row: Row) -> VideoTrack:
    assert isinstance(row.spec, VideoSpec)
    return VideoTrack(
        slug=row.slug,
        codecs=row.header.codecs,
        timescale=row.header.timescale,
        bounds=row.bounds,
        frame_ticks=timeline.frame_ticks,
        bandwidth=row.bandwidth,
        average_bandwidth=average_bandwidth(row.spec, row.bounds),
        width=row.spec.width,
        height=row.spec.height,
        rate=row.spec.rate,
    )


def _audio(row: Row) -> AudioTrack:
    assert isinstance(row.spec, SoundSpec)
    return AudioTrack(
        slug=row.slug,
        codecs=row.header.codecs,
        timescale=row.header.timescale,
        bounds=row.bounds,
        bandwidth=row.bandwidth,
        average_bandwidth=average_bandwidth(row.spec, row.bounds),
        sample_rate=row.spec.sample_rate,
        channels=row.spec.channels,
        language=None,
        name="Sound",
        default=True,
        lead=row.spec.lead,
        start=row.spec.start,
    )


def sound_end(shown: Presentation) -> float:
    """Where its sound ends, in seconds from its beginning."""
    (sound,) = shown.audio
    return sound.shown_ticks[-1] / sound.timescale - float(shown.start)


def buffered(browser: Browser, folder: Path, player: PlayerName, name: str, end: float) -> Any:
    """What the source buffers of sound hold once all of it is there."""
    with serve_folder(folder) as base, browser.open_page() as page:
        page.add_init_script(LISTEN)
        page.goto(f"{browser.harness}/harness.html")
        page.add_script_tag(url=SCRIPTS[player])
        page.evaluate(BEGIN, {"player": player, "url": f"{base}/{name}", "bits": BITS})
        page.evaluate(WAIT_FOR_RECORDER, 10_000)
        assert page.evaluate(ALL_THERE, [end, 60_000])
        return page.evaluate(RANGES)
