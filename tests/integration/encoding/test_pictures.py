"""Every kind of source, cut in every way: each slot of the timeline shows the frame that one continuous decode shows.

The table of sources is ``tests/oracle/sources.py``.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.integration.encoding.bench import Bench
from tests.oracle.barcode import read_barcodes
from tests.oracle.compare import differences, reference_frames
from tests.oracle.sources import BY_NAME, CLIPS, make

from vidstead.media import cell_limit, read_fragment

PICTURES = [clip.name for clip in CLIPS if clip.video]


@pytest.mark.parametrize("name", PICTURES)
async def test_every_frame_is_in_its_slot(name: str, bench: Callable[[str], Bench], clips: Path) -> None:
    one = bench(name)
    await one.publish()
    row = one.of_kind("video")[-1]
    wanted = reference_frames(make(BY_NAME[name], clips), one.timeline.rate, one.timeline.frames)
    for runs in (one.one_by_one(), one.all_at_once(), one.mixed()):
        cells = await one.make([row], runs)
        assert differences(read_barcodes(one.joined(row, cells)), wanted) == [], runs
        for index in range(one.timeline.cells):
            fragment = read_fragment(cells[row.name, index])
            begin, end = one.timeline.bounds[index : index + 2]
            ticks = one.timeline.frame_ticks
            assert min(fragment.presentation_times()) == fragment.decode_time == begin * ticks
            assert sorted(fragment.presentation_times()) == [frame * ticks for frame in range(begin, end)]
            assert fragment.samples[0].key
            assert len(cells[row.name, index]) <= cell_limit(row.spec, end - begin)
