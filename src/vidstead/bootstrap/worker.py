"""The worker process: the lanes of jobs, and the cursors over the events log."""

import asyncio
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction

from vidstead import encoding, grid, ingest
from vidstead.assets import Progress
from vidstead.bootstrap.core import Core, assemble
from vidstead.bootstrap.places import ffmpeg_path
from vidstead.encoding import BestSpeed, Calibration, Publisher, SpanFiller, Speeds
from vidstead.encoding.adapters.copier import Mp4Copier
from vidstead.encoding.adapters.encoder import FfmpegEncoder
from vidstead.encoding.adapters.meter import FfmpegMeter
from vidstead.encoding.adapters.prober import PyAvProber
from vidstead.encoding.adapters.summer import ChildSummer
from vidstead.events import Follower
from vidstead.grid import Checksums
from vidstead.ingest import Publishing
from vidstead.jobs import FailedJob, Queue
from vidstead.kit import configure_logging
from vidstead.media import segment_seconds_by_length
from vidstead.settings import Settings

SYSTEM_SLOTS = 4
PULL_SLOTS = 4
LIGHT_SLOTS = 1
PROGRESS_GATHER_SECONDS = 0.25
"""How much later percentages may be told, so that cells which come together are counted together."""


async def run(settings: Settings, stop: asyncio.Event | None = None) -> None:
    """Work until ``stop``, SIGTERM or SIGINT."""
    configure_logging(settings.log_level)
    stop = stop or _stop_on_signals()

    async def failed(job: FailedJob) -> None:
        await ingest.give_up(job, publishing)

    core = assemble(settings, failed=failed)
    copier = Mp4Copier(core.store)
    encoder = FfmpegEncoder(core.store, ffmpeg_path(settings), copier)
    speeds = Speeds(core.database)
    best = BestSpeed(speeds, fixed=settings.encode_speed)
    filler = SpanFiller(core.grids, core.store, encoder, worker=core.name, look_aheads=settings.hot_slots)
    encoding.register(core.jobs, filler)
    publishing = _register(core, settings, copier, encoder, best)
    calibration = _calibration(speeds, settings, encoder)
    progress = Progress(core.database, core.assets)
    follower = Follower(
        progress.name, core.database, core.listener, progress.handle, gather_seconds=PROGRESS_GATHER_SECONDS
    )
    await core.listener.start()
    following = asyncio.create_task(follower.run(stop), name=progress.name)
    aside = [
        asyncio.create_task(calibration.run(stop), name="calibration"),
        asyncio.create_task(best.follow(), name="news of speeds"),
    ]
    try:
        await core.jobs.run(_slots(settings), stop)
    finally:
        stop.set()
        await filler.close()
        for task in aside:
            task.cancel()
        for task in aside:
            with suppress(asyncio.CancelledError):
                await task
        await following
        await core.close()


def _calibration(speeds: Speeds, settings: Settings, encoder: FfmpegEncoder) -> Calibration:
    meter = FfmpegMeter(ffmpeg_path(settings), encoder.build)
    return Calibration(speeds, meter, machine=socket.gethostname(), fixed=settings.encode_speed)


def _slots(settings: Settings) -> dict[Queue, int]:
    """Jobs at a time in each lane; a worker without bulk work has no light work either."""
    bulk = settings.bulk_slots
    return {
        "hot": settings.hot_slots,
        "pull": PULL_SLOTS,
        "bulk": bulk,
        "light": min(bulk, LIGHT_SLOTS),
        "system": SYSTEM_SLOTS,
    }


def _register(
    core: Core, settings: Settings, copier: Mp4Copier, encoder: FfmpegEncoder, speed: BestSpeed
) -> Publishing:
    """Make every task known, and what publishes known to who asks."""
    publisher = Publisher(PyAvProber(core.store), copier, encoder, segment_seconds=_segment_policy(settings))
    checksums = Checksums(core.database, core.jobs, ChildSummer(core.store))
    publishing = Publishing(
        core.database,
        core.jobs,
        core.store,
        core.grids,
        checksums,
        core.assets,
        publisher,
        encode_speed=speed.latest,
    )
    grid.register(core.jobs, core.grids, core.clips, checksums)
    ingest.register(core.jobs, publishing, core.inputs, core.uploads)
    return publishing


def _segment_policy(settings: Settings) -> Callable[[Fraction], float]:
    if settings.segment_policy == "by_length":
        return segment_seconds_by_length
    return lambda duration: settings.segment_seconds


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
