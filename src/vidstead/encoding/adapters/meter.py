"""How fast this machine encodes, by the encoder itself: one short niced run whose processor time ffmpeg tells."""

import asyncio
import math
import os
import platform
import re
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from vidstead.encoding.adapters.process import child
from vidstead.encoding.adapters.run import ENCODER_MEMORY
from vidstead.encoding.errors import CalibrationFailed
from vidstead.encoding.ports import Urgency
from vidstead.media import (
    MEASURED_FRAMES,
    MEASURED_HEIGHT,
    MEASURED_RATE,
    MEASURED_WIDTH,
    VideoSpec,
    machine_speed,
    measure_command,
)

MEASURE_SECONDS = 120.0
"""By the clock: a niced run on a machine that is busy takes long, and is as good."""
MEASURE_CPU_SECONDS = 60.0
TIMES = re.compile(r"bench: utime=([0-9.]+)s stime=([0-9.]+)s")
SPEC = VideoSpec(
    width=MEASURED_WIDTH,
    height=MEASURED_HEIGHT,
    rate=MEASURED_RATE,
    crf=23,
    max_bitrate=3_270_000,
    buffer_bits=3_270_000,
    level="3.1",
)
CONTROL_GROUP = Path("/sys/fs/cgroup/cpu.max")
PROCESSORS = Path("/proc/cpuinfo")


class FfmpegMeter:
    """Measures one machine with one ffmpeg."""

    def __init__(self, ffmpeg: str, build: str) -> None:
        """``build``: name and version of the encoder."""
        self._ffmpeg = ffmpeg
        self._build = build

    @property
    def fingerprint(self) -> str:
        """See ``Meter``: the encoder, the processor, and how much of it is ours."""
        facts = (self._build, platform.machine(), _processor(), f"{usable_cores():g}")
        return sha256("\n".join(facts).encode()).hexdigest()[:32]

    async def measure(self) -> float:
        """See ``Meter``."""
        said, code = "", -1
        try:
            async with (
                asyncio.timeout(MEASURE_SECONDS),
                child(
                    "exec",
                    {"command": measure_command(self._ffmpeg, SPEC, frames=MEASURED_FRAMES)},
                    memory=ENCODER_MEMORY,
                    cpu_seconds=MEASURE_CPU_SECONDS,
                    nice=Urgency.BULK,
                ) as running,
            ):
                code = await running.wait()
                said = running.said
        except TimeoutError:
            raise CalibrationFailed(reason=f"not done after {MEASURE_SECONDS:.0f} s") from None
        seconds = sum(float(part) for times in TIMES.findall(said) for part in times)
        if code != 0 or seconds <= 0:
            raise CalibrationFailed(reason=said[-200:] or f"ffmpeg ended with {code}")
        return machine_speed(cpu_seconds=seconds, cores=usable_cores())


def usable_cores() -> float:
    """How many processors this process may keep busy: by its affinity, and by the limit of its control group."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(float(cores), _quota())


def _quota() -> float:
    """Processors that the control group allows (cgroup v2, ``cpu.max``); infinite where it sets no limit."""
    with suppress(OSError, ValueError, ZeroDivisionError):
        quota, period = CONTROL_GROUP.read_text().split()
        return float(quota) / float(period)
    return math.inf


def _processor() -> str:
    with suppress(OSError):
        for line in PROCESSORS.read_text().splitlines():
            if line.startswith("model name"):
                return line
    return platform.processor()
