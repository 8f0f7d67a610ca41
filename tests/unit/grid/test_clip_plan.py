"""Which rows a clip has, and what of them is the film's."""

from dataclasses import replace
from fractions import Fraction

import pytest

from vidstead.grid import Grid, Row
from vidstead.grid.clips.plan import clip_rows
from vidstead.media import (
    AudioSpec,
    CopySpec,
    RowHeader,
    RowSpec,
    SoundCopySpec,
    TrickSpec,
    VideoSpec,
    audio_bounds,
    plan_cut,
    uniform_timeline,
)

RATE = Fraction(25)
TIMELINE = uniform_timeline(rate=RATE, frames=500, segment_seconds=4)
VIDEO = VideoSpec(width=640, height=360, rate=RATE, crf=23, max_bitrate=900_000, buffer_bits=900_000, level="3.0")
TRICK = TrickSpec(width=320, height=180, rate=RATE, crf=26, most_bytes=17_000, level="1.3")
COPY = CopySpec(width=640, height=360, rate=RATE, bitrate=800_000, cell_bytes=500_000)
SOUND = AudioSpec(sample_rate=48000, channels=2, bitrate=128_000)
SOUND_COPY = SoundCopySpec(sample_rate=48000, channels=2, bitrate=160_000, cell_bytes=90_000, lead=1500)
SHORT = 18.8
"""Seconds of sound, where there are 20 of pictures."""


def row(number: int, name: str, spec: RowSpec, *, generation: int = 1) -> Row:
    bounds = TIMELINE.bounds
    if isinstance(spec, AudioSpec | SoundCopySpec):
        bounds = audio_bounds(TIMELINE, sample_rate=48000, samples=int(SHORT * 48000))
    return Row(
        id=number,
        environment_id="e",
        grid_id="film",
        source_id="s",
        name=name,
        generation=generation,
        spec=spec,
        header=RowHeader(init=b"", codecs="", timescale=48000, config=b""),
        fingerprint="",
        bandwidth=700_000,
        bounds=bounds,
    )


ENCODED = Grid(
    id="film",
    environment_id="e",
    timeline=TIMELINE,
    sources=(),
    rows=(row(1, "360p", VIDEO), row(2, "audio", SOUND), row(3, "trick", TRICK)),
)
COPIED = replace(
    ENCODED,
    rows=(row(1, "360p", COPY), row(2, "audio", SOUND_COPY), row(3, "trick", TRICK)),
    spares=(row(4, "360p", VIDEO, generation=2), row(5, "audio", SOUND, generation=2)),
)


@pytest.mark.parametrize(
    ("film", "first", "end", "lent"),
    [
        # From the start everything is lent; within the film not the first cell of sound, nor stills of who knows when.
        (ENCODED, 0, 300, {1: range(3), 2: range(3), 3: range(3)}),
        (ENCODED, 100, 300, {1: range(2), 2: range(1, 2), 3: range(0)}),
        (ENCODED, 84, 298, {1: range(1, 2), 2: range(1, 2), 3: range(0)}),
        (ENCODED, 110, 190, {1: range(0), 2: range(0), 3: range(0)}),
        # What passes through is lent between its bounds; elsewhere the encoded row of its size stands in.
        (COPIED, 0, 500, {1: range(5), 2: range(5), 3: range(5)}),
        (COPIED, 100, 300, {1: range(2), 2: range(1, 2), 3: range(2)}),
        (COPIED, 84, 298, {4: range(1, 2), 2: range(1, 2), 3: range(1, 2)}),
        # Copied sound ends where the source's does; silence behind that is the spare's.
        (COPIED, 340, 460, {4: range(0), 2: range(0), 3: range(0)}),
        (COPIED, 300, 490, {4: range(1), 5: range(0), 3: range(1)}),
        (COPIED, 472, 500, {4: range(0), 5: range(0), 3: range(0)}),
    ],
)
def test_who_lends_what(film: Grid, first: int, end: int, lent: dict[int, range]) -> None:
    planned = clip_rows(film, plan_cut(TIMELINE, first, end))
    assert {lender.id: new.loan.columns for lender, new in planned if new.loan} == lent
    for lender, new in planned:
        assert (new.plan.name, new.generation, new.header) == (lender.name, lender.generation, lender.header)
        if isinstance(lender.spec, SoundCopySpec):
            assert new.bounds[-1] <= lender.bounds[-1]
