"""How long somebody waits: after an upload, for a first picture, for a cell, after a jump."""

import sys
import tempfile
import time
from pathlib import Path
from random import Random

from tests.oracle.browser import Browser, open_browser
from tests.serve import Server

from benchmarks.bare import cell_command
from benchmarks.clips import clip, hour
from benchmarks.measure import (
    SEED,
    Figure,
    await_ready,
    calibrated_server,
    elapsed,
    fetch,
    forget,
    listed,
    plans,
    put,
    run,
    server,
)
from vidstead.media import VideoSpec

CELLS = 9
SEEKS = 20
PLAYED = 2
"""Jumps after which playback goes on for ``PLAY_SECONDS``."""
PLAY_SECONDS = 60.0
STALL_SECONDS = 0.1
"""Shorter stops are hiccups of a screen without a graphics card."""


def last_byte_to_ready(rounds: int) -> list[Figure]:
    """From the last byte sent to `ready`: ten seconds of film, and an hour of 3 GB."""
    found = []
    with server(fill="lazy") as running:
        for name, path in (("10 s", clip("hard", 10)), ("1 hour, 3 GB", hour())):
            times = []
            for _ in range(rounds):
                sent = put(running, path)
                times.append(await_ready(running, sent.asset_id) - sent.at)
                forget(running, sent)
            name = f"last byte -> ready, {name} of 1080p"
            found.append(Figure(name=name, unit="s", values=times, most=1.0, detail=listed(times)))
    between = abs(found[0].value - found[1].value)
    return [*found, Figure(name="last byte -> ready, between the two", unit="s", values=[between], most=0.3)]


def first_frame(rounds: int) -> list[Figure]:
    """From the last byte sent to the first picture on the watch page, of films that pass through and that don't."""
    found = []
    with open_browser() as browser:
        for kind, bar in (("conforming", 1.5), ("to be encoded", 3.0)):
            long_gop = kind != "conforming"
            for name, path in (("10 s", clip("hard", 10, long_gop=long_gop)), ("1 hour", hour(long_gop=long_gop))):
                with calibrated_server() as running:
                    times = [_first_frame(running, browser, path) for _ in range(rounds)]
                name = f"last byte -> first frame, {name}, {kind}"
                found.append(Figure(name=name, unit="s", values=times, most=bar, detail=listed(times)))
    return found


def _first_frame(running: Server, browser: Browser, path: Path) -> float:
    sent = put(running, path)
    begin = time.monotonic()
    report = browser.watch(f"{running.url}/watch/{sent.playback_id}", until=0.3, timeout=60)
    assert report.first_frame_seconds is not None, report
    forget(running, sent)
    return begin - sent.at + report.first_frame_seconds


def hot_cell(rounds: int) -> list[Figure]:
    """A missing 720p cell while bulk fills both cores, beside bare ffmpeg making the same on the idle machine."""
    source, dice = clip("hard", 120, long_gop=True), Random(SEED)
    spec = next(row.spec for row in plans() if row.name == "720p")
    assert isinstance(spec, VideoSpec)
    places = dice.sample(range(15, 30), max(rounds, CELLS))
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "cell.mp4"
        bare = [_timed_cell(source, spec, index, target) for index in places]
    found = []
    for state, settings in (("idle", {"fill": "lazy"}), ("beside bulk", {})):
        with server(look_ahead="0", **settings) as running:
            sent = put(running, source)
            await_ready(running, sent.asset_id)
            address = f"{running.url}/{sent.playback_id}/720p-1"
            times = [_waited(f"{address}/{index}.m4s") for index in places]
            progress = running.asset(sent.asset_id)["progress"]["progress"]
        detail = f"{listed(times)}; bare {listed(bare)}; bulk at {progress:.0f} %"
        name = f"hot 720p cell of 4 s, {state}"
        found.append(Figure(name=name, unit="s", values=times, bare=bare, most=1.3, detail=detail))
    return found


def _timed_cell(source: Path, spec: VideoSpec, index: int, target: Path) -> float:
    return elapsed(lambda: run(cell_command(source, spec, index * 4.0, 4.0, target)))


def _waited(address: str) -> float:
    return elapsed(lambda: fetch(address))


def seek(rounds: int) -> list[Figure]:
    """Jumps to where nothing is encoded, on the watch page; after some of them, a minute of play from there."""
    source, dice = hour(long_gop=True), Random(SEED)
    waits: list[float] = []
    stalls: list[float] = []
    with calibrated_server(fill="lazy") as running, open_browser() as browser:
        sent = put(running, source)
        await_ready(running, sent.asset_id)
        for number in range(max(rounds, SEEKS)):
            place = dice.uniform(60, 3500)
            played = number < PLAYED
            until = place + (PLAY_SECONDS if played else 0.2)
            address = f"{running.url}/watch/{sent.playback_id}"
            report = browser.watch(address, seek_to=place, until=until, timeout=180)
            assert report.seeks, report
            waits.append(report.seeks[0].seconds)
            print(f"  {place:7.1f} s: {waits[-1]:.2f} s", file=sys.stderr, flush=True)
            if played:
                stalls.append(sum(stall.seconds for stall in report.stalls if stall.seconds > STALL_SECONDS))
    name, stalled = f"seek into the unencoded, p50 of {len(waits)}", f"stalls in {PLAY_SECONDS:.0f} s of play after it"
    return [
        Figure(name=name, unit="s", values=waits, most=2.5, detail=listed(waits)),
        Figure(name=stalled, unit="s", values=stalls, most=STALL_SECONDS, detail=listed(stalls)),
    ]
