"""Which rungs are offered: what is stored, what passes through, and what the workers make in time."""

from dataclasses import replace
from fractions import Fraction

from tests.grids import facts

from vidstead.delivery.present import present
from vidstead.grid import Grid, Part, Row, Source
from vidstead.media import CopySpec, RowHeader, RowSpec, SourceFacts, TrickSpec, plan_rows, uniform_timeline

RATE = Fraction(24)
COPY = CopySpec(width=1920, height=1080, rate=RATE, bitrate=5_000_000, cell_bytes=4_000_000)
SLOW, FAST = 0.4, 1000.0


def film() -> SourceFacts:
    """20 s of 1080p at 5 Mbit/s."""
    small = facts(20)
    assert small.video is not None
    return replace(small, size=12_500_000, video=replace(small.video, width=1920, height=1080))


def grid(*, copied: bool = False, stored: tuple[str, ...] = ()) -> Grid:
    """Its grid; ``stored`` rows have every cell."""
    source = Source(id="s", parts=(Part(key="k", size=1),), facts=film(), index_key="i")
    timeline = uniform_timeline(rate=RATE, frames=480, segment_seconds=4)
    specs: list[tuple[str, RowSpec]] = [(plan.name, plan.spec) for plan in plan_rows(source.facts, RATE)]
    if copied:
        specs = [("1080p", COPY), *(pair for pair in specs if pair[0] != "1080p")]
    rows = tuple(
        Row(
            id=number,
            environment_id="e",
            grid_id="g",
            source_id="s",
            name=name,
            generation=1,
            spec=spec,
            header=RowHeader(init=b"", codecs="c", timescale=24000, config=b""),
            fingerprint="f",
            bandwidth=1000 * number,
            bounds=timeline.bounds,
            done=frozenset(range(5)) if name in stored else frozenset(),
        )
        for number, (name, spec) in enumerate(specs, 1)
    )
    return Grid(id="g", environment_id="e", timeline=timeline, sources=(source,), rows=rows)


def offered(grid: Grid, speed: float | None) -> list[str]:
    """Names of the rungs that a viewer may choose from; the first one is among them, and every other is kept aside."""
    shown = present(grid, speed=speed)
    names = [track.slug.removesuffix("-1") for track in shown.video]
    aside = [track.slug.removesuffix("-1") for track in shown.unlisted]
    assert shown.first is not None
    assert shown.first.removesuffix("-1") in names
    assert sorted(names + aside) == sorted(row.name for row in grid.rows if row.name.endswith("p"))
    assert [track.slug for track in shown.audio] == ["audio-1"]
    assert (shown.trick is not None) == any(isinstance(row.spec, TrickSpec) for row in grid.rows)
    return names


def test_a_fast_machine_offers_everything_and_a_slow_one_what_it_makes_in_time() -> None:
    assert offered(grid(), FAST) == ["1080p", "720p", "480p", "360p", "270p"]
    assert offered(grid(), 1.0) == ["720p", "480p", "360p", "270p"]
    assert offered(grid(), SLOW) == ["360p", "270p"]


def test_something_is_always_offered() -> None:
    assert offered(grid(), 0.001) == ["270p"]


def test_machines_that_nobody_knows_are_thought_slow() -> None:
    assert offered(grid(), None) == ["480p", "360p", "270p"]


def test_what_is_stored_is_offered_however_slow_the_machine() -> None:
    assert offered(grid(stored=("1080p",)), 0.001) == ["1080p", "270p"]
    everything = ("1080p", "720p", "480p", "360p", "270p", "audio", "trick")
    assert len(offered(grid(stored=everything), 0.001)) == 5


def test_what_passes_through_is_offered_and_begun_with() -> None:
    assert offered(grid(copied=True), 0.001) == ["1080p", "270p"]
    assert present(grid(copied=True), speed=0.001).first == "1080p-1"


def test_players_begin_with_a_rung_that_is_offered() -> None:
    assert present(grid(), speed=FAST).first == "480p-1"
    assert present(grid(), speed=SLOW).first == "360p-1"
