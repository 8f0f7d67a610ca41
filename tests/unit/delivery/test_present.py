"""What viewers may choose from, and what an asset says of itself: the trick row is no rung."""

from fractions import Fraction

from tests.grids import facts

from vidstead.delivery.present import present
from vidstead.grid import Grid, Part, Row, Source
from vidstead.ingest.describe import describe
from vidstead.media import RowHeader, plan_rows, uniform_timeline


def grid() -> Grid:
    """What publishing makes of a film of 320x180 with sound."""
    source = Source(id="s", parts=(Part(key="k", size=1),), facts=facts(20), index_key="i")
    timeline = uniform_timeline(rate=Fraction(24), frames=480, segment_seconds=4)
    rows = tuple(
        Row(
            id=number,
            environment_id="e",
            grid_id="g",
            source_id="s",
            name=plan.name,
            generation=1,
            spec=plan.spec,
            header=RowHeader(init=b"", codecs="c", timescale=24000, config=b""),
            fingerprint="f",
            bandwidth=1000,
            bounds=timeline.bounds,
        )
        for number, plan in enumerate(plan_rows(source.facts, timeline.rate), 1)
    )
    return Grid(id="g", environment_id="e", timeline=timeline, sources=(source,), rows=rows)


def test_the_trick_row_is_no_rung() -> None:
    shown = present(grid(), speed=None)
    assert [track.slug for track in shown.video] == ["180p-1"]
    assert shown.trick is not None
    assert (shown.trick.slug, shown.trick.width, shown.trick.height) == ("trick-1", 320, 180)
    assert [track.slug for track in shown.tracks] == ["180p-1", "audio-1", "trick-1"]


def test_the_trick_row_says_nothing_of_the_asset() -> None:
    whole = grid()
    bare = Grid(
        id="g", environment_id="e", timeline=whole.timeline, sources=whole.sources, rows=(whole.rows[1], whole.rows[2])
    )
    assert describe(whole).resolution_tier == "720p"
    assert [track["type"] for track in describe(whole).tracks] == ["video", "audio"]
    assert describe(bare).resolution_tier == "audio-only"
