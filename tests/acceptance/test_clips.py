"""Clips by the real CLI: exact to the frame at both ends, made of what the film has, and alive when that is gone."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.oracle.barcode import read_barcodes
from tests.oracle.browser import Browser, open_browser
from tests.oracle.playlists import Rendition, renditions
from tests.oracle.sources import X264, X264_B, Clip, make
from tests.serve import Server, serve, wait_for

from vidstead.media import AAC_FRAME, read_fragment

RATE = Fraction(25)
NTSC = Fraction(30000, 1001)
FILM = Clip(name="clip-film", width=640, height=360, seconds=16, video=(*X264, "-g", "300"))
"""Its key pictures lie too far apart to pass through: cells of four seconds."""
NTSC_FILM = Clip(name="clip-2997", seconds=13, rate=NTSC, video=(*X264, "-g", "300"))
GOP = ("-g", "50", "-keyint_min", "50", "-sc_threshold", "0")
CONFORMING = Clip(name="clip-copied", width=640, height=360, seconds=16, video=(*X264_B, *GOP))
"""Passes through, with a cell every four seconds."""
COVERED_SECONDS = 240
SPEED = 3.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("films")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests of this file."""
    with serve(tmp_path_factory.mktemp("serve")) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def viewer() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture(autouse=True)
def clean(server: Server) -> Iterator[None]:
    """Every test ends with nothing left, whatever became of it."""
    yield
    with server.client() as client:
        for asset in client.get("/video/v1/assets?limit=100").raise_for_status().json()["data"]:
            client.delete(f"/video/v1/assets/{asset['id']}").raise_for_status()
    wait_for(lambda: not server.objects(), seconds=60, what="every object is removed")


def upload(server: Server, clip: Clip, folder: Path, wait: str = "covered") -> str:
    """A film; its asset's id."""
    return str(server.upload(make(clip, folder), "--policy", "public", "--wait", wait)["asset_id"])


def cut(server: Server, source: str, start: float | None = None, end: float | None = None) -> dict[str, Any]:
    """A clip of an asset."""
    wanted = {"url": f"mux://assets/{source}", "start_time": start, "end_time": end}
    body = {"inputs": [wanted], "playback_policies": ["public"]}
    with server.client() as client:
        answer = client.post("/video/v1/assets", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json()["data"])


def covered(server: Server, asset: dict[str, Any]) -> None:
    """Wait until every cell of an asset is stored."""
    done = lambda: server.asset(asset["id"])["progress"]["state"] == "completed"  # noqa: E731
    wait_for(done, seconds=COVERED_SECONDS, what="the clip is covered")


def delete(server: Server, asset_id: str) -> None:
    with server.client() as client:
        client.delete(f"/video/v1/assets/{asset_id}").raise_for_status()


def address(server: Server, asset: dict[str, Any], suffix: str = ".m3u8") -> str:
    return f"{server.url}/{asset['playback_ids'][0]['id']}{suffix}"


def shown(viewer: httpx.Client, url: str, first: int, end: int, rate: Fraction = RATE) -> list[Rendition]:
    """Every rendition of a clip, after a look: each has exactly these frames, at the times they have in the film."""
    found = renditions(viewer, url)
    for rendition in found:
        if rendition.kind == "video":
            assert read_barcodes(rendition.joined) == list(range(first, end)), rendition.address
            ticks = rate.denominator if rate.denominator > 1 else 1000
            times = sorted(time for cell in rendition.cells for time in read_fragment(cell).presentation_times())
            assert times == [frame * ticks for frame in range(first, end)]
        elif rendition.kind == "audio":
            heard(rendition, first / rate, end / rate)
        else:
            assert all(first <= number < end for number in read_barcodes(rendition.joined))
    assert {rendition.kind for rendition in found} == {"video", "audio", "trick"}
    return found


def heard(rendition: Rendition, start: Fraction, end: Fraction) -> None:
    """The sound lies on the film's grid of frames, without a gap, from the clip's start to half a frame of its end.

    Decode times have the lead of one frame: the first cell begins with a frame that is not heard, at the clip's start.
    """
    fragments = [read_fragment(cell) for cell in rendition.cells]
    begin = at = fragments[0].decode_time
    for fragment in fragments:
        assert fragment.decode_time == at
        at += fragment.duration
    assert abs(start * 48000 - begin) <= 1 / 2
    assert (begin + fragments[0].samples[0].duration) % AAC_FRAME == 0
    assert abs(end * 48000 - at + AAC_FRAME) <= AAC_FRAME / 2


def test_a_clip_has_exactly_its_frames_and_outlives_its_film(
    server: Server, viewer: httpx.Client, browser: Browser, folder: Path
) -> None:
    film = upload(server, FILM, folder)
    before = set(server.objects("*.m4s"))
    clip = cut(server, film, 3.37, 11.93)
    assert (clip["status"], clip["source_asset_id"], clip["ingest_type"]) == ("ready", film, "on_demand_clip")
    assert clip["duration"] == pytest.approx((298 - 84) / 25)
    assert [track["duration"] for track in clip["tracks"]] == [clip["duration"]] * 2
    url = address(server, clip)
    found = shown(viewer, url, 84, 298)
    covered(server, clip)
    # One column lies wholly inside: its cells are the film's. Those at the ends are the clip's own, one of each row; so
    # are all still pictures, since the film's may show what was before the clip.
    made = set(server.objects("*.m4s")) - before
    assert len(made) == 2 * len(found) + 1
    for player, suffix in (("hls.js", ".m3u8"), ("shaka-player", ".mpd"), ("dash.js", ".mpd")):
        report = browser.play(address(server, clip, suffix), player=player, until="ended", rate=SPEED)  # type: ignore[arg-type]
        assert report.complete, player
        assert report.fatal_errors == report.console_errors == report.failed_requests == (), player
        assert report.unseen(0.0, clip["duration"] - 0.1, most=SPEED) == (), player
        assert {frame.number - round(frame.time * RATE) for frame in report.frames} == {84}, player
        assert len(report.buffered) == 1
        assert report.buffered[0] == pytest.approx((0.0, clip["duration"]), abs=0.03)
    # The film goes, the clip stays; then both are gone and nothing is left.
    delete(server, film)
    part = cut(server, clip["id"], 1.0, 3.0)
    shown(viewer, address(server, part), 84 + 25, 84 + 75)
    shown(viewer, url, 84, 298)
    delete(server, part["id"])
    delete(server, clip["id"])
    wait_for(lambda: not server.objects(), seconds=60, what="every object is removed")


def test_clips_in_one_or_two_columns(server: Server, viewer: httpx.Client, folder: Path) -> None:
    film = upload(server, FILM, folder, "published")
    for start, end in ((5.0, 5.04), (5.2, 7.72), (7.8, 8.3), (7.2, 9.0), (0.0, 1.0), (15.0, None)):
        clip = cut(server, film, start, end)
        shown(viewer, address(server, clip), round(start * 25), 400 if end is None else round(end * 25))


def test_a_clip_between_cells_makes_none(server: Server, viewer: httpx.Client, folder: Path) -> None:
    film = upload(server, FILM, folder)
    before = set(server.objects())
    from_the_start = cut(server, film, 0.0, 12.0)
    assert from_the_start["progress"] == {"state": "completed", "progress": 100.0}
    shown(viewer, address(server, from_the_start), 0, 300)
    assert set(server.objects()) == before
    # Its own are the still pictures, since the film's show a key picture from before the clip, and the first cell of
    # sound, which has the frame before it to be decoded with.
    clip = cut(server, film, 4.0, 12.0)
    shown(viewer, address(server, clip), 100, 300)
    made = sorted(path.relative_to(path.parents[1]).as_posix() for path in set(server.objects()) - before)
    assert made == ["audio-1/000000.m4s", "trick-1/000000.m4s", "trick-1/000001.m4s"]
    # The same frames of the clip are the clip.
    again = cut(server, clip["id"])
    shown(viewer, address(server, again), 100, 300)
    delete(server, film)
    delete(server, clip["id"])
    shown(viewer, address(server, again), 100, 300)


def test_a_clip_at_2997(server: Server, viewer: httpx.Client, folder: Path) -> None:
    film = upload(server, NTSC_FILM, folder, "published")
    clip = cut(server, film, 2.0, 11.5)
    first, end = round(2 * NTSC), round(Fraction(23, 2) * NTSC)
    assert clip["duration"] == pytest.approx(float((end - first) / NTSC))
    shown(viewer, address(server, clip), first, end, NTSC)


def test_a_source_that_passes_through(server: Server, viewer: httpx.Client, browser: Browser, folder: Path) -> None:
    film = upload(server, CONFORMING, folder)
    whole = {
        rendition.address.split("/")[-2]: rendition
        for rendition in renditions(viewer, address(server, server.asset(film)))
    }
    assert set(whole) == {"360p-1", "270p-1", "audio-1", "trick-1"}
    on = cut(server, film, 4.0, 12.0)
    found = {rendition.address.split("/")[-2]: rendition for rendition in shown(viewer, address(server, on), 100, 300)}
    assert set(found) == set(whole)
    for name in ("360p-1", "270p-1", "trick-1"):
        assert found[name].cells == whole[name].cells[1:3]
    assert found["audio-1"].cells[1:] == whole["audio-1"].cells[2:3]
    off = cut(server, film, 2.0, 13.2)
    found = {rendition.address.split("/")[-2]: rendition for rendition in shown(viewer, address(server, off), 50, 330)}
    assert set(found) == {"360p-2", "270p-1", "audio-1", "trick-1"}
    assert found["270p-1"].cells[1:3] == whole["270p-1"].cells[1:3]
    covered(server, off)
    report = browser.play(address(server, off), until="ended", rate=SPEED)
    assert report.complete
    assert {frame.number - round(frame.time * RATE) for frame in report.frames} == {50}


def test_clips_by_address(server: Server, viewer: httpx.Client, browser: Browser, folder: Path) -> None:
    film = server.asset(upload(server, FILM, folder, "published"))
    url = address(server, film)
    clip = f"{url}?asset_start_time=3.37&asset_end_time=11.93"
    shown(viewer, clip, 84, 298)
    shown(viewer, f"{url}?asset_start_time=9", 225, 400)
    shown(viewer, f"{url}?asset_end_time=2.5", 0, 63)
    assert viewer.get(f"{url}?asset_start_time=0&asset_end_time=99").text == viewer.get(url).text
    for player, suffix in (("hls.js", ".m3u8"), ("shaka-player", ".mpd")):
        timed = address(server, film, suffix) + "?asset_start_time=3.37&asset_end_time=11.93"
        report = browser.play(timed, player=player, until="ended", rate=SPEED)  # type: ignore[arg-type]
        assert report.complete, player
        assert report.fatal_errors == report.console_errors == (), player
        assert {frame.number - round(frame.time * RATE) for frame in report.frames} == {84}, player
    for query in (
        "asset_start_time=5&asset_end_time=5",
        "asset_start_time=-1",
        "asset_start_time=nan",
        "asset_start_time=16",
    ):
        answer = viewer.get(f"{url}?{query}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_clip"), query
