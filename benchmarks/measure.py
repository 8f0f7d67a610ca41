"""What every figure needs: a server, an upload with the moment of its last byte, and how a figure is told."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx
from tests.serve import Server, serve

from vidstead.media import plan_rows
from vidstead.media.source import AudioStream, SourceFacts, VideoStream

ROUNDS = 5
SEED = 20261120


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the table: ours, and where there is one the bare tool's, in the same unit."""

    name: str
    value: float
    unit: str
    bare: float | None = None
    bar: str = ""
    """What is asked for, in words."""
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


@dataclass(frozen=True, kw_only=True)
class Sent:
    """An upload whose last byte went out at ``at`` (monotonic seconds)."""

    asset_id: str
    playback_id: str
    at: float


def put(running: Server, path: Path) -> Sent:
    """Upload a file by one PUT."""
    settings = {"new_asset_settings": {"playback_policies": ["public"]}}
    last = 0.0

    def body() -> Iterator[bytes]:
        nonlocal last
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                yield block
                last = time.monotonic()

    with running.client() as client:
        upload = client.post("/video/v1/uploads", json=settings).raise_for_status().json()["data"]
        size = str(path.stat().st_size)
        answer = httpx.put(
            upload["url"], content=body(), headers={"content-length": size}, timeout=600, trust_env=False
        )
        asset_id = answer.raise_for_status().json()["data"]["asset_id"]
        asset = client.get(f"/video/v1/assets/{asset_id}").raise_for_status().json()["data"]
    return Sent(asset_id=asset_id, playback_id=asset["playback_ids"][0]["id"], at=last)


def await_ready(running: Server, asset_id: str) -> float:
    """Until the asset can be played; when that was seen (monotonic seconds), looking every 10 ms."""
    with running.client() as client:
        deadline = time.monotonic() + 120
        while (asset := client.get(f"/video/v1/assets/{asset_id}").json()["data"])["status"] != "ready":
            assert asset["status"] == "preparing", asset
            assert time.monotonic() < deadline, asset
            time.sleep(0.01)
    return time.monotonic()


def covered(running: Server, asset_id: str) -> bool:
    """Whether every cell of the asset is stored."""
    return bool(running.asset(asset_id)["progress"]["state"] == "completed")


def elapsed(action: Callable[[], object]) -> float:
    """Seconds that an action takes."""
    begin = time.monotonic()
    action()
    return time.monotonic() - begin


def fetch(address: str) -> float:
    """Seconds from the request to the last byte; a 503 is asked again, as players do."""
    begin = time.monotonic()
    while True:
        answer = httpx.get(address, timeout=60, trust_env=False)
        if answer.status_code != 503:
            answer.raise_for_status()
            return time.monotonic() - begin
        time.sleep(float(answer.headers["retry-after"]))


def specs() -> list[Any]:
    """The rows that a 1080p clip at 25 frames per second with stereo sound gets, when nothing passes through."""
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
