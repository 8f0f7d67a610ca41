"""Our cells in a real browser: appended in any order they give one buffered range that begins at exactly 0."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright
from tests.integration.test_packaging import FRAMES, RATE, TIMELINE, picture, sound

from vidstead.media import AAC_FRAME

APPEND = """
async ({type, parts}) => {
  const video = document.createElement("video");
  const source = new MediaSource();
  video.src = URL.createObjectURL(source);
  await new Promise((done) => source.addEventListener("sourceopen", done, {once: true}));
  const buffer = source.addSourceBuffer(type);
  for (const part of parts) {
    const bytes = Uint8Array.from(atob(part), (letter) => letter.charCodeAt(0));
    await new Promise((done, fail) => {
      buffer.addEventListener("updateend", done, {once: true});
      video.addEventListener("error", () => fail(new Error(video.error.message)), {once: true});
      buffer.appendBuffer(bytes);
    });
  }
  source.endOfStream();
  const ranges = [...Array(buffer.buffered.length).keys()];
  return {
    ranges: ranges.map((index) => [buffer.buffered.start(index), buffer.buffered.end(index)]),
    duration: video.duration,
    size: [video.videoWidth, video.videoHeight],
  };
}
"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"],
        )
        page = browser.new_page()
        yield page
        browser.close()


def append(page: Page, folder: Path, codec: str, order: list[int]) -> dict[str, object]:
    names = ["init.mp4", *(f"{index}.m4s" for index in order)]
    parts = [base64.b64encode((folder / name).read_bytes()).decode() for name in names]
    found: dict[str, object] = page.evaluate(APPEND, {"type": codec, "parts": parts})
    return found


def in_order(cells: int) -> list[list[int]]:
    return [list(range(cells)), list(reversed(range(cells))), [*range(1, cells), 0]]


def test_pictures_are_one_range_from_zero(page: Page, tmp_path: Path) -> None:
    track = picture(tmp_path, (320, 180))
    for order in in_order(TIMELINE.cells):
        found = append(page, tmp_path / track.slug, f'video/mp4; codecs="{track.codecs}"', order)
        assert found["ranges"] == [[0, pytest.approx(float(FRAMES / RATE), abs=1e-5)]]


def test_sound_is_one_range_from_zero(page: Page, tmp_path: Path) -> None:
    track = sound(tmp_path, TIMELINE)
    for order in in_order(TIMELINE.cells):
        found = append(page, tmp_path / track.slug, f'audio/mp4; codecs="{track.codecs}"', order)
        assert found["ranges"] == [[0, pytest.approx(track.bounds[-1] * AAC_FRAME / 48000, abs=1e-5)]]
