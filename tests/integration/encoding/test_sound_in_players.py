"""Every player puts sound where it belongs: asked of their source buffers.

The sound of a film begins before asset time 0; that which passes through is the hardest, since its frames begin in the
middle of others', so the edit list takes away one and a part of the next (ADR 0026 and 0027). The times of a clip are
those of its film, and neither its first picture nor its first frame of sound lies where the other does (ADR 0024).
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.encoding.bench import Bench
from tests.integration.encoding.stage import HARD, STREAMS, beside, buffered, sound_end, write_stream
from tests.integration.encoding.test_clip_cells import Scene
from tests.oracle.browser import Browser, PlayerName, open_browser
from tests.oracle.sources import make

from vidstead.grid import Row
from vidstead.media import AAC_FRAME, SoundSpec
from vidstead.packaging import Presentation
from vidstead.storage.testing import MemoryStore

SHAKA = 0.0011
"""shaka-player appends what does not begin at 0 a millisecond late."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module", params=["encoded", "copied"])
def bench(request: pytest.FixtureRequest, clips: Path) -> Bench:
    """The film, published."""
    one = Bench(MemoryStore(), make(HARD, clips), copy=request.param == "copied")
    beside(one.publish(2.0))
    (sound,) = (row.spec for row in one.rows if isinstance(row.spec, SoundSpec))
    assert sound.kind == ("sound-copy" if request.param == "copied" else "audio")
    assert (sound.lead % AAC_FRAME != 0) == (request.param == "copied")
    return one


@pytest.fixture(scope="module", params=["film", "clip"])
def stream(
    request: pytest.FixtureRequest, bench: Bench, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Presentation]:
    """A folder with everything that players ask for."""
    folder = tmp_path_factory.mktemp("stream")
    if request.param == "clip":
        scene = Scene(bench, (0.23, 0.81))
        return folder, beside(write_stream(folder, scene.timeline, scene.rows, scene.cells))

    async def cells(row: Row) -> list[bytes]:
        made = await bench.make([row], bench.all_at_once())
        return [made[row.name, index] for index in range(row.cells)]

    return folder, beside(write_stream(folder, bench.timeline, list(bench.rows), cells))


@pytest.mark.parametrize(("player", "name"), STREAMS)
def test_sound_is_one_range_from_zero_to_its_end(
    browser: Browser, stream: tuple[Path, Presentation], player: PlayerName, name: str
) -> None:
    folder, shown = stream
    end = sound_end(shown)
    off = SHAKA if shown.start and player == "shaka-player" else 1e-4
    found = buffered(browser, folder, player, name, end)
    assert found == [[[pytest.approx(0, abs=1e-4), pytest.approx(end, abs=off)]]]
