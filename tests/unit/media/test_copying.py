"""Where a source that passes through may be cut, and how cuts become cells."""

from array import array
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidstead.media import Pictures, copy_timeline


def pictures(cuts: list[int], frames: int, rate: int = 25) -> Pictures:
    """Pictures of 10 bytes each, one after the other from byte 100 on."""
    return Pictures(
        rate=Fraction(rate),
        config=b"\x01\x64\x00\x1f",
        slots=array("I", range(frames)),
        sizes=array("I", [10]) * frames,
        positions=array("Q", range(100, 100 + 10 * frames, 10)),
        cuts=tuple(cuts),
    )


@pytest.mark.parametrize(
    ("cuts", "frames", "seconds", "bounds"),
    [
        ([0, 50, 100, 150, 200], 249, 4.0, (0, 100, 249)),  # a tail shorter than half a cell joins
        ([0, 50, 100, 150, 200, 250], 300, 4.0, (0, 100, 200, 300)),
        ([0, 75, 150, 225], 300, 4.0, (0, 75, 150, 225, 300)),
        ([0, 125, 250], 375, 4.0, (0, 125, 250, 375)),
        ([0, 25, 50, 75, 100], 125, 1.0, (0, 25, 50, 75, 100, 125)),
        ([0, 150], 300, 4.0, (0, 150, 300)),
        ([0, 151], 300, 4.0, None),  # more than six seconds apart
        ([0, 100], 251, 4.0, None),  # the end counts
        ([50, 100], 150, 4.0, None),  # it must begin with one
        ([], 150, 4.0, None),
        ([0], 3, 4.0, (0, 3)),
        ([0, 50, 100, 150, 200, 250, 300], 350, 6.0, (0, 150, 350)),
        ([0, 100, 200, 300, 400, 500, 600, 700], 800, 10.0, (0, 200, 400, 600, 800)),
    ],
)
def test_cells_follow_the_cuts(cuts: list[int], frames: int, seconds: float, bounds: tuple[int, ...] | None) -> None:
    timeline = copy_timeline(pictures(cuts, frames), seconds)
    assert (timeline.bounds if timeline else None) == bounds


def test_a_cut_that_is_no_idr_picture_is_left_out() -> None:
    found = copy_timeline(pictures([0, 50, 100, 150, 200, 250], 300), 4.0, refused={100})
    assert found is not None
    assert found.bounds == (0, 50, 150, 250, 300)


@given(
    gaps=st.lists(st.integers(1, 150), min_size=1, max_size=200),
    seconds=st.floats(1, 15),
)
def test_whatever_the_cuts_cells_are_whole_and_bounded(gaps: list[int], seconds: float) -> None:
    cuts = [sum(gaps[:n]) for n in range(len(gaps))]
    frames = sum(gaps)
    timeline = copy_timeline(pictures(cuts, frames), seconds)
    assert timeline is not None
    assert timeline.bounds[0] == 0
    assert timeline.bounds[-1] == frames
    assert set(timeline.bounds[:-1]) <= set(cuts)
    longest = max(end - begin for begin, end in pairwise(timeline.bounds))
    assert longest <= max(150, 1.5 * round(25 * seconds))


def test_pictures_come_back_as_they_were_stored() -> None:
    made = pictures([0, 2], 5)
    assert Pictures.from_bytes(made.to_bytes()) == made
    with pytest.raises(ValueError, match="as many"):
        Pictures.from_bytes(made.to_bytes()[:-1])


def test_neighbours_in_the_file_are_read_at_once() -> None:
    made = pictures([0], 6)
    made.positions[3] += 7
    assert made.span(0, 3) == [(100, 30)]
    assert made.span(1, 6) == [(110, 20), (137, 10), (140, 20)]
