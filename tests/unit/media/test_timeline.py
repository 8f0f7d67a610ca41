"""Timelines: bounds rise, sums are exact, tails join, rates are the standard ones."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidstead.media import (
    AAC_FRAME,
    STANDARD_RATES,
    Timeline,
    audio_bounds,
    segment_seconds_by_length,
    standard_rate,
    target_duration,
    timeline_with_bounds,
    uniform_timeline,
)

rates = st.sampled_from(STANDARD_RATES)
lengths = st.integers(1, 400_000)
segments = st.floats(1, 15)
timelines = st.builds(
    lambda rate, frames, seconds: uniform_timeline(rate=rate, frames=frames, segment_seconds=seconds),
    rates,
    lengths,
    segments,
)


@given(rates, lengths, segments)
def test_cells_fill_the_frames_and_only_the_last_differs(rate: Fraction, frames: int, seconds: float) -> None:
    timeline = uniform_timeline(rate=rate, frames=frames, segment_seconds=seconds)
    sizes = [end - start for start, end in pairwise(timeline.bounds)]
    assert sum(sizes) == frames == timeline.frames
    assert min(sizes) > 0
    step = int(Fraction(seconds) * rate + Fraction(1, 2))
    assert set(sizes[:-1]) <= {step}
    if timeline.cells > 1:
        assert step <= 2 * sizes[-1] < 3 * step
    assert timeline.duration == frames / rate


@pytest.mark.parametrize(
    ("frames", "sizes"),
    [(1, [1]), (49, [49]), (100, [100]), (149, [149]), (150, [100, 50]), (249, [100, 149]), (250, [100, 100, 50])],
)
def test_a_tail_shorter_than_half_a_cell_joins_the_one_before(frames: int, sizes: list[int]) -> None:
    timeline = uniform_timeline(rate=Fraction(25), frames=frames, segment_seconds=4)
    assert [end - start for start, end in pairwise(timeline.bounds)] == sizes


@given(timelines, st.data())
def test_every_moment_lies_in_its_cell(timeline: Timeline, data: st.DataObject) -> None:
    cell = data.draw(st.integers(0, timeline.cells - 1))
    assert timeline.cell_at(float(timeline.start(cell))) == cell
    middle = (timeline.start(cell) + timeline.start(cell + 1)) / 2
    assert timeline.cell_at(float(middle)) == cell
    assert timeline.cell_at(-5) == 0
    assert timeline.cell_at(float(timeline.duration) + 100) == timeline.cells - 1


@given(timelines)
def test_a_frame_has_a_whole_number_of_ticks(timeline: Timeline) -> None:
    assert Fraction(timeline.frame_ticks, timeline.timescale) == 1 / timeline.rate


@pytest.mark.parametrize("bounds", [(), (0,), (-1, 2), (0, 0), (0, 5, 5), (0, 7, 3)])
def test_bounds_that_do_not_rise_are_refused(bounds: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="rise strictly"):
        Timeline(rate=Fraction(25), bounds=bounds)


def test_bounds_can_be_given() -> None:
    timeline = timeline_with_bounds(rate=Fraction(25), starts=[130, 0, 48, 48], frames=200)
    assert timeline.bounds == (0, 48, 130, 200)
    with pytest.raises(ValueError, match="rise strictly"):
        timeline_with_bounds(rate=Fraction(25), starts=[5, 10], frames=200)
    with pytest.raises(ValueError, match="rise strictly"):
        timeline_with_bounds(rate=Fraction(25), starts=[0, 300], frames=200)


@pytest.mark.parametrize(
    ("average", "rate"),
    [
        ("0", "10"),
        ("7.3", "10"),
        ("12.5", "12.5"),
        ("12.6", "15"),
        ("23.5", "24000/1001"),
        ("23.976", "24000/1001"),
        ("24000/1001", "24000/1001"),
        ("23.98", "24000/1001"),
        ("24", "24"),
        ("24.0001", "24"),
        ("23.9999", "24"),
        ("24.5", "25"),
        ("25.0002", "25"),
        ("27.31", "30000/1001"),
        ("29.97", "30000/1001"),
        ("29.99", "30"),
        ("30", "30"),
        ("31", "48"),
        ("59.94", "60000/1001"),
        ("60", "60"),
        ("120", "60"),
        ("1000", "60"),
    ],
)
def test_standard_rates(average: str, rate: str) -> None:
    assert standard_rate(Fraction(average)) == Fraction(rate)


@given(st.fractions(0, 200))
def test_a_standard_rate_is_not_below_the_average(average: Fraction) -> None:
    rate = standard_rate(average)
    assert rate in STANDARD_RATES
    assert rate >= min(average, Fraction(60)) * Fraction(1000, 1001)


@given(timelines, st.sampled_from([44100, 48000]), st.fractions(0, 2))
def test_sound_follows_the_picture(timeline: Timeline, sample_rate: int, share: Fraction) -> None:
    samples = int(timeline.duration * sample_rate * share)
    bounds = audio_bounds(timeline, sample_rate=sample_rate, samples=samples)
    assert len(bounds) == len(timeline.bounds)
    assert bounds[0] == 0
    assert all(start < end for start, end in pairwise(bounds))
    frame = Fraction(AAC_FRAME, sample_rate)
    for cell in range(timeline.cells):
        assert abs(bounds[cell] * frame - timeline.start(cell)) <= frame / 2
    last = timeline.duration - timeline.start(timeline.cells - 1)
    assert abs(bounds[-1] * frame - timeline.duration) <= last / 2 + 2 * frame


@pytest.mark.parametrize(
    ("seconds", "frames"),
    [
        (0, 375),  # silence: all of it is padded
        (5.9, 375),  # more than half of the last cell is missing
        (6.1, 286),  # the sound's own end, rounded up
        (8, 375),
        (9, 422),
        (10.5, 468),  # half a cell more at most
        (60, 468),
    ],
)
def test_the_end_of_sound(seconds: float, frames: int) -> None:
    timeline = uniform_timeline(rate=Fraction(25), frames=200, segment_seconds=4)
    bounds = audio_bounds(timeline, sample_rate=48000, samples=round(seconds * 48000))
    assert bounds == (0, 188, frames)


def test_sound_alone_has_the_bounds_of_its_own_frames() -> None:
    timeline = uniform_timeline(rate=Fraction(44100, AAC_FRAME), frames=1000, segment_seconds=4)
    assert audio_bounds(timeline, sample_rate=44100, samples=1000 * AAC_FRAME) == timeline.bounds


def test_target_duration_is_rounded() -> None:
    assert target_duration((0, 100, 200, 349), Fraction(1, 25)) == 6
    assert target_duration((0, 3), Fraction(1, 25)) == 1
    assert target_duration((0, 120), Fraction(1001, 30000)) == 4


@pytest.mark.parametrize(
    ("seconds", "expected"), [(1, 6.0), (1799, 6.0), (1800, 10.0), (7200, 10.0), (7201, 15.0), (36000, 15.0)]
)
def test_the_length_of_segments_by_that_of_the_film(seconds: int, expected: float) -> None:
    assert segment_seconds_by_length(Fraction(seconds)) == expected
