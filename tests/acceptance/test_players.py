"""hls.js, shaka-player, dash.js and ffmpeg play a film from start to end: while its cells are made, and stored.

Nothing is made before somebody asks (``fill=lazy``), so all cells of a film are made during its first playback. 29.97
pictures per second, so that a clock which drifts is seen; one film passes through, the other is encoded.
"""

import subprocess
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from tests.oracle.barcode import ffmpeg
from tests.oracle.browser import Browser, PlayerName, open_browser
from tests.oracle.players.report import Report
from tests.oracle.sources import X264, X264_B, Clip, make
from tests.serve import Server, serve

RATE = Fraction(30000, 1001)
SECONDS = 9.0
SPEED = 3.0
FILMS = {
    "passes-through": Clip(name="passes-through", rate=RATE, seconds=SECONDS, video=(*X264_B, "-g", "60")),
    "encoded": Clip(name="encoded", rate=RATE, seconds=SECONDS, video=(*X264, "-g", "400"), channels=1),
}
WAYS: list[tuple[PlayerName, str]] = [
    ("hls.js", "hls_url"),
    ("shaka-player", "hls_url"),
    ("shaka-player", "dash_url"),
    ("dash.js", "dash_url"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("serve"), fill="lazy") as running:
        yield running


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("films")


def whole(report: Report) -> list[str]:
    """What keeps a playback from being one of the whole film, without a gap."""
    problems = report.problems(RATE, start=0.0, end=SECONDS - 0.1, most_unseen=SPEED)
    if len(report.buffered) != 1:
        problems.append(f"gaps in what was buffered: {report.buffered}")
    elif report.buffered[0][0] > 0.03 or report.buffered[0][1] < SECONDS - 0.1:
        problems.append(f"only {report.buffered[0]} was buffered")
    return problems


@pytest.mark.parametrize("name", list(FILMS))
@pytest.mark.parametrize(("player", "address"), WAYS)
def test_a_player_plays_from_start_to_end(
    server: Server, browser: Browser, films: Path, name: str, player: PlayerName, address: str
) -> None:
    made = server.upload(make(FILMS[name], films), "--policy", "public", "--wait", "published")
    first = browser.play(made[address], player=player, until="ended", rate=SPEED)
    assert whole(first) == [], "while cells are made"
    again = browser.play(made[address], player=player, until="ended", rate=SPEED)
    assert whole(again) == [], "from what is stored"
    assert again.failed_requests == ()


@pytest.mark.parametrize("name", list(FILMS))
@pytest.mark.parametrize("address", ["hls_url", "dash_url"])
def test_ffmpeg_plays_from_start_to_end(server: Server, films: Path, name: str, address: str) -> None:
    made = server.upload(make(FILMS[name], films), "--policy", "public", "--wait", "published")
    for _ in range(2):
        command = [ffmpeg(), "-v", "warning", "-nostdin", "-i", made[address], "-map", "0:v:0", "-map", "0:a:0"]
        command += ["-fps_mode", "passthrough", "-f", "framecrc", "-"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        times = [int(line.split(",")[2]) for line in done.stdout.splitlines() if line.startswith("0,")]
        assert len(times) == FILMS[name].frames
        assert len({later - earlier for earlier, later in pairwise(times)}) == 1, "evenly"
        assert done.stderr == ""
