"""How fast the machines encode: each worker measures its own once, says so while it lives, and delivery reads the best.

The measurement takes about a second of niced processor time, in the background: a worker takes jobs at once. It is kept
in the database under the machine and the encoder's fingerprint, so that a restart needs none.
"""

import asyncio
import logging
from contextlib import suppress

from vidstead.db import Database
from vidstead.encoding import repository
from vidstead.encoding.ports import Meter
from vidstead.kit import VidsteadError

log = logging.getLogger(__name__)

BEAT_SECONDS = 15.0
LIVING_SECONDS = 60.0
"""How long a machine counts as living after it was heard of."""
MEASURED_SECONDS = 7 * 86400.0
"""How long a measurement is believed: processors are exchanged under virtual machines, too."""
FORGOTTEN_SECONDS = 30 * 86400.0
REFRESH_SECONDS = 5.0


class Speeds:
    """The speeds of all machines, as the database has them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def report(self, machine: str, fingerprint: str, speed: float) -> None:
        """Write down the speed of a machine that lives."""
        async with self._database.crossing() as connection:
            await repository.report(connection, machine, fingerprint, speed)

    async def known(self, machine: str, fingerprint: str) -> float | None:
        """What a machine measured within the last week. Those that are long gone are forgotten on this occasion."""
        async with self._database.crossing() as connection:
            await repository.forget(connection, FORGOTTEN_SECONDS)
            return await repository.known(connection, machine, fingerprint, MEASURED_SECONDS)

    async def best(self) -> tuple[float, str] | None:
        """The highest speed of all living machines, and whose it is; ``None`` while nobody said any."""
        async with self._database.crossing() as connection:
            return await repository.best(connection, LIVING_SECONDS)


class Calibration:
    """The worker's part: know this machine's speed, and say it again and again."""

    def __init__(self, speeds: Speeds, meter: Meter, *, machine: str, fixed: float | None) -> None:
        """``fixed``: the speed that was set by hand; then nothing is measured."""
        self._speeds = speeds
        self._meter = meter
        self._machine = machine
        self._speed = fixed
        self._fingerprint = "set" if fixed is not None else meter.fingerprint

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``. What goes wrong is logged and tried again: no job waits for this."""
        while not stop.is_set():
            try:
                await self.beat()
            except VidsteadError as error:
                log.warning("the speed of this machine could not be told: %s", error.message)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), BEAT_SECONDS)

    async def beat(self) -> None:
        """Measure, if nobody did, and report. Raises ``CalibrationFailed`` and what the database raises."""
        if self._speed is None:
            self._speed = await self._speeds.known(self._machine, self._fingerprint)
        if self._speed is None:
            self._speed = await self._meter.measure()
            log.info("this machine encodes 1080p at %.2f times real time", self._speed)
        await self._speeds.report(self._machine, self._fingerprint, self._speed)


class BestSpeed:
    """The web process's part: the best speed of the living machines, at hand without asking anybody."""

    def __init__(self, speeds: Speeds, *, fixed: float | None) -> None:
        """``fixed``: the speed that was set by hand; then nobody is asked."""
        self._speeds = speeds
        self._fixed = fixed
        self._latest = fixed

    def latest(self) -> float | None:
        """What was last heard; ``None`` while no machine is known."""
        return self._latest

    async def refresh(self) -> None:
        """Ask the database. Where it is silent, what was last heard holds on."""
        if self._fixed is not None:
            return
        try:
            best = await self._speeds.best()
        except VidsteadError as error:
            log.warning("the speed of the machines is not known: %s", error.message)
        else:
            self._latest = best[0] if best else None

    async def follow(self) -> None:
        """Refresh again and again, until cancelled; one task of the process runs this."""
        while True:
            await self.refresh()
            await asyncio.sleep(REFRESH_SECONDS)
