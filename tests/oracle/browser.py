"""The second oracle: plays an address in a real Chromium and reads the frame numbers from the screen.

"Plays" means that the right frames were seen at the right media times, not that a clock ran::

    with open_browser() as browser:
        report = browser.play(f"{base}/{playback_id}.m3u8", player="hls.js", until="ended", rate=4)
        assert report.problems(Fraction(24)) == []

``play`` uses a page of our own with one of three players; ``watch`` opens a page as it is, such as the product's
watch page, and reads from the video element in it. The players come from npm by the lock file in ``players/``, the
first time they are needed. hls.js counts media time from the first timestamp it finds, so that a stream which is late
as a whole looks right in it: the manifest's players tell that.
"""

import fcntl
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import ConsoleMessage, Page, Request, Response, sync_playwright
from tests.oracle.barcode import BITS
from tests.oracle.players.report import Report, report_from
from tests.oracle.players.server import serve_folder

PLAYERS = Path(__file__).parent / "players"
SCRIPTS = {
    "hls.js": "/node_modules/hls.js/dist/hls.min.js",
    "shaka-player": "/node_modules/shaka-player/dist/shaka-player.compiled.js",
    "dash.js": "/node_modules/dashjs/dist/modern/umd/dash.all.min.js",
}
ARGUMENTS = [
    *("--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--mute-audio"),
]
PlayerName = Literal["hls.js", "shaka-player", "dash.js"]
Until = Literal["ended"] | float


def chromium_path() -> str:
    """Where Chromium is; raises ``FileNotFoundError`` where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    raise FileNotFoundError("Chromium is not installed: run `make system`")


def install_players() -> None:
    """Put the players into ``players/node_modules`` as the lock file says, unless they are there.

    Several test processes may call it at once. Raises ``subprocess.CalledProcessError`` when npm fails.
    """
    lock, done = PLAYERS / "package-lock.json", PLAYERS / "node_modules" / ".installed"
    with lock.open() as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if done.exists() and done.stat().st_mtime >= lock.stat().st_mtime:
            return
        subprocess.run(["npm", "ci", "--loglevel=error"], cwd=PLAYERS, check=True, timeout=300)
        done.touch()


@contextmanager
def open_browser() -> Iterator["Browser"]:
    """A Chromium with the harness beside it; both are gone afterwards."""
    install_players()
    with serve_folder(PLAYERS) as harness, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS, headless=True)
        try:
            yield Browser(chromium, harness)
        finally:
            chromium.close()


class Browser:
    """A running Chromium. Every playback has a page and a cache of its own."""

    def __init__(self, chromium: Chromium, harness: str) -> None:
        self.chromium = chromium
        self.harness = harness

    def play(
        self,
        url: str,
        *,
        player: PlayerName = "hls.js",
        until: Until = "ended",
        seek_to: float | None = None,
        rate: float = 1.0,
        timeout: float = 120.0,
        allowed_hosts: frozenset[str] = frozenset(),
    ) -> Report:
        """Play a playlist or manifest in one of the players.

        Args:
            url: address of the playlist (``.m3u8``) or manifest (``.mpd``).
            player: shaka-player takes both kinds, the others one each.
            until: ``"ended"``, or a media time in seconds at which to stop.
            seek_to: media time in seconds to jump to once the first picture was seen.
            rate: speed, 0.1 to 4; two cores decode 480p at 4 without dropping much.
            timeout: seconds after which the report is written, complete or not.
            allowed_hosts: ``host:port`` of hosts other than that of ``url`` which may be asked for something.
        """
        with self.open_page() as page:
            notes = _Notes(page, {_host(url), _host(self.harness), *allowed_hosts})
            page.goto(f"{self.harness}/harness.html")
            page.add_script_tag(url=SCRIPTS[player])
            page.evaluate(BEGIN, {"player": player, "url": url, "bits": BITS})
            seen = self._run(page, until, seek_to, rate, timeout)
            return notes.report(player, rate, seen)

    def watch(
        self,
        page_url: str,
        *,
        until: Until = "ended",
        seek_to: float | None = None,
        rate: float = 1.0,
        timeout: float = 120.0,
        allowed_hosts: frozenset[str] = frozenset(),
    ) -> Report:
        """Open a page that plays a video by itself, and watch the first video element in it; otherwise as ``play``."""
        with self.open_page() as page:
            notes = _Notes(page, {_host(page_url), *allowed_hosts})
            page.add_init_script(path=PLAYERS / "recorder.js")
            page.add_init_script(RECORD_FIRST_VIDEO % BITS)
            page.goto(page_url)
            seen = self._run(page, until, seek_to, rate, timeout)
            return notes.report("page", rate, seen)

    @contextmanager
    def open_page(self) -> Iterator[Page]:
        """A page with a cache of its own."""
        context = self.chromium.new_context(viewport={"width": 1280, "height": 800})
        try:
            yield context.new_page()
        finally:
            context.close()

    def _run(self, page: Page, until: Until, seek_to: float | None, rate: float, timeout: float) -> dict[str, Any]:
        page.evaluate(WAIT_FOR_RECORDER, timeout * 1000)
        options = {"until": until, "seekTo": seek_to, "rate": rate, "timeout": timeout}
        seen: dict[str, Any] = page.evaluate("(options) => vidsteadOracle.run(vidsteadRecorder, options)", options)
        return seen


BEGIN = """({ player, url, bits }) => {
  const video = document.getElementById("video");
  const recorder = new vidsteadOracle.Recorder(video, performance.now(), bits);
  window.vidsteadRecorder = recorder;
  void vidsteadPlayers[player](video, url, (fatal, text) => recorder.errors.push({ fatal, text }));
}"""

# Not wait_for_function: that evaluates text, which a strict content security policy forbids.
WAIT_FOR_RECORDER = """async (milliseconds) => {
  const end = performance.now() + milliseconds;
  while (window.vidsteadRecorder === undefined) {
    if (performance.now() > end) throw new Error("there is no video element in this page");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}"""

RECORD_FIRST_VIDEO = """((bits) => addEventListener("DOMContentLoaded", () => {
  const look = () => {
    const video = document.querySelector("video");
    if (video) window.vidsteadRecorder = new vidsteadOracle.Recorder(video, 0, bits);
    else setTimeout(look, 10);
  };
  look();
}))(%d);"""


class _Notes:
    """What the browser says about a page, beside what the page knows itself."""

    def __init__(self, page: Page, hosts: set[str]) -> None:
        self._hosts = hosts
        self._console: list[str] = []
        self._failed: list[str] = []
        self._foreign: list[str] = []
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self._console.append(str(error)))
        page.context.on("request", self._on_request)
        page.context.on("response", self._on_response)
        page.context.on("requestfailed", self._on_unanswered)

    def report(self, player: str, speed: float, seen: dict[str, Any]) -> Report:
        return report_from(player, speed, seen, console=self._console, failed=self._failed, foreign=self._foreign)

    def _on_console(self, message: ConsoleMessage) -> None:
        # Chromium repeats every failed request there; those are kept with their status instead.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self._console.append(message.text)

    def _on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"blob", "data", "about"} and parts.netloc not in self._hosts:
            self._foreign.append(request.url)

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self._failed.append(f"{response.status} {response.url}")

    def _on_unanswered(self, request: Request) -> None:
        # Players give up requests themselves, at every jump.
        if request.failure != "net::ERR_ABORTED":
            self._failed.append(f"0 {request.url} ({request.failure})")


def _host(url: str) -> str:
    return urlsplit(url).netloc
