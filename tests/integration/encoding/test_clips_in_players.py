"""Every player puts the sound of a clip where it belongs, though its times are those of its film."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.integration.encoding.bench import Bench
from tests.integration.encoding.test_clip_cells import Scene
from tests.integration.encoding.test_sound_in_players import CLIP, STREAMS, _audio, _video, buffered
from tests.oracle.browser import Browser, PlayerName, open_browser
from tests.oracle.sources import make

from vidstead.media import SoundSpec, VideoSpec
from vidstead.packaging import Presentation, manifest, media_playlist, multivariant_playlist
from vidstead.storage.testing import MemoryStore

SHAKA_HLS = 0.032
"""shaka-player moves the first segment of HLS to 0, wherever its first frame belongs: a frame and a half at most."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module", params=["encoded", "copied"])
def clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, clips: Path) -> tuple[Path, float]:
    """A folder with everything that players ask for, and where the sound of the clip ends, in its own seconds."""
    folder, source = tmp_path_factory.mktemp("clip"), make(CLIP, clips)
    with ThreadPoolExecutor() as threads:  # Playwright has the loop of this one
        return folder, threads.submit(asyncio.run, written(source, folder, copy=request.param == "copied")).result()


async def written(source: Path, folder: Path, *, copy: bool) -> float:
    """Write a picture and the sound of a clip of ``source``, with playlists; where the sound ends."""
    one = Bench(MemoryStore(), source, copy=copy)
    await one.publish(2.0)
    scene = Scene(one, (0.23, 0.81))
    picture = next(row for row in scene.rows if isinstance(row.spec, VideoSpec))
    sound = next(row for row in scene.rows if isinstance(row.spec, SoundSpec))
    assert isinstance(sound.spec, SoundSpec)
    for row in (picture, sound):
        (folder / row.slug).mkdir()
        (folder / row.slug / "init.mp4").write_bytes(row.header.init)
        for index, data in enumerate(await scene.cells(row)):
            (folder / row.slug / f"{index}.m4s").write_bytes(data)
    shown = Presentation(timeline=scene.timeline, video=(_video(one, picture),), audio=(_audio(sound, sound.spec),))
    for track in shown.tracks:
        (folder / track.slug / "index.m3u8").write_bytes(media_playlist(track, shown))
    (folder / "film.m3u8").write_bytes(multivariant_playlist(shown))
    (folder / "film.mpd").write_bytes(manifest(shown))
    return shown.audio[0].shown_ticks[-1] / sound.spec.sample_rate - float(shown.start)


@pytest.mark.parametrize(("player", "name"), STREAMS)
def test_sound_of_a_clip_is_one_range_from_zero_to_its_end(
    browser: Browser, clip: tuple[Path, float], player: PlayerName, name: str
) -> None:
    folder, end = clip
    off = SHAKA_HLS if (player, name) == ("shaka-player", "film.m3u8") else 0.002
    found = buffered(browser, folder, player, name, end)
    assert found == [[[pytest.approx(0, abs=1e-4), pytest.approx(end, abs=off)]]]
