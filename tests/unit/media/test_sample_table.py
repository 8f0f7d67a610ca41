"""Sample tables say of every sample what spelling them out says, however they are written."""

import struct
from fractions import Fraction
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidstead.media import (
    AudioStream,
    MediaFormatError,
    SampleTable,
    aac_config,
    begins_with_idr,
    conforming,
    conforming_sound,
    read_tables,
    table_rate,
)
from vidstead.media.fmp4.boxes import box, full_box

AVCC = bytes.fromhex("0164001fffe1000467640a0b01000268ee")
SPS = bytes.fromhex("67640a0b")
Runs = list[tuple[int, int]]


def numbers(code: str, values: list[int]) -> bytes:
    return struct.pack(f">{len(values)}{code}", *values)


def movie(
    sizes: list[int],
    *,
    durations: Runs,
    chunks: list[int],
    placed: list[tuple[int, int]],
    offsets: Runs | None = None,
    sync: list[int] | None = None,
    timescale: int = 12800,
    wide: bool = False,
    sound: bool = False,
) -> memoryview:
    """The content of a ``moov`` of one track; ``placed`` are the entries of ``stsc``: first chunk, samples of each."""
    code = b"co64" if wide else b"stco"
    flat = [n for run in durations for n in run]
    esds = b"\x03\x16\0\0\0\x04\x11\x40\x15" + bytes(11) + b"\x05\x02" + aac_config(sample_rate=48000, channels=2)
    heard, seen = box(b"mp4a", bytes(28), full_box(b"esds", 0, 0, esds)), box(b"avc1", bytes(78), box(b"avcC", AVCC))
    table = [
        full_box(b"stsd", 0, 0, numbers("I", [1]), heard if sound else seen),
        full_box(b"stts", 0, 0, numbers("I", [len(durations), *flat])),
        full_box(b"stsz", 0, 0, numbers("I", [0, len(sizes), *sizes])),
        full_box(code, 0, 0, numbers("I", [len(chunks)]), numbers("Q" if wide else "I", chunks)),
        full_box(b"stsc", 0, 0, numbers("I", [len(placed), *(n for first, each in placed for n in (first, each, 1))])),
    ]
    if offsets is not None:
        found = b"".join(struct.pack(">Ii", count, offset) for count, offset in offsets)
        table.append(full_box(b"ctts", 1, 0, numbers("I", [len(offsets)]), found))
    if sync is not None:
        table.append(full_box(b"stss", 0, 0, numbers("I", [len(sync), *(number + 1 for number in sync)])))
    media = box(
        b"mdia",
        full_box(b"mdhd", 0, 0, numbers("I", [0, 0, timescale, 0])),
        full_box(b"hdlr", 0, 0, bytes(4), b"soun" if sound else b"vide"),
        box(b"minf", box(b"stbl", *table)),
    )
    track = box(b"trak", full_box(b"tkhd", 0, 0, numbers("I", [0, 0, 1])), media)
    return memoryview(full_box(b"mvhd", 0, 0, numbers("I", [0, 0, 1000])) + track)


def picture_table(content: memoryview) -> SampleTable:
    (table,) = read_tables(content, "video")
    return table


runs = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 2000)), min_size=1, max_size=12)
signed = st.lists(st.tuples(st.integers(1, 9), st.integers(-2000, 2000)), min_size=1, max_size=12)


@given(durations=runs, offsets=st.none() | signed, pieces=st.data())
def test_every_sample_is_where_and_when_spelling_out_puts_it(
    durations: Runs, offsets: Runs | None, pieces: st.DataObject
) -> None:
    lasting = [each for count, each in durations for _ in range(count)]
    frames = len(lasting)
    if offsets is not None:
        late = [each for count, each in offsets for _ in range(count)]
        late = (late * frames)[:frames]
        offsets = [(1, each) for each in late]
    sizes = pieces.draw(st.lists(st.integers(0, 99), min_size=frames, max_size=frames))
    per_chunk = pieces.draw(st.lists(st.integers(0, 3), min_size=1, max_size=2 * frames + 1))
    per_chunk.append(max(1, frames - sum(per_chunk)))  # it may claim more than there are
    chunks = pieces.draw(st.lists(st.integers(0, 1 << 30), min_size=len(per_chunk), max_size=len(per_chunk) + 2))
    placed = [(1, per_chunk[0])]
    placed += [(n + 1, each) for n, each in enumerate(per_chunk) if n and each != per_chunk[n - 1]]
    wide = pieces.draw(st.booleans())
    table = picture_table(movie(sizes, durations=durations, offsets=offsets, chunks=chunks, placed=placed, wide=wide))

    decoded = list(accumulate(lasting, initial=0))[:-1]
    shown = [at + late for at, (_, late) in zip(decoded, offsets or [(1, 0)] * frames, strict=True)]
    assert list(table.decode_times) == decoded
    assert list(table.presentation_times()) == shown
    assert table.shown() == (min(shown), max(shown))
    positions: list[int] = []
    for chunk, each in zip(chunks, [*per_chunk, *per_chunk[-1:] * 2], strict=False):
        inside = sizes[len(positions) : len(positions) + each]
        positions += [chunk + sum(inside[:n]) for n in range(len(inside))]
    assert list(table.positions()) == positions


@pytest.mark.parametrize("wide", [False, True])
def test_a_sample_to_a_chunk_is_not_spelt_out(wide: bool) -> None:
    table = picture_table(movie([5] * 4, durations=[(4, 512)], chunks=[9, 70, 20, 90], placed=[(1, 1)], wide=wide))
    assert table.decode_times == range(0, 2048, 512)
    assert table.begins == range(4)
    assert list(table.positions()) == [9, 70, 20, 90]


def test_chunks_that_nothing_tells_of_are_passed_over() -> None:
    for placed in ([(2, 2)], [(2, 1)]):
        table = picture_table(movie([5] * 2, durations=[(2, 512)], chunks=[9, 70, 90], placed=placed))
        assert list(table.positions()) == [70, 75 if placed == [(2, 2)] else 90]


@pytest.mark.parametrize(
    ("durations", "chunks", "placed"),
    [
        ([(3, 512)], [0], [(1, 4)]),  # times of other samples
        ([(4, 512)], [0], [(1, 3)]),  # places for fewer
        ([(4, 512)], [0, 9, 20], [(1, 1), (3, 1), (2, 4)]),  # chunks out of order
        ([(4, 512)], [0], [(0, 4)]),  # they count from 1
        ([(4, 512)], [0], []),
        ([(4, 512)], [(1 << 64) - 1], [(1, 4)]),  # no file is as long
    ],
)
def test_tables_that_contradict_each_other_are_refused(durations: Runs, chunks: list[int], placed: Runs) -> None:
    with pytest.raises(MediaFormatError):
        read_tables(movie([1] * 4, durations=durations, chunks=chunks, placed=placed, wide=True), "video")


# Of B-frames: decoded 0 4 2 1 3 | 5 9 ..., a cut every five.
ORDER = (0, 4, 2, 1, 3)


def ordered(
    durations: list[int], *, gap: int = 0, order: tuple[int, ...] = ORDER, sync: list[int] | None = None
) -> SampleTable:
    """Pictures in that order, decoded as long as ``durations`` say, each shown where its slot is."""
    frames = len(durations)
    decoded = list(accumulate(durations, initial=0))
    places = [n - n % 5 + order[n % 5] for n in range(frames)]
    offsets = [(1, place * 512 + 1024 + gap * (place == 7) - at) for place, at in zip(places, decoded, strict=False)]
    return picture_table(
        movie(
            [10] * frames,
            durations=[(1, each) for each in durations] if len(set(durations)) > 1 else [(frames, durations[0])],
            offsets=offsets,
            chunks=[100],
            placed=[(1, frames)],
            sync=list(range(0, frames, 5)) if sync is None else sync,
        )
    )


@pytest.mark.parametrize("durations", [[512] * 20, [500, 524] * 10, [1] * 20], ids=["steady", "unsteady", "at once"])
def test_slots_and_cuts_are_the_same_however_pictures_are_timed(durations: list[int]) -> None:
    found = conforming(ordered(durations), Fraction(25))
    assert found is not None
    assert list(found.slots) == [n - n % 5 + ORDER[n % 5] for n in range(20)]
    assert found.cuts == (0, 5, 10, 15)


def test_no_cut_is_where_a_picture_before_it_is_shown_after_it() -> None:
    found = conforming(ordered([512] * 10, order=(0, 3, 2, 1, 4), sync=[0, 2, 4, 5, 6]), Fraction(25))
    assert found is not None
    assert found.cuts == (0, 4, 5)


@pytest.mark.parametrize("durations", [[512] * 20, [500, 524] * 10], ids=["steady", "unsteady"])
@pytest.mark.parametrize(("gap", "fits"), [(150, True), (160, False), (512, False), (-160, False), (512 * 20, False)])
def test_a_picture_beside_its_slot_keeps_them_from_passing(durations: list[int], gap: int, fits: bool) -> None:
    assert (conforming(ordered(durations, gap=gap), Fraction(25)) is not None) == fits


def test_the_rate_is_told_from_the_table() -> None:
    table = picture_table(movie([1] * 50, durations=[(50, 1001)], chunks=[0], placed=[(1, 50)], timescale=30000))
    assert table_rate(table) == Fraction(30000, 1001)
    assert table_rate(picture_table(movie([1], durations=[(1, 40)], chunks=[0], placed=[(1, 1)]))) == 0


def test_sound_is_found_in_its_groups() -> None:
    sizes = [3 + n % 5 for n in range(40)]
    chunks, placed = list(range(1000, 15700, 700)), [(1, 3), (4, 1), (8, 2)]
    content = movie(sizes, durations=[(40, 1024)], chunks=chunks, placed=placed, timescale=48000, sound=True)
    (table,) = read_tables(content, "audio")
    at = Fraction(1024, 48000)
    sound = AudioStream(
        index=0,
        codec="aac",
        sample_rate=48000,
        channels=2,
        layout="stereo",
        time_base=Fraction(1, 48000),
        start=0,
        end=40960,
    )
    for kept in (0, 1, 4, 7):  # of the frames before asset time 0 the last is kept
        frames = conforming_sound(sound, table, at * (kept + 1 if kept else 0))
        assert frames is not None
        assert type(frames).from_bytes(frames.to_bytes()).span(range(5)) == frames.span(range(5))
        for begin, end in ((0, 40 - kept), (2, 9), (11, 12)):
            found = [place + n for place, size in frames.span(range(begin, end)) for n in range(size)]
            places = zip(table.positions(), sizes, strict=True)
            wanted = [place + n for place, size in list(places)[kept + begin : kept + end] for n in range(size)]
            assert found == wanted


@pytest.mark.parametrize(
    ("beginning", "size", "idr"),
    [
        (b"\0\0\1\0\x65", 260, True),  # of the slice its first byte is enough
        (b"\0\0\1\0\x41", 260, False),
        (b"\0\0\0\2\6\1" + b"\0\0\1\0\x65", 266, True),  # behind a message
        (b"\0\0\0\4" + SPS + b"\0\0\1\0\x65", 268, True),
        (b"\0\0\0\4" + SPS[:3] + b"\7\0\0\1\0\x65", 268, False),  # parameter sets of its own
        (b"\0\0\1\0\x65", 259, None),  # longer than its sample
        (b"\0\0\0\0\x65", 9, None),
        (b"\0\0\0\2\6\1\0\0\1\0", 266, None),  # cut off before the slice
        (b"\0\0\0\4" + SPS[:3], 268, None),
        (b"", 9, None),
    ],
)
def test_the_beginning_of_a_picture_tells_whether_it_is_an_idr_picture(
    beginning: bytes, size: int, idr: bool | None
) -> None:
    if idr is None:
        with pytest.raises(MediaFormatError):
            begins_with_idr(beginning, size, AVCC)
    else:
        assert begins_with_idr(beginning, size, AVCC) is idr
