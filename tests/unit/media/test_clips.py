"""Where clips are cut: every frame once, shared columns whole, no cell too short to be worth a request."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidstead.media import (
    AAC_FRAME,
    STANDARD_RATES,
    SoundCopySpec,
    Timeline,
    audio_bounds,
    clip_frames,
    cut_bounds,
    plan_cut,
    sound_begin,
    timeline_with_bounds,
    uniform_timeline,
)

FILM = uniform_timeline(rate=Fraction(25), frames=1000, segment_seconds=4)


@st.composite
def films(draw: st.DrawFn) -> Timeline:
    """Columns as the encoder makes them, or of any lengths."""
    rate = draw(st.sampled_from(STANDARD_RATES))
    if draw(st.booleans()):
        return uniform_timeline(rate=rate, frames=draw(st.integers(1, 3000)), segment_seconds=draw(st.floats(1, 10)))
    starts = draw(st.lists(st.integers(1, 2000), max_size=30))
    return timeline_with_bounds(rate=rate, starts=[0, *starts], frames=2001)


@st.composite
def cuts(draw: st.DrawFn) -> tuple[Timeline, int, int]:
    film = draw(films())
    near = st.sampled_from(film.bounds) | st.integers(0, film.frames)
    first, end = sorted((draw(near), draw(near)))
    return (film, first, end) if first < end else (film, 0, film.frames)


@given(cuts())
def test_a_clip_has_all_of_its_frames_and_no_other(given: tuple[Timeline, int, int]) -> None:
    film, first, end = given
    cut = plan_cut(film, first, end)
    assert (cut.bounds[0], cut.bounds[-1]) == (first, end)
    assert all(start < stop for start, stop in pairwise(cut.bounds))
    columns = list(pairwise(film.bounds))
    for index, column in enumerate(pairwise(cut.bounds)):
        if index in cut.lent:
            assert column == columns[index + cut.column]
    assert 0 <= cut.column < film.cells
    # What is not lent lies at the ends, and no cell is shorter than half a second for having been cut.
    own = [index for index in range(len(cut.bounds) - 1) if index not in cut.lent]
    assert len(own) <= 2
    if cut.lent:
        for index in own:
            assert 2 * (cut.bounds[index + 1] - cut.bounds[index]) >= film.rate
    elif len(own) == 2:
        assert cut.bounds[1] in film.bounds


@given(cuts(), st.sampled_from([44100, 48000]), st.floats(0.2, 1.5))
def test_sound_lies_nearest_to_the_pictures(given: tuple[Timeline, int, int], rate: int, share: float) -> None:
    film, first, end = given
    cut = plan_cut(film, first, end)
    frame = Fraction(AAC_FRAME, rate)
    row = audio_bounds(film, sample_rate=rate, samples=int(film.duration * rate * share))
    bounds = cut_bounds(cut, film, row, frame)
    assert len(bounds) == len(cut.bounds)
    assert all(start < stop for start, stop in pairwise(bounds))
    assert abs(bounds[0] * frame - first / film.rate) <= frame / 2
    for index in cut.lent:
        assert bounds[index : index + 2] == row[index + cut.column : index + cut.column + 2]
    if end < film.frames and (end - first) / film.rate >= frame:
        assert abs(bounds[-1] * frame - end / film.rate) <= frame


@given(st.integers(0, 10**6), st.sampled_from(STANDARD_RATES), st.sampled_from([44100, 48000]), st.integers(0, 2047))
def test_sound_of_a_clip_is_whole_from_its_first_picture_on(frame: int, rate: Fraction, hertz: int, lead: int) -> None:
    """The first frame that is heard sounds there; what is before it is decoded only, for as long as it takes."""
    spec = SoundCopySpec(sample_rate=hertz, channels=2, bitrate=1, cell_bytes=1, lead=lead)
    exact = frame / rate * hertz
    begin, start = sound_begin(spec, frame / rate)
    if lead >= AAC_FRAME:
        heard = begin * AAC_FRAME - lead % AAC_FRAME
        assert abs(start - exact) <= Fraction(1, 2)
        assert heard <= start < heard + AAC_FRAME
        assert (begin + 1) * AAC_FRAME > start, "the frame before has a length"
    else:
        assert start == begin * AAC_FRAME
        assert -Fraction(1, 2) <= exact - start < AAC_FRAME
    if frame == 0:
        assert (begin, start) == (0, 0)


@given(cuts())
def test_pictures_are_cut_as_the_timeline_is(given: tuple[Timeline, int, int]) -> None:
    film, first, end = given
    cut = plan_cut(film, first, end)
    assert cut_bounds(cut, film, film.bounds, 1 / film.rate) == cut.bounds


@pytest.mark.parametrize(
    ("first", "end", "bounds", "lent"),
    [
        (84, 298, (84, 100, 200, 298), range(1, 2)),
        (100, 300, (100, 200, 300), range(2)),
        (99, 301, (99, 200, 301), range(0)),
        (90, 310, (90, 200, 310), range(0)),
        (90, 410, (90, 200, 300, 410), range(1, 2)),
        (120, 121, (120, 121), range(0)),
        (95, 120, (95, 120), range(0)),
        (80, 120, (80, 100, 120), range(0)),
        (0, 1000, FILM.bounds, range(10)),
        (995, 1000, (995, 1000), range(0)),
    ],
)
def test_ends_shorter_than_half_a_second_join(first: int, end: int, bounds: tuple[int, ...], lent: range) -> None:
    cut = plan_cut(FILM, first, end)
    assert (cut.bounds, cut.lent) == (bounds, lent)


@pytest.mark.parametrize(("first", "end"), [(-1, 5), (5, 5), (6, 5), (0, 1001), (1000, 1001)])
def test_frames_that_are_not_there(first: int, end: int) -> None:
    with pytest.raises(ValueError, match="not within"):
        plan_cut(FILM, first, end)


@pytest.mark.parametrize(
    ("start", "end", "frames"),
    [(3.37, 11.93, (84, 298)), (0, None, (0, 1000)), (39.98, None, (999, 1000)), (1.02, 1.06, (26, 27))],
)
def test_seconds_are_taken_to_the_nearest_frame(start: float, end: float | None, frames: tuple[int, int]) -> None:
    assert clip_frames(FILM, start, end) == frames
    later = Timeline(rate=FILM.rate, bounds=tuple(bound + 500 for bound in FILM.bounds))
    assert clip_frames(later, start, end) == (frames[0] + 500, frames[1] + 500)


@pytest.mark.parametrize(("start", "end"), [(-1, 5), (5, 5), (5, 5.01), (0, 40.03), (40, None), (41, 42)])
def test_seconds_that_hold_no_frame(start: float, end: float | None) -> None:
    with pytest.raises(ValueError, match="not within"):
        clip_frames(FILM, start, end)
