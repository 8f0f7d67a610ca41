"""Every kind of source, cut in every way: each slot of the timeline shows the frame that one continuous decode shows.

The table of sources is ``tests/oracle/sources.py``.
"""

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.integration.encoding.bench import Bench
from tests.oracle.barcode import read_barcodes
from tests.oracle.compare import differences, reference_frames
from tests.oracle.sources import BY_NAME, CLIPS, Clip, make

from vidstead.media import cell_limit, read_fragment
from vidstead.storage.adapters.local import LocalStore

TWO_RUNGS = Clip(name="two-rungs", width=640, height=360, seconds=5, channels=0)
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


async def test_a_row_may_come_along_from_the_next_column_on(clips: Path, tmp_path: Path) -> None:
    """As when a viewer has been served its first cell before the film is filled."""
    file = make(TWO_RUNGS, clips)
    one = Bench(LocalStore(tmp_path / "objects"), file)
    await one.publish(1.5)
    upper, lower = one.of_kind("video")
    cells = await one.make([lower], [(0, 1)])
    order = replace(one.order([upper, lower], 0, one.timeline.cells), late=frozenset({lower.id}))
    async with aclosing(one.encoder.run(order)) as made:
        async for cell in made:
            assert (cell.row.name, cell.index) not in cells
            cells[cell.row.name, cell.index] = cell.data
    wanted = reference_frames(file, one.timeline.rate, one.timeline.frames)
    for row in (upper, lower):
        assert differences(read_barcodes(one.joined(row, cells)), wanted) == []
