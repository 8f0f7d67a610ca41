"""How fast this machine encodes: measured once by the real encoder, kept, told while the worker lives."""

import asyncio
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from tests.oracle.barcode import ffmpeg

from vidstead.db import Database, RoleUrls
from vidstead.encoding import BestSpeed, Calibration, CalibrationFailed, Speeds
from vidstead.encoding.adapters import meter as adapter
from vidstead.encoding.adapters.meter import FfmpegMeter, usable_cores


class Counting:
    """A meter that counts how often it is asked, and may fail."""

    def __init__(self, speed: float, fingerprint: str = "ffmpeg 9, two cores") -> None:
        self.fingerprint = fingerprint
        self.speed = speed
        self.asked = 0
        self.failures = 0

    async def measure(self) -> float:
        """See ``Meter``."""
        self.asked += 1
        if self.failures:
            self.failures -= 1
            raise CalibrationFailed(reason="told to")
        return self.speed


@pytest.fixture
def speeds(database: Database, database_urls: RoleUrls) -> Speeds:
    """No machine is known."""
    change(database_urls, "delete from app.encode_speeds")
    return Speeds(database)


def change(urls: RoleUrls, statement: str) -> None:
    with psycopg.connect(urls.owner) as connection:
        connection.execute(statement)


async def test_a_restarted_worker_measures_nothing(speeds: Speeds) -> None:
    meter = Counting(1.5)
    for _ in range(3):
        await Calibration(speeds, meter, machine="a", fixed=None).beat()
    assert meter.asked == 1
    assert await speeds.best() == (1.5, "a")


async def test_another_encoder_processor_or_machine_is_measured_anew(speeds: Speeds) -> None:
    meters = [Counting(1.5), Counting(2.5, "ffmpeg 10, two cores"), Counting(0.5)]
    for meter, machine in zip(meters, ("a", "a", "b"), strict=True):
        await Calibration(speeds, meter, machine=machine, fixed=None).beat()
    assert [meter.asked for meter in meters] == [1, 1, 1]
    assert await speeds.best() == (2.5, "a")


async def test_a_measurement_is_believed_for_a_week(speeds: Speeds, database_urls: RoleUrls) -> None:
    meter = Counting(1.5)
    await Calibration(speeds, meter, machine="a", fixed=None).beat()
    change(database_urls, "update app.encode_speeds set measured_at = now() - interval '8 days'")
    meter.speed = 2.0
    await Calibration(speeds, meter, machine="a", fixed=None).beat()
    await Calibration(speeds, meter, machine="a", fixed=None).beat()
    assert meter.asked == 2
    assert await speeds.best() == (2.0, "a")


async def test_dead_machines_count_for_nothing_and_are_forgotten(speeds: Speeds, database_urls: RoleUrls) -> None:
    await speeds.report("dead", "f", 9.0)
    change(database_urls, "update app.encode_speeds set seen_at = now() - interval '2 minutes'")
    assert await speeds.best() is None
    await speeds.report("living", "f", 1.0)
    assert await speeds.best() == (1.0, "living")
    change(database_urls, "update app.encode_speeds set seen_at = now() - interval '31 days' where machine = 'dead'")
    await speeds.known("living", "f")
    assert await speeds.known("dead", "f") is None


async def test_a_speed_that_is_set_is_told_and_nothing_measured(speeds: Speeds) -> None:
    meter = Counting(1.5)
    await Calibration(speeds, meter, machine="a", fixed=4.0).beat()
    assert meter.asked == 0
    assert await speeds.best() == (4.0, "a")


async def test_a_measurement_that_fails_is_tried_again(speeds: Speeds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vidstead.encoding.speeds.BEAT_SECONDS", 0.01)
    meter = Counting(1.5)
    meter.failures = 2
    running = asyncio.create_task(Calibration(speeds, meter, machine="a", fixed=None).run(asyncio.Event()))
    async with asyncio.timeout(30):
        while await speeds.best() is None:  # noqa: ASYNC110  the database tells nobody
            await asyncio.sleep(0.01)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert meter.asked == 3


async def test_what_the_web_process_believes(speeds: Speeds) -> None:
    best, fixed = BestSpeed(speeds, fixed=None), BestSpeed(speeds, fixed=3.0)
    for one in (best, fixed):
        await one.refresh()
    assert (best.latest(), fixed.latest()) == (None, 3.0)
    await speeds.report("a", "f", 1.25)
    for one in (best, fixed):
        await one.refresh()
    assert (best.latest(), fixed.latest()) == (1.25, 3.0)


async def test_a_database_that_is_gone_changes_no_belief(speeds: Speeds) -> None:
    await speeds.report("a", "f", 1.25)
    best = BestSpeed(speeds, fixed=None)
    await best.refresh()
    gone = BestSpeed(Speeds(Database("postgresql+psycopg://vs_app@127.0.0.1:1/nothing")), fixed=None)
    gone._latest = best.latest()
    await gone.refresh()
    assert gone.latest() == 1.25


async def test_the_real_encoder_measures_this_machine() -> None:
    meter = FfmpegMeter(ffmpeg(), "test")
    assert 0.01 < await meter.measure() < 100
    assert meter.fingerprint == FfmpegMeter(ffmpeg(), "test").fingerprint
    assert meter.fingerprint != FfmpegMeter(ffmpeg(), "another").fingerprint


async def test_an_encoder_that_can_not_is_said_so() -> None:
    with pytest.raises(CalibrationFailed):
        await FfmpegMeter("/bin/true", "test").measure()


def test_the_limit_of_a_container_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = tmp_path / "cpu.max"
    monkeypatch.setattr(adapter, "CONTROL_GROUP", limits)
    whole = usable_cores()
    limits.write_text("50000 100000\n")
    assert usable_cores() == 0.5
    limits.write_text("max 100000\n")
    assert usable_cores() == whole >= 1
