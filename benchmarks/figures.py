"""The figures of the walking skeleton. Each measures Vidstead and, where there is one, the bare tool beside it."""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import httpx
from tests.serve import Server, serve, wait_for

from benchmarks.bare import cell_command, ladder_command, timed
from benchmarks.clips import clip
from vidstead.media import VideoSpec, plan_rows
from vidstead.media.source import AudioStream, SourceFacts, VideoStream

ROUNDS = 5
SEED = 20261120


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the table: seconds or a ratio, and what it is held against."""

    name: str
    value: float
    unit: str
    bare: float | None = None
    detail: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours over the bare tool's."""
        return self.value / self.bare if self.bare else None


@contextmanager
def server(**settings: str) -> Iterator[Server]:
    """A server in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="vidstead-bench-") as folder, serve(Path(folder), **settings) as running:
        yield running


def put(running: Server, path: Path) -> tuple[str, str, float]:
    """Upload a file by curl's way: asset id, playback id, and when its last byte was sent (monotonic seconds)."""
    settings = {"new_asset_settings": {"playback_policies": ["public"]}}
    with running.client() as client:
        upload = client.post("/video/v1/uploads", json=settings).raise_for_status().json()["data"]
        sent = {"at": 0.0}

        def body() -> Iterator[bytes]:
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    yield block
                    sent["at"] = time.monotonic()

        size = str(path.stat().st_size)
        httpx.put(upload["url"], content=body(), headers={"content-length": size}, timeout=600, trust_env=False)
        made = client.get(f"/video/v1/uploads/{upload['id']}").raise_for_status().json()["data"]
        asset = client.get(f"/video/v1/assets/{made['asset_id']}").raise_for_status().json()["data"]
    return asset["id"], asset["playback_ids"][0]["id"], sent["at"]


def await_ready(running: Server, asset_id: str) -> None:
    """Until the asset can be played."""
    with running.client() as client:
        deadline = time.monotonic() + 60
        while (asset := client.get(f"/video/v1/assets/{asset_id}").json()["data"])["status"] != "ready":
            assert asset["status"] == "preparing", asset
            assert time.monotonic() < deadline, asset
            time.sleep(0.01)


def last_byte_to_ready() -> list[Figure]:
    """From the last byte sent to `ready`."""
    found = []
    with server(fill="lazy") as running:
        for seconds in (10, 60):
            times = []
            for _ in range(ROUNDS):
                asset_id, _, sent = put(running, clip("hard", seconds))
                await_ready(running, asset_id)
                times.append(time.monotonic() - sent)
            name = f"last byte -> ready, {seconds} s of 1080p"
            found.append(Figure(name=name, value=statistics.median(times), unit="s"))
    return found


def hot_cell() -> list[Figure]:
    """A missing 720p cell, request to last byte, idle machine, beside bare ffmpeg making the same four seconds."""
    source, dice = clip("hard", 60), Random(SEED)
    spec = next(spec for spec in specs() if isinstance(spec, VideoSpec) and min(spec.width, spec.height) == 720)
    ours, bare = [], []
    with server(fill="lazy", look_ahead="0") as running, tempfile.TemporaryDirectory() as folder:
        asset_id, playback_id, _ = put(running, source)
        await_ready(running, asset_id)
        for index in dice.sample(range(15), ROUNDS * 2 - 1):
            address = f"{running.url}/{playback_id}/720p-1/{index}.m4s"
            ours.append(
                elapsed(lambda address=address: httpx.get(address, timeout=60, trust_env=False).raise_for_status())
            )
            bare.append(timed(cell_command(source, spec, index * 4.0, 4.0, Path(folder) / "cell.mp4")))
    return [
        Figure(name="hot 720p cell of 4 s, p50", value=statistics.median(ours), unit="s", bare=statistics.median(bare))
    ]


def whole_ladder() -> list[Figure]:
    """A 60 s clip from `ready` to covered, beside one bare ffmpeg command with the same settings."""
    found = []
    for kind in ("easy", "hard"):
        source = clip(kind, 60)
        with tempfile.TemporaryDirectory() as folder:
            bare = timed(ladder_command(source, specs(), Path(folder)))
        with server() as running:
            asset_id, _, _ = put(running, source)
            await_ready(running, asset_id)
            begin = time.monotonic()
            wait_for(partial(covered, running, asset_id), seconds=1800, what="covered")
            ours = time.monotonic() - begin
        found.append(Figure(name=f"whole ladder of 60 s, {kind}", value=ours, unit="s", bare=bare))
    return found


def first_frame() -> list[Figure]:
    """From the last byte sent to the first frame in Chromium: the page is open and waits, as an uploader's would."""
    from tests.oracle.browser import open_browser

    times = []
    with server() as running, open_browser() as browser:
        for _ in range(ROUNDS):
            _, playback_id, sent = put(running, clip("hard", 10))
            report = browser.first_frame(f"{running.url}/watch/{playback_id}")
            times.append(report - sent)
    return [Figure(name="last byte -> first frame in Chromium, 10 s", value=statistics.median(times), unit="s")]


def covered(running: Server, asset_id: str) -> bool:
    """Whether every cell of the asset is stored."""
    asset: dict[str, Any] = running.asset(asset_id)
    return asset["progress"]["state"] == "completed"


def elapsed(action: Callable[[], object]) -> float:
    """Seconds that an action takes."""
    begin = time.monotonic()
    action()
    return time.monotonic() - begin


def specs() -> list[Any]:
    """The rows that a 1080p clip at 25 frames per second with stereo sound gets."""
    video = VideoStream(
        index=0,
        codec="h264",
        width=1920,
        height=1080,
        time_base=Fraction(1, 12800),
        start=0,
        end=12800,
        average_rate=Fraction(25),
    )
    audio = AudioStream(
        index=1,
        codec="aac",
        sample_rate=48000,
        channels=2,
        layout="stereo",
        time_base=Fraction(1, 48000),
        start=0,
        end=48000,
    )
    facts = SourceFacts(container="mp4", size=1, video=video, audio=(audio,))
    return [plan.spec for plan in plan_rows(facts, Fraction(25))]


FIGURES: dict[str, Callable[[], list[Figure]]] = {
    "ready": last_byte_to_ready,
    "first-frame": first_frame,
    "hot-cell": hot_cell,
    "ladder": whole_ladder,
}
