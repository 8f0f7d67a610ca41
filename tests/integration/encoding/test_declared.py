"""What playlists say of a row before it exists is true of its cells: for easy films, and for noise, grain and cuts."""

from collections.abc import Sequence
from fractions import Fraction
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import av
import pytest
from tests.integration.encoding.bench import Bench
from tests.oracle.sources import X264_B, Clip, make

from vidstead.grid import Row
from vidstead.media import (
    FragmentReader,
    SoundSpec,
    TrickSpec,
    audio_codec,
    average_bandwidth,
    parse_aac_config,
    peak_of_cells,
    read_fragment,
    segment_places,
    video_codec,
)
from vidstead.storage.testing import MemoryStore

GOP = (*X264_B, "-g", "50")
CUTS = ",eq=brightness='if(lt(mod(t,0.8),0.4),-0.4,0.3)':eval=frame,hue=h='90*floor(t/0.4)'"
CONTENT = (
    Clip(name="declared-easy", video=GOP, channels=1, audio=("-c:a", "aac", "-b:a", "96k"), seconds=6),
    Clip(name="declared-noise", video=GOP, filters=",noise=alls=90:allf=t", width=640, height=360, seconds=7),
    Clip(name="declared-grain", video=GOP, filters=",noise=alls=22:allf=t+u", rate=Fraction(30000, 1001), seconds=7),
    Clip(name="declared-cuts", video=GOP, filters=CUTS, sample_rate=44100, rate=Fraction(24), seconds=7),
)


@pytest.mark.parametrize("copy", [False, True], ids=["encoded", "copied"])
@pytest.mark.parametrize("clip", CONTENT, ids=lambda clip: clip.name)
async def test_every_row_is_what_it_says(clip: Clip, copy: bool, clips: Path) -> None:
    one = Bench(MemoryStore(), make(clip, clips), copy=copy)
    await one.publish(2.0)
    for row in one.rows:
        if copy and "copy" not in row.spec.kind:
            continue  # those are the same either way
        made = await one.make([row], one.all_at_once())
        cells = [made[row.name, index] for index in range(row.cells)]
        rates_are_true(row, cells)
        headers_are_true(row, cells)


def rates_are_true(row: Row, cells: Sequence[bytes]) -> None:
    """BANDWIDTH over every window of RFC 8216, and AVERAGE-BANDWIDTH over all (4.4.6.2)."""
    places, unit = segment_places(row.spec, row.bounds)
    sizes = [len(cell) for cell in cells]
    assert peak_of_cells(sizes, places, unit) <= row.bandwidth, row.name
    assert 8 * sum(sizes) / ((places[-1] - places[0]) * unit) <= average_bandwidth(row.spec, row.bounds), row.name


def headers_are_true(row: Row, cells: Sequence[bytes]) -> None:
    """CODECS, RESOLUTION, FRAME-RATE, rate and channels: by what the init segment says, and by what is decoded."""
    spec, reader = row.spec, FragmentReader()
    reader.feed(row.header.init)
    header = reader.header
    assert header is not None
    assert (header.config, header.timescale) == (row.header.config, row.header.timescale)
    with av.open(BytesIO(row.header.init + b"".join(cells)), mode="r", format="mp4") as container:
        if isinstance(spec, SoundSpec):
            config = parse_aac_config(header.config)
            assert audio_codec(header.config) == row.header.codecs
            assert (config.sample_rate, config.channels) == (spec.sample_rate, spec.channels)
            heard = next(container.decode(audio=0))
            assert (heard.sample_rate, heard.layout.nb_channels) == (spec.sample_rate, spec.channels)
            return
        assert video_codec(header.config) == row.header.codecs
        assert header.config[1:4] == sequence_header(header.config)[1:4], "profile and level are those of the SPS"
        sizes = {(picture.width, picture.height) for picture in container.decode(video=0)}
    assert sizes == {(spec.width, spec.height)} == {(header.width, header.height)}
    times = sorted(time for cell in cells for time in read_fragment(cell).presentation_times())
    step = round(row.header.timescale / spec.rate)
    assert Fraction(row.header.timescale, step) == spec.rate
    if isinstance(spec, TrickSpec):
        assert times == [bound * step for bound in row.bounds[:-1]]
    else:
        assert {later - early for early, later in pairwise(times)} == {step}


def sequence_header(avcc: bytes) -> bytes:
    """The first SPS of an ``avcC`` (ISO/IEC 14496-15, 5.3.3.1)."""
    return avcc[8 : 8 + int.from_bytes(avcc[6:8], "big")]
