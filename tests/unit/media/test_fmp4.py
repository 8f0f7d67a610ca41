"""Our fragmented MP4: what is written is read back, and what is malformed is refused."""

import struct
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidstead.media import (
    Colour,
    Fragment,
    FragmentReader,
    MediaFormatError,
    Sample,
    TrackKind,
    aac_config,
    align,
    audio_init,
    fragment_overhead,
    join_fragments,
    read_fragment,
    slice_fragment,
    split_samples,
    video_init,
    write_fragment,
)

AVCC = bytes.fromhex(
    "0164001fffe1001b6764001facd9405005bb011000000300100000030320f1831960010006 68ebe3cb22c0".replace(" ", "")
)
INIT = video_init(width=1280, height=720, timescale=30000, avcc=AVCC, colour=Colour(matrix="bt709"))


@st.composite
def fragments(draw: st.DrawFn, *, kind: TrackKind = "video") -> Fragment:
    count = draw(st.integers(1, 12))

    def values(numbers: st.SearchStrategy[int]) -> list[int]:
        same = st.builds(lambda number: [number] * count, numbers)
        return draw(st.one_of(same, st.lists(numbers, min_size=count, max_size=count)))

    sizes, durations = values(st.integers(0, 50)), values(st.integers(1, 2**20))
    offsets = values(st.integers(-(2**30), 2**30)) if kind == "video" else [0] * count
    keys = draw(st.lists(st.booleans(), min_size=count, max_size=count)) if kind == "video" else [True] * count
    samples = tuple(
        Sample(size=size, duration=duration, composition_offset=offset, key=key)
        for size, duration, offset, key in zip(sizes, durations, offsets, keys, strict=True)
    )
    data = draw(st.binary(min_size=sum(sizes), max_size=sum(sizes)))
    return Fragment(decode_time=draw(st.integers(0, 2**63)), samples=samples, data=data)


def film(*, count: int = 4) -> Fragment:
    samples = tuple(Sample(size=10, duration=1001, composition_offset=2002, key=number == 0) for number in range(count))
    return Fragment(decode_time=0, samples=samples, data=bytes(10 * count))


@given(fragments(), st.integers(1, 2**32 - 1))
def test_a_fragment_is_read_back_as_it_was(fragment: Fragment, sequence: int) -> None:
    written = write_fragment(sequence=sequence, fragment=fragment, track_kind="video")
    assert read_fragment(written) == fragment
    assert len(written) - len(fragment.data) <= fragment_overhead(len(fragment.samples))
    assert written == write_fragment(sequence=sequence, fragment=fragment, track_kind="video")


@given(st.lists(fragments(), min_size=1, max_size=4), st.data())
def test_a_stream_in_any_pieces_gives_the_same_fragments(given_: list[Fragment], data: st.DataObject) -> None:
    stream = INIT + b"".join(
        write_fragment(sequence=number, fragment=fragment, track_kind="video") for number, fragment in enumerate(given_)
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    reader, found = FragmentReader(), list[Fragment]()
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += reader.feed(stream[start:end])
    reader.close()
    assert found == given_
    assert reader.header is not None
    assert (reader.header.kind, reader.header.timescale, reader.header.config) == ("video", 30000, AVCC)
    assert (reader.header.width, reader.header.height) == (1280, 720)


@given(fragments(), st.integers(0, 2**62))
def test_aligned_fragments_begin_exactly_where_they_should(fragment: Fragment, start: int) -> None:
    placed = align(fragment, start=start)
    assert placed.decode_time == min(placed.presentation_times()) == start
    before, after = fragment.presentation_times(), placed.presentation_times()
    assert len({old - new for old, new in zip(before, after, strict=True)}) == 1
    assert align(placed, start=start) == placed
    assert (placed.data, placed.duration) == (fragment.data, fragment.duration)


@given(fragments(), st.data())
def test_slices_join_to_the_whole(fragment: Fragment, data: st.DataObject) -> None:
    count = len(fragment.samples)
    cut = data.draw(st.integers(0, count))
    pieces = [slice_fragment(fragment, *ends) for ends in ((0, cut), (cut, count)) if ends[0] < ends[1]]
    assert join_fragments(pieces) == fragment
    assert b"".join(split_samples(fragment)) == fragment.data
    assert [len(part) for part in split_samples(fragment)] == [sample.size for sample in fragment.samples]


@given(fragments(), st.data())
def test_damage_is_refused_or_harmless(fragment: Fragment, data: st.DataObject) -> None:
    written = bytearray(write_fragment(sequence=1, fragment=fragment, track_kind="video"))
    at = data.draw(st.integers(0, len(written) - 1))
    written[at] = data.draw(st.integers(0, 255))
    try:
        found = read_fragment(bytes(written))
    except MediaFormatError:
        return
    assert sum(sample.size for sample in found.samples) == len(found.data)


@given(fragments(), st.data())
def test_a_cell_cut_short_or_with_something_after_it_is_refused(fragment: Fragment, data: st.DataObject) -> None:
    written = write_fragment(sequence=1, fragment=fragment, track_kind="video")
    end = data.draw(st.integers(0, len(written) - 1))
    for wrong in (written[:end], written + b"\0", written + written, written[24:] + written[:24]):
        with pytest.raises(MediaFormatError):
            read_fragment(wrong)


@given(st.binary(max_size=300))
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(MediaFormatError):
        read_fragment(noise)
    reader = FragmentReader(most_bytes=1000)
    with suppress(MediaFormatError):
        assert reader.feed(noise) == []
    with pytest.raises(MediaFormatError):
        reader.close()


def test_what_all_samples_share_is_written_once() -> None:
    long, short = film(count=100), film(count=1)

    def size(fragment: Fragment) -> int:
        return len(write_fragment(sequence=1, fragment=fragment, track_kind="video")) - len(fragment.data)

    assert size(long) - size(short) == 4 + 4 * 100 - 4  # first_sample_flags, and an offset for each sample
    assert size(align(short, start=5)) == size(short) - 4  # a single picture has no offset


def test_nothing_inconsistent_is_written() -> None:
    fragment = film()
    for wrong in (replace(fragment, samples=()), replace(fragment, data=b""), replace(fragment, data=bytes(41))):
        with pytest.raises(ValueError, match="at least one sample"):
            write_fragment(sequence=1, fragment=wrong, track_kind="video")
    with pytest.raises(ValueError, match="key sample"):
        write_fragment(sequence=1, fragment=fragment, track_kind="audio")
    with pytest.raises(ValueError, match="nothing to join"):
        join_fragments([])
    with pytest.raises(ValueError, match="was due"):
        join_fragments([fragment, fragment])
    with pytest.raises(ValueError, match="no samples"):
        slice_fragment(fragment, 2, 2)


def boxed(kind: bytes, *content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + sum(map(len, content)), kind) + b"".join(content)


def moof(
    *, tfhd_flags: int = 0x020000, trun_flags: int = 0x201, offset: int | None = None, sizes: tuple[int, ...] = (3,)
) -> bytes:
    tfhd = boxed(b"tfhd", struct.pack(">II", tfhd_flags, 1))
    tfdt = boxed(b"tfdt", struct.pack(">II", 0, 77))

    def build(at: int) -> bytes:
        trun = boxed(b"trun", struct.pack(">IIi", trun_flags, len(sizes), at), *(struct.pack(">I", s) for s in sizes))
        return boxed(b"moof", boxed(b"mfhd", bytes(8)), boxed(b"traf", tfhd, tfdt, trun))

    return build(len(build(0)) + 8 if offset is None else offset)


def test_an_old_tfdt_of_32_bits_is_read() -> None:
    assert read_fragment(moof() + boxed(b"mdat", b"abc")).decode_time == 77


@pytest.mark.parametrize(
    "wrong",
    [
        moof() + boxed(b"mdat", b"ab"),
        moof() + boxed(b"mdat", b"abcd"),
        moof(offset=9999) + boxed(b"mdat", b"abc"),
        moof(tfhd_flags=0) + boxed(b"mdat", b"abc"),
        moof(tfhd_flags=0x020001) + boxed(b"mdat", b"abc"),
        moof(sizes=()) + boxed(b"mdat", b""),
        moof(trun_flags=0x301) + boxed(b"mdat", b"abc"),
        moof() + moof() + boxed(b"mdat", b"abc"),
        boxed(b"moof", boxed(b"mfhd", bytes(8))) + boxed(b"mdat", b"abc"),
        boxed(b"mdat", b"abc"),
        moof()[:-1] + boxed(b"mdat", b"abc"),
    ],
)
def test_fragments_that_contradict_themselves_are_refused(wrong: bytes) -> None:
    with pytest.raises(MediaFormatError):
        read_fragment(wrong)


def test_a_trun_cannot_ask_for_endless_memory() -> None:
    tfhd = boxed(b"tfhd", struct.pack(">IIII", 0x020018, 1, 1, 0))
    trun = boxed(b"trun", struct.pack(">II", 0, 2**32 - 1))
    data = boxed(b"moof", boxed(b"traf", tfhd, boxed(b"tfdt", struct.pack(">II", 0, 0)), trun)) + boxed(b"mdat")
    with pytest.raises(MediaFormatError, match="more than"):
        read_fragment(data)


@pytest.mark.parametrize(
    "stream",
    [
        INIT + boxed(b"mdat", b"abc"),
        INIT + INIT,
        INIT + moof() + moof(),
        INIT + moof() + boxed(b"free"),
        moof() + boxed(b"mdat", b"abc"),
        INIT + struct.pack(">I4s", 4, b"free"),
        INIT + struct.pack(">I4s", 0, b"mdat"),
        INIT + moof() + struct.pack(">I4sQ", 1, b"mdat", 2**40),
        INIT + struct.pack(">I4s", 2**31, b"free"),
    ],
)
def test_streams_out_of_order_or_out_of_bounds_are_refused(stream: bytes) -> None:
    with pytest.raises(MediaFormatError):
        FragmentReader().feed(stream)


def test_boxes_that_say_nothing_of_samples_are_passed_over_and_large_sizes_are_read() -> None:
    large = struct.pack(">I4sQ", 1, b"mdat", 16 + 3) + b"abc"
    reader = FragmentReader()
    found = reader.feed(
        INIT + boxed(b"sidx", bytes(20)) + moof(offset=len(moof()) + 16) + large + boxed(b"mfra", bytes(9))
    )
    assert [fragment.data for fragment in found] == [b"abc"]
    reader.close()


def test_what_a_header_says_of_sound() -> None:
    asc = aac_config(sample_rate=44100, channels=1)
    init = audio_init(sample_rate=44100, channels=1, asc=asc, bitrate=80_000)
    reader = FragmentReader()
    assert reader.feed(init) == []
    reader.close()
    header = reader.header
    assert header is not None
    assert (header.kind, header.timescale, header.sample_rate, header.channels) == ("audio", 44100, 44100, 1)
    assert header.config == asc


def test_what_comes_before_time_0_is_behind_an_edit_list() -> None:
    asc = aac_config(sample_rate=48000, channels=2)
    plain, led = (audio_init(sample_rate=48000, channels=2, asc=asc, bitrate=128_000, lead=lead) for lead in (0, 1024))
    assert b"elst" not in plain
    edit = led[led.index(b"elst") + 4 :][:20]
    assert struct.unpack(">IIIiI", edit) == (0, 1, 0, 1024, 0x10000)
    assert len(led) == len(plain) + 8 + 28
    FragmentReader().feed(led)


@given(st.data())
def test_damaged_headers_are_refused_or_read(data: st.DataObject) -> None:
    sound = audio_init(sample_rate=48000, channels=2, asc=aac_config(sample_rate=48000, channels=2), bitrate=128_000)
    init = bytearray(data.draw(st.sampled_from([INIT, sound])))
    for _ in range(data.draw(st.integers(1, 3))):
        init[data.draw(st.integers(0, len(init) - 1))] = data.draw(st.integers(0, 255))
    reader = FragmentReader()
    try:
        reader.feed(bytes(init))
        reader.close()
    except MediaFormatError:
        return
    assert reader.header is not None


def test_colour_is_written_only_when_known() -> None:
    plain = video_init(width=16, height=16, timescale=25000, avcc=AVCC, colour=Colour())
    assert b"colr" not in plain
    assert b"edts" not in plain
    hdr = Colour(primaries="bt2020", transfer="smpte2084", matrix="bt2020nc")
    written = video_init(width=16, height=16, timescale=25000, avcc=AVCC, colour=hdr)
    assert b"colrnclx" + struct.pack(">HHHB", 9, 16, 9, 0) in written
    assert b"colrnclx" + struct.pack(">HHHB", 2, 2, 2, 128) in video_init(
        width=16, height=16, timescale=25000, avcc=AVCC, colour=Colour(full_range=True, primaries="unheard of")
    )
