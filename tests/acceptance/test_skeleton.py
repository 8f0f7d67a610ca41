"""The main job, by the real CLI and a real browser: upload a film, watch it before it is encoded, delete it."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import httpx
import pytest
from tests.oracle.barcode import read_barcodes
from tests.oracle.browser import Browser, open_browser
from tests.oracle.playlists import renditions
from tests.oracle.sources import X264, Clip, make
from tests.serve import Server, serve, wait_for

RATE = Fraction(25)
FILM = Clip(
    name="film", width=640, height=360, filters=",scale=1280:720", seconds=48, video=(*X264, "-g", "300"), rate=RATE
)
MEDIA = Path(__file__).parents[3] / "shared" / "media"
COVERED_SECONDS = 240
SPEED = 3.0
"""Playback is three times as fast as a viewer's; a second without a picture on the screen is three of the film."""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of 720p whose frames are numbered; its key pictures are too far apart to pass through."""
    return make(FILM, tmp_path_factory.mktemp("film"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests of this file, in a folder and a home that were empty."""
    with serve(tmp_path_factory.mktemp("serve")) as running:
        yield running


@pytest.fixture(autouse=True)
def clean(server: Server) -> Iterator[None]:
    """Whatever a test leaves behind by failing disturbs no other."""
    yield
    with server.client() as client:
        for asset in client.get("/video/v1/assets?limit=100").raise_for_status().json()["data"]:
            client.delete(f"/video/v1/assets/{asset['id']}").raise_for_status()
    wait_for(lambda: not server.objects(), seconds=60, what="every object is removed")


def unencoded(server: Server) -> list[int]:
    """The columns of which no picture is stored yet."""
    stored = {int(path.stem) for path in server.objects("*p-1/*.m4s")}
    return sorted(set(range(int(FILM.seconds) // 4)) - stored)


def covered(server: Server, asset_id: str) -> bool:
    asset = server.asset(asset_id)
    assert asset["status"] == "ready", asset
    return bool(asset["progress"]["state"] == "completed")


def test_watch_a_film_that_is_not_encoded_yet(server: Server, browser: Browser, film: Path) -> None:
    made = server.upload(film, "--policy", "public", "--title", "A film", "--wait", "published")
    assert made["status"] == "ready"

    # The first picture, before coverage; then a jump to where no cell is stored yet.
    first = browser.watch(made["watch_url"], until=1.0)
    assert first.problems(RATE) == []
    assert not covered(server, made["asset_id"])
    *_, late = unencoded(server)
    place = 4.0 * late + 1.0
    jump = browser.play(made["hls_url"], seek_to=place, until="ended")
    assert jump.problems(RATE, start=place) == []

    # Everything else is filled meanwhile; then it plays from start to end, in every rung the same frames. All players
    # play shorter films whole (test_players): here it is the last ones of many segments.
    wait_for(lambda: covered(server, made["asset_id"]), seconds=COVERED_SECONDS, what="the film is covered")
    for player, url, start in (
        ("hls.js", made["hls_url"], 0.0),
        ("shaka-player", made["dash_url"], FILM.seconds - 9.0),
        ("dash.js", made["dash_url"], FILM.seconds - 9.0),
    ):
        report = browser.play(url, player=player, seek_to=start or None, until="ended", rate=SPEED)  # type: ignore[arg-type]
        assert report.problems(RATE, start=start, end=FILM.seconds - 0.1, most_unseen=SPEED) == [], player
        assert report.failed_requests == (), player
        assert report.audio_bytes > 0
    with httpx.Client(timeout=60, trust_env=False) as client:
        found = renditions(client, made["hls_url"])
    assert [rendition.kind for rendition in found].count("video") == 4
    for rendition in found:
        if rendition.kind == "video":
            assert read_barcodes(rendition.joined) == list(range(FILM.frames)), rendition.address

    # Deleting leaves nothing.
    with server.client() as client:
        assert client.delete(f"/video/v1/assets/{made['asset_id']}").status_code == 204
        assert client.get(f"/video/v1/assets/{made['asset_id']}").status_code == 404
    wait_for(lambda: not server.objects(), seconds=30, what="every object is removed")
    wait_for(lambda: httpx.get(made["hls_url"], trust_env=False).status_code == 404, seconds=5, what="it is gone")


def test_delete_a_film_while_it_is_encoded(server: Server, film: Path) -> None:
    made = server.upload(film, "--wait", "published")
    wait_for(lambda: server.objects("*.m4s"), seconds=60, what="cells are stored")
    with server.client() as client:
        assert client.delete(f"/video/v1/assets/{made['asset_id']}").status_code == 204
    wait_for(lambda: not server.objects(), seconds=60, what="every object is removed")
    wait_for(lambda: not busy(server), seconds=30, what="no encoder runs any more")
    assert not server.objects()


def busy(server: Server) -> list[str]:
    """The encoders that run."""
    return [name for name in (process.name() for process in server.children()) if "ffmpeg" in name]


@pytest.mark.parametrize("name", ["big-buck-bunny-480p-30s.mp4", "car-detection.mp4", "asl-book.mkv"])
def test_real_clips(server: Server, browser: Browser, name: str) -> None:
    path = MEDIA / name
    if not path.exists():
        pytest.skip(f"cannot exist here: {path} is not beside this checkout")
    made = server.upload(path, "--policy", "public", "--wait", "covered")
    asset = server.asset(made["asset_id"])
    report = browser.play(made["hls_url"], until="ended", rate=SPEED)
    assert report.complete
    assert report.fatal_errors == report.console_errors == report.foreign_requests == ()
    assert report.unseen(0.0, asset["duration"] - 0.2, most=SPEED) == ()
    assert report.duration == pytest.approx(asset["duration"], abs=0.1)
    with server.client() as client:
        client.delete(f"/video/v1/assets/{made['asset_id']}").raise_for_status()


def test_a_url_becomes_an_asset(server: Server) -> None:
    """Loopback is refused by default, in words; how it is allowed is tested with the room."""
    with server.client() as client:
        body = {"inputs": [{"url": f"{server.url}/healthz"}], "playback_policies": ["public"]}
        asset = client.post("/video/v1/assets", json=body).raise_for_status().json()["data"]
        failed = wait_for(
            lambda: (found := server.asset(asset["id"]))["status"] == "errored" and found,
            seconds=20,
            what="the asset is errored",
        )
    assert failed["errors"]["messages"]


def test_what_is_no_film_is_said_so_and_leaves_nothing(server: Server, tmp_path: Path) -> None:
    text = tmp_path / "film.mp4"
    text.write_text("This is no film.\n" * 1000)
    before = len(server.objects())
    done = server.cli("upload", str(text), "--json")
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2
    wait_for(lambda: len(server.objects()) == before, seconds=20, what="the file is removed")
