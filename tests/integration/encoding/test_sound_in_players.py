"""Every player puts sound where it belongs, though it begins before asset time 0: asked of their source buffers.

Sound that passes through is the hardest: its frames begin in the middle of others', so the edit list takes away one and
a part of the next (ADR 0026 and 0027).
"""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.integration.encoding.bench import Bench
from tests.integration.encoding.test_sound_copying import AAC
from tests.oracle.barcode import BITS
from tests.oracle.browser import BEGIN, SCRIPTS, WAIT_FOR_RECORDER, Browser, PlayerName, open_browser
from tests.oracle.players.server import serve_folder
from tests.oracle.sources import X264_B, Clip, make

from vidstead.grid import Row
from vidstead.media import AAC_FRAME, SoundSpec, VideoSpec, average_bandwidth
from vidstead.packaging import AudioTrack, Presentation, VideoTrack, manifest, media_playlist, multivariant_playlist
from vidstead.storage.testing import MemoryStore

CLIP = Clip(
    name="players", seconds=13, video=(*X264_B, "-g", "60"), audio=AAC, then=("-ss", "1.3", "-i", "{}", "-c", "copy")
)
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module", params=["encoded", "copied"])
def film(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, clips: Path) -> tuple[Path, float]:
    """A folder with everything that players ask for, and where the sound ends, in seconds."""
    folder, source = tmp_path_factory.mktemp("film"), make(CLIP, clips)
    with ThreadPoolExecutor() as threads:  # Playwright has the loop of this one
        return folder, threads.submit(asyncio.run, written(source, folder, copy=request.param == "copied")).result()


async def written(source: Path, folder: Path, *, copy: bool) -> float:
    """Write a picture and the sound of ``source``, with playlists; where the sound ends."""
    one = Bench(MemoryStore(), source, copy=copy)
    await one.publish(2.0)
    picture = next(row for row in one.rows if isinstance(row.spec, VideoSpec))
    (sound,) = (row for row in one.rows if isinstance(row.spec, SoundSpec))
    assert isinstance(sound.spec, SoundSpec)
    assert sound.spec.kind == ("sound-copy" if copy else "audio")
    assert (sound.spec.lead % AAC_FRAME != 0) == copy
    for row in (picture, sound):
        (folder / row.slug).mkdir()
        (folder / row.slug / "init.mp4").write_bytes(row.header.init)
        for (_, index), data in (await one.make([row], one.all_at_once())).items():
            (folder / row.slug / f"{index}.m4s").write_bytes(data)
    shown = Presentation(timeline=one.timeline, video=(_video(one, picture),), audio=(_audio(sound, sound.spec),))
    for track in shown.tracks:
        (folder / track.slug / "index.m3u8").write_bytes(media_playlist(track, shown))
    (folder / "film.m3u8").write_bytes(multivariant_playlist(shown))
    (folder / "film.mpd").write_bytes(manifest(shown))
    return shown.audio[0].shown_ticks[-1] / sound.spec.sample_rate


def _video(one: Bench, row: Row) -> VideoTrack:
    assert isinstance(row.spec, VideoSpec)
    return VideoTrack(
        slug=row.slug,
        codecs=row.header.codecs,
        timescale=row.header.timescale,
        bounds=row.bounds,
        frame_ticks=one.timeline.frame_ticks,
        bandwidth=row.bandwidth,
        average_bandwidth=average_bandwidth(row.spec, row.bounds),
        width=row.spec.width,
        height=row.spec.height,
        rate=row.spec.rate,
    )


def _audio(row: Row, spec: SoundSpec) -> AudioTrack:
    return AudioTrack(
        slug=row.slug,
        codecs=row.header.codecs,
        timescale=row.header.timescale,
        bounds=row.bounds,
        bandwidth=row.bandwidth,
        average_bandwidth=average_bandwidth(spec, row.bounds),
        sample_rate=spec.sample_rate,
        channels=spec.channels,
        language=None,
        name="Sound",
        default=True,
        lead=spec.lead,
    )


@pytest.mark.parametrize(("player", "name"), STREAMS)
def test_sound_is_one_range_from_zero_to_its_end(
    browser: Browser, film: tuple[Path, float], player: PlayerName, name: str
) -> None:
    folder, end = film
    found = buffered(browser, folder, player, name, end)
    assert found == [[[pytest.approx(0, abs=1e-4), pytest.approx(end, abs=1e-4)]]]


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
