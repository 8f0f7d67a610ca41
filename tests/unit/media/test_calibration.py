"""The model of costs, against what runs took on the machine where it was made (two cores; docs/adr/0023)."""

from dataclasses import replace
from fractions import Fraction

import pytest

from vidstead.media import (
    Colour,
    SourceFacts,
    VideoSpec,
    VideoStream,
    cell_seconds,
    in_time,
    machine_speed,
    video_ladder,
)

SPEED = 1.45
"""Of that machine."""


def source(width: int, height: int, megabits: float, *, codec: str = "h264", rate: int = 30) -> SourceFacts:
    """A picture of 10 s with so many Mbit/s."""
    video = VideoStream(
        index=0,
        codec=codec,
        width=width,
        height=height,
        time_base=Fraction(1, rate),
        start=0,
        end=10 * rate,
        average_rate=Fraction(rate),
    )
    return SourceFacts(container="mov,mp4", size=round(megabits * 10e6 / 8), video=video, audio=())


def rung(facts: SourceFacts, name: str) -> VideoSpec:
    assert facts.video is not None
    found = {plan.name: plan.spec for plan in video_ladder(facts.video, facts.video.average_rate)}[name]
    assert isinstance(found, VideoSpec)
    return found


MEASURED = [
    (source(1920, 1080, 68.4), "1080p", 4.42),
    (source(1920, 1080, 68.4), "270p", 2.31),
    (source(1280, 720, 30), "720p", 2.10),
    (source(1920, 1080, 59, rate=60), "1080p", 6.79),
    (source(3840, 2160, 128), "1080p", 7.30),
    (source(3840, 2160, 128), "270p", 4.82),
    (source(1920, 1080, 5.7, codec="hevc"), "1080p", 3.11),
    (source(1920, 1080, 6.8, codec="vp9"), "1080p", 2.99),
    (source(1920, 1080, 3.1, codec="libdav1d"), "1080p", 2.63),
    (source(1920, 1080, 276, codec="prores"), "1080p", 4.43),
]


@pytest.mark.parametrize(("facts", "name", "seconds"), MEASURED)
def test_four_noisy_seconds_take_what_they_took(facts: SourceFacts, name: str, seconds: float) -> None:
    assert cell_seconds(rung(facts, name), facts, length=4, speed=SPEED) == pytest.approx(seconds, rel=0.2)


def test_hdr_and_fields_cost_more() -> None:
    plain = source(3840, 2160, 8.3, codec="hevc")
    assert plain.video is not None
    hdr = replace(plain, video=replace(plain.video, colour=Colour(transfer="smpte2084")))
    fields = replace(plain, video=replace(plain.video, interlaced=True))
    spec = rung(plain, "1080p")
    assert cell_seconds(spec, hdr, length=4, speed=SPEED) == pytest.approx(7.06, rel=0.2)
    assert cell_seconds(spec, fields, length=4, speed=SPEED) > cell_seconds(spec, plain, length=4, speed=SPEED) + 2


def test_what_a_machine_of_two_cores_offers_in_time() -> None:
    film = source(1920, 1080, 6.5)
    offered = [
        name for name in ("1080p", "720p", "480p", "360p") if in_time(rung(film, name), film, length=4, speed=SPEED)
    ]
    assert offered == ["720p", "480p", "360p"]
    assert in_time(rung(film, "1080p"), film, length=4, speed=2 * SPEED)
    assert not in_time(rung(film, "360p"), film, length=4, speed=SPEED / 10)


def test_longer_cells_pay_less_for_beginning() -> None:
    film = source(1280, 720, 3)
    short, long = (cell_seconds(rung(film, "720p"), film, length=length, speed=SPEED) for length in (1, 4))
    assert long < 4 * short


def test_a_source_of_sound_only_costs_no_picture() -> None:
    film = source(640, 360, 1)
    assert cell_seconds(rung(film, "360p"), replace(film, video=None), length=4, speed=SPEED) == 0


def test_speed_of_a_machine_grows_with_its_processors_up_to_what_a_run_uses() -> None:
    assert machine_speed(cpu_seconds=1.13, cores=2) == pytest.approx(SPEED, rel=0.01)
    assert machine_speed(cpu_seconds=1.13, cores=1) == pytest.approx(0.786, rel=0.01)
    assert machine_speed(cpu_seconds=1.13, cores=0.5) == pytest.approx(0.393, rel=0.01)
    assert machine_speed(cpu_seconds=1.13, cores=64) == machine_speed(cpu_seconds=1.13, cores=8)
