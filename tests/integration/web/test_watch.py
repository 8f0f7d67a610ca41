"""The watch page: what it says before, instead of and during a video; and the reference page beside it."""

import subprocess
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import pytest
from playwright.sync_api import Frame, Page, expect
from tests.integration.web.server import Backend, wait_until
from tests.oracle.barcode import ffmpeg, frame
from tests.oracle.browser import Browser
from tests.oracle.players.server import serve_folder

RATE = Fraction(24)
SECONDS = 6
PLAYING = "document.querySelector('video').currentTime > 0.2"


def wait_for(page: Page | Frame, condition: str, seconds: float = 20) -> None:
    """Wait for a condition in the page. Playwright's own way evaluates text, which the pages' policy forbids."""
    page.evaluate(
        f"""async (end) => {{
          while (!({condition})) {{
            if (performance.now() > end) throw new Error("it did not come");
            await new Promise((resolve) => setTimeout(resolve, 50));
          }}
        }}""",
        page.evaluate("performance.now()") + 1000 * seconds,
    )


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds of barcodes, without sound, as HLS."""
    folder = tmp_path_factory.mktemp("stream")
    pictures = b"".join(frame(number, 480, 240).tobytes() for number in range(int(SECONDS * RATE)))
    command = [
        *(ffmpeg(), "-v", "error", "-f", "rawvideo", "-pix_fmt", "gray", "-s", "480x240", "-r", str(RATE)),
        *("-i", "pipe:0", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "0", "-g", "48"),
        *("-f", "dash", "-seg_duration", "2", "-hls_playlist", "1", "manifest.mpd"),
    ]
    subprocess.run(command, input=pictures, cwd=folder, check=True, timeout=120, capture_output=True)
    return folder


def test_video_plays_the_right_frames_to_its_end(browser: Browser, base: str, backend: Backend, stream: Path) -> None:
    backend.streams["film"] = stream

    report = browser.watch(f"{base}/watch/film", rate=2, timeout=60)

    assert report.problems(RATE, end=SECONDS) == []
    assert report.ended


def test_no_black_line_is_seen_beside_the_picture(page: Page, base: str, backend: Backend, tmp_path: Path) -> None:
    """In a window whose frame has no whole number of pixels."""
    command = [ffmpeg(), "-v", "error", "-f", "lavfi", "-i", "color=white:s=854x480:r=24:d=2", "-pix_fmt", "yuv420p"]
    command += ["-f", "dash", "-hls_playlist", "1", "manifest.mpd"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60, capture_output=True)
    backend.streams["film"] = tmp_path
    page.set_viewport_size({"width": 1366, "height": 768})
    page.goto(f"{base}/watch/film")
    wait_for(page, PLAYING)
    wait_for(page, "document.querySelector('video.fits') !== null && document.querySelector('video').ended")
    shot = page.locator(".player").screenshot()
    (picture,) = av.open(BytesIO(shot), mode="r").decode(video=0)
    middle = picture.to_ndarray(format="gray")[picture.height // 2]
    assert middle.min() > 200, [place for place, light in enumerate(middle) if light <= 200]


def test_segment_that_is_not_encoded_yet_is_waited_for_and_said(
    browser: Browser, page: Page, base: str, backend: Backend, stream: Path
) -> None:
    backend.streams["film"] = stream
    waited = "chunk-stream0-00002.m4s"
    backend.not_yet[waited] = 1000
    page.goto(f"{base}/watch/film")
    expect(page.get_by_text("This part is being encoded")).to_be_visible()
    backend.not_yet[waited] = 0
    wait_for(page, "document.querySelector('video').currentTime > 2.5")
    expect(page.get_by_text("This part is being encoded")).to_be_hidden()

    backend.not_yet[waited] = 3
    report = browser.watch(f"{base}/watch/film", rate=2, timeout=60)
    assert report.problems(RATE, end=SECONDS) == []
    assert any(text.startswith("503 ") for text in report.failed_requests)


def test_video_that_is_prepared_starts_by_itself(page: Page, base: str, backend: Backend, stream: Path) -> None:
    backend.streams["film"] = stream
    backend.playlists["film"] = 412
    page.goto(f"{base}/watch/film")
    expect(page.get_by_text("This video is being prepared")).to_be_visible()
    wait_until(page, lambda: backend.playlist_requests > 1)
    del backend.playlists["film"]

    wait_for(page, PLAYING)
    expect(page.get_by_text("This video is being prepared")).to_be_hidden()
    expect(page.get_by_text("480 × 240")).to_be_visible()


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (404, "There is no video here"),
        (403, "You can't watch this video"),
        (410, "This video could not be made playable"),
        (400, "This video can't be loaded"),
    ],
)
def test_final_refusals_are_said_and_not_repeated(
    page: Page, base: str, backend: Backend, status: int, said: str
) -> None:
    backend.playlists["film"] = status
    page.goto(f"{base}/watch/film")

    expect(page.get_by_role("heading", name=said)).to_be_visible()
    expect(page.get_by_text(f"HTTP {status}")).to_be_visible()
    asked = backend.playlist_requests
    page.wait_for_timeout(1500)
    assert backend.playlist_requests == asked


def test_busy_server_is_waited_for(page: Page, base: str, backend: Backend, stream: Path) -> None:
    backend.streams["film"] = stream
    backend.playlists["film"] = 503
    page.goto(f"{base}/watch/film")
    expect(page.get_by_text("The server is busy")).to_be_visible()
    del backend.playlists["film"]

    wait_for(page, PLAYING)


def test_address_without_a_playback_id_is_no_video(page: Page, base: str) -> None:
    page.goto(f"{base}/watch/a%20b")

    expect(page.get_by_text("There is no video here")).to_be_visible()


def test_in_somebodys_page_only_the_picture_is_shown(
    page: Page, base: str, backend: Backend, stream: Path, tmp_path: Path
) -> None:
    backend.streams["film"] = stream
    (tmp_path / "index.html").write_text(f'<iframe src="{base}/watch/film" width="640" height="360"></iframe>')
    with serve_folder(tmp_path) as elsewhere:
        page.goto(f"{elsewhere}/index.html")
    frame_in_page = page.frame_locator("iframe")

    expect(frame_in_page.locator("video")).to_be_visible()
    expect(frame_in_page.locator("#facts")).to_be_hidden()
    inner = next(each for each in page.frames if each.url.startswith(base))
    wait_for(inner, "document.querySelector('video').readyState >= 2")
    assert inner.evaluate("document.querySelector('video').paused")


def test_reference_is_drawn_from_the_description(page: Page, base: str, backend: Backend) -> None:
    operation = {"tags": ["Assets"], "summary": "List assets", "operationId": "list", "responses": {"200": {}}}
    backend.openapi = {
        "openapi": "3.1.0",
        "info": {"title": "V", "version": "1.2.3", "description": "Say `<b>hello</b>`."},
        "paths": {"/video/v1/assets": {"get": operation}},
    }
    page.goto(f"{base}/docs#list")

    expect(page.locator("main").get_by_text("List assets")).to_be_visible()
    expect(page.get_by_text("Version 1.2.3 · 1 operations")).to_be_visible()
    expect(page.get_by_text("<b>hello</b>")).to_be_visible()
