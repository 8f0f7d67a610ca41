"""Sound is in its place to the sample, and joints are no worse than the rest, however the cells were cut.

The table of sources is ``tests/oracle/sources.py``.
"""

from collections.abc import Callable
from fractions import Fraction

import pytest
from tests.integration.encoding.bench import Bench
from tests.oracle.sound import likeness, offset_of, placed, read_sound, resampled, stereo
from tests.oracle.sources import BY_NAME, CLIPS, Clip

from vidstead.grid import Row
from vidstead.media import AAC_FRAME, AudioSpec, cell_limit, read_fragment, segment_bounds

HEARD = [clip.name for clip in CLIPS if clip.channels]
JOINT_DB = 18.0
WHOLE_DB = 24.0
START_DB = 13.0
"""The first frames of a source that is AAC itself are less like what was recorded."""
EDGE = 2 * AAC_FRAME
"""Samples at the end that are not judged: padding needs a frame to begin."""


@pytest.mark.parametrize("name", HEARD)
async def test_sound_is_in_its_place(name: str, bench: Callable[[str], Bench]) -> None:
    clip, one = BY_NAME[name], bench(name)
    await one.publish()
    (row,) = one.of_kind("audio")
    for runs in (one.one_by_one(), one.all_at_once(), one.mixed()):
        cells = await one.make([row], runs)
        for index in range(one.timeline.cells):
            fragment = read_fragment(cells[row.name, index])
            begin, end = segment_bounds(row.bounds, 1)[index : index + 2]
            assert fragment.decode_time == begin * AAC_FRAME
            assert fragment.duration == (end - begin) * AAC_FRAME
            assert len(cells[row.name, index]) <= cell_limit(row.spec, len(fragment.samples))
        judge(clip, row, one.joined(row, cells))


def judge(clip: Clip, row: Row, joined: bytes) -> None:
    """Offset, joints and likeness of a row against what was recorded."""
    spec = row.spec
    assert isinstance(spec, AudioSpec)
    made = read_sound(joined, channels=spec.channels, sample_rate=spec.sample_rate)
    assert len(made) == row.bounds[-1] * AAC_FRAME
    due = round((clip.audio_delay if clip.heard_at is None else clip.heard_at) * spec.sample_rate)
    known = resampled(stereo(clip.sound()), Fraction(spec.sample_rate, clip.sample_rate))
    at = offset_of(made, placed(known, 0, len(made)), reach=2 * spec.sample_rate)
    assert abs(at - due) <= clip.rounding * spec.sample_rate
    wanted = placed(known, at, len(made))
    begin, end = max(0, at), at + round(clip.seconds * spec.sample_rate)
    assert likeness(made[begin : end - EDGE], wanted[begin : end - EDGE]) >= WHOLE_DB
    assert likeness(made[begin : begin + AAC_FRAME], wanted[begin : begin + AAC_FRAME]) >= START_DB
    for joint in (bound * AAC_FRAME for bound in row.bounds[1:-1] if begin + EDGE < bound * AAC_FRAME < end - EDGE):
        around = slice(joint - AAC_FRAME, joint + AAC_FRAME)
        assert likeness(made[around], wanted[around]) >= JOINT_DB, joint
    assert abs(made[: max(0, begin - EDGE)]).max(initial=0) < 0.001, "silence before a late start"
