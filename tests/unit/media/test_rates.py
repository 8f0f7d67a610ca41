"""The computed bound on bit rates, against a simulation of x264's bucket that is as greedy as it may be."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidstead.media import (
    STANDARD_RATES,
    AudioSpec,
    Timeline,
    TrickSpec,
    VideoSpec,
    audio_bounds,
    average_bandwidth,
    cell_limit,
    frame_seconds,
    peak_bandwidth,
    target_duration,
    uniform_timeline,
)

STEREO = AudioSpec(sample_rate=48000, channels=2, bitrate=128_000)


def video(rate: Fraction = Fraction(25), *, max_bitrate: int = 3_000_000) -> VideoSpec:
    return VideoSpec(
        width=1280,
        height=720,
        rate=rate,
        crf=23,
        max_bitrate=max_bitrate,
        buffer_bits=max_bitrate,
        level="3.1",
    )


def bucket_cell(spec: VideoSpec, greed: Sequence[float]) -> int:
    """Bits of a cell whose every picture takes a share of what is in the bucket (full after easy ones)."""
    level, bits = float(spec.buffer_bits), 0.0
    for share in greed:
        taken = share * level
        bits += taken
        level = min(level - taken + float(spec.max_bitrate / spec.rate), spec.buffer_bits)
    return int(bits)


def measured_peak(sizes: Sequence[int], bounds: Sequence[int], frame: Fraction) -> Fraction:
    """The peak segment bit rate by the words of RFC 8216: all runs of 0.5 to 1.5 target durations."""
    target = target_duration(bounds, frame)
    rates = [
        Fraction(8 * sum(sizes[first:stop])) / ((bounds[stop] - bounds[first]) * frame)
        for first in range(len(sizes))
        for stop in range(first + 1, len(bounds))
        if Fraction(target, 2) <= (bounds[stop] - bounds[first]) * frame <= Fraction(3 * target, 2)
    ]
    return max(rates, default=Fraction(0))


timelines = st.builds(
    lambda rate, frames, seconds: uniform_timeline(rate=rate, frames=frames, segment_seconds=seconds),
    st.sampled_from(STANDARD_RATES),
    st.integers(1, 1200),
    st.floats(1, 6),
)


@given(timelines, st.integers(100_000, 10_000_000), st.randoms(use_true_random=False))
def test_no_run_of_cells_exceeds_the_bound_however_greedy_the_encoder(timeline, max_bitrate, random) -> None:  # type: ignore[no-untyped-def]
    spec = video(timeline.rate, max_bitrate=max_bitrate)
    sizes = []
    for start, end in pairwise(timeline.bounds):
        greed = [random.choice((0.0, 0.3, 1.0, 1.0)) for _ in range(end - start)]
        sizes.append(bucket_cell(spec, greed) // 8)
        assert sizes[-1] <= cell_limit(spec, end - start)
    assert measured_peak(sizes, timeline.bounds, 1 / timeline.rate) <= peak_bandwidth(spec, timeline.bounds)


def test_the_bound_is_tight_but_for_the_container() -> None:
    spec = video()
    drained = bucket_cell(spec, [1.0] * 100)
    bound = 8 * cell_limit(spec, 100)
    assert 0.98 * bound <= drained <= bound


@pytest.mark.parametrize(("frames", "factor"), [(100, 1.25), (1000, 1.25), (250, 1.5), (249, 1.25), (5, 6)])
def test_the_bound_of_whole_films(frames: int, factor: float) -> None:
    timeline = uniform_timeline(rate=Fraction(25), frames=frames, segment_seconds=4)
    bound = peak_bandwidth(video(), timeline.bounds) / 3_000_000
    assert factor <= bound <= factor * 1.01


def test_a_longer_target_counts_only_longer_runs() -> None:
    spec = video()
    alone = peak_bandwidth(spec, (0, 25))
    beside = peak_bandwidth(spec, (0, 25, 125))
    assert alone > 1.7 * spec.max_bitrate
    assert beside < 1.45 * spec.max_bitrate


def test_sound_stays_near_its_average_and_below_what_aac_can_hold() -> None:
    timeline = uniform_timeline(rate=Fraction(25), frames=1000, segment_seconds=4)
    bounds = audio_bounds(timeline, sample_rate=48000, samples=40 * 48000)
    assert 230_000 < peak_bandwidth(STEREO, bounds) < 250_000
    mono = AudioSpec(sample_rate=48000, channels=1, bitrate=80_000)
    assert 165_000 < peak_bandwidth(mono, bounds) < 180_000
    assert cell_limit(mono, 1) == 768 + 152
    assert frame_seconds(mono) == Fraction(1024, 48000)


def test_the_average_before_cells_are_known_holds_for_cells_made_alone() -> None:
    """Each has half a bucket of its own."""
    timeline = Timeline(rate=Fraction(25), bounds=(0, 100, 200))
    assert 3_375_000 < average_bandwidth(video(), timeline.bounds) < 3_380_000
    assert 160_000 < average_bandwidth(STEREO, (0, 188, 375)) < 167_000


def test_a_trick_row_has_one_picture_for_each_cell_however_long() -> None:
    spec = TrickSpec(width=320, height=180, rate=Fraction(25), crf=26, most_bytes=10_000, level="1.3")
    assert cell_limit(spec, 25) == cell_limit(spec, 150) == 10_000 + 152
    assert peak_bandwidth(spec, (0, 100, 200)) == 2 * 10_152
    assert average_bandwidth(spec, (0, 100, 150)) == -(-8 * 2 * 10_152 // 6)
