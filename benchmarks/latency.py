"""How long somebody waits: after an upload, for a first picture, for a cell, after a jump."""

import statistics
import tempfile
import time
from pathlib import Path
from random import Random

from tests.oracle.browser import Browser, open_browser
from tests.serve import Server, wait_for

from benchmarks.bare import cell_command, timed
from benchmarks.clips import clip, hour
from benchmarks.measure import ROUNDS, SEED, Figure, Sent, await_ready, fetch, put, server, specs
from vidstead.media import VideoSpec

SEEKS = 20
PLAY_SECONDS = 60.0


def last_byte_to_ready() -> list[Figure]:
    """From the last byte sent to `ready`: ten seconds of film, and an hour of 3 GB."""
    found = []
    with server(fill="lazy") as running:
        for name, path in (("10 s", clip("hard", 10)), ("1 hour, 3 GB", hour())):
            times = []
            for _ in range(ROUNDS):
                sent = put(running, path)
                times.append(await_ready(running, sent.asset_id) - sent.at)
                forget(running, sent)
            found.append(
                Figure(
                    name=f"last byte -> ready, {name} of 1080p",
                    value=statistics.median(times),
                    unit="s",
                    bar="< 1 s, and within 0.3 s of each other",
                    detail=listed(times),
                )
            )
    return found


def first_frame() -> list[Figure]:
    """From the last byte sent to the first picture on the watch page, of films that pass through and that don't."""
    found = []
    with open_browser() as browser:
        for kind, bar in (("conforming", "< 1.5 s"), ("to be encoded", "< 3 s")):
            long_gop = kind != "conforming"
            for name, path in (("10 s", clip("hard", 10, long_gop=long_gop)), ("1 hour", hour(long_gop=long_gop))):
                with server() as running:
                    times = [_first_frame(running, browser, path) for _ in range(ROUNDS)]
                found.append(
                    Figure(
                        name=f"last byte -> first frame, {name}, {kind}",
                        value=statistics.median(times),
                        unit="s",
                        bar=bar,
                        detail=listed(times),
                    )
                )
    return found


def _first_frame(running: Server, browser: Browser, path: Path) -> float:
    sent = put(running, path)
    begin = time.monotonic()
    report = browser.watch(f"{running.url}/watch/{sent.playback_id}", until=0.3, timeout=60)
    assert report.first_frame_seconds is not None, report
    forget(running, sent)
    return begin - sent.at + report.first_frame_seconds


def hot_cell() -> list[Figure]:
    """A missing 720p cell while bulk fills both cores, beside bare ffmpeg making the same on the idle machine."""
    source, dice = clip("hard", 120, long_gop=True), Random(SEED)
    spec = next(spec for spec in specs() if isinstance(spec, VideoSpec) and spec.height == 720)
    places = dice.sample(range(15, 30), 9)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "cell.mp4"
        bare = [timed(cell_command(source, spec, index * 4.0, 4.0, target)) for index in places]
    found = []
    for state, settings in (("idle", {"fill": "lazy"}), ("beside bulk", {})):
        with server(look_ahead="0", **settings) as running:
            sent = put(running, source)
            await_ready(running, sent.asset_id)
            times = [fetch(f"{running.url}/{sent.playback_id}/720p-1/{index}.m4s") for index in places]
            progress = running.asset(sent.asset_id)["progress"]
        found.append(
            Figure(
                name=f"hot 720p cell of 4 s, {state}, p50",
                value=statistics.median(times),
                unit="s",
                bare=statistics.median(bare),
                bar="<= 1.3 x",
                detail=f"{listed(times)}; bulk at {progress['progress']:.0f} %",
            )
        )
    return found


def seek() -> list[Figure]:
    """A jump to where nothing is encoded, and a minute of play from there."""
    source, dice = hour(long_gop=True), Random(SEED)
    waits, stalls = [], 0
    with server(fill="lazy") as running, open_browser() as browser:
        sent = put(running, source)
        await_ready(running, sent.asset_id)
        address = f"{running.url}/{sent.playback_id}.m3u8"
        for number in range(SEEKS):
            place = dice.uniform(60, 3500)
            until = place + (PLAY_SECONDS if number % 10 == 0 else 0.5)
            report = browser.play(address, seek_to=place, until=until, timeout=120)
            waits.append(report.seeks[0].seconds)
            stalls += len([stall for stall in report.stalls if stall.seconds > 0.1])
    return [
        Figure(
            name=f"seek into the unencoded, p50 of {SEEKS}",
            value=statistics.median(waits),
            unit="s",
            bar="< 2.5 s; no stall in 60 s",
            detail=f"{listed(waits)}; {stalls} stalls",
        )
    ]


def forget(running: Server, sent: Sent) -> None:
    """Delete an asset, so that it disturbs no later figure."""
    with running.client() as client:
        client.delete(f"/video/v1/assets/{sent.asset_id}").raise_for_status()
    wait_for(lambda: not running.objects(), seconds=60, what="nothing is left")


def listed(values: list[float]) -> str:
    """All of the values, sorted."""
    return " ".join(f"{value:.2f}" for value in sorted(values))
