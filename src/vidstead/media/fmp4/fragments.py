"""Fragments: ``styp``, ``moof`` and ``mdat`` (ISO/IEC 14496-12, 8.8 and 8.16.2).

The bytes are canonical: times and sizes that all samples share are written once (``tfhd``), else per sample;
nothing depends on the clock or on chance. ``styp`` names a file of its own a CMAF segment, which validators
and MIME sniffers look for, at 20 bytes.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace

from vidstead.media.errors import MediaFormatError
from vidstead.media.fmp4.boxes import box, children, full_box, header, only, unpack, version_and_flags
from vidstead.media.fmp4.init import TRACK_ID
from vidstead.media.fmp4.model import Fragment, Sample, TrackKind

MOST_SAMPLES = 100_000
"""Samples of one fragment that are read; an hour of cells of 25 pictures each has fewer."""

_STYP = box(b"styp", b"msdh", bytes(4), b"msdh", b"cmfs")
_KEY_FLAGS = 0x0200_0000  # sample_depends_on = 2: on no other
_DELTA_FLAGS = 0x0101_0000  # sample_depends_on = 1, sample_is_non_sync_sample
_NOT_SYNC = 0x0001_0000

_BASE_IS_MOOF = 0x02_0000
_BASE_DATA_OFFSET, _DESCRIPTION = 0x01, 0x02
_DEFAULT_DURATION, _DEFAULT_SIZE, _DEFAULT_FLAGS = 0x08, 0x10, 0x20
_DATA_OFFSET, _FIRST_FLAGS = 0x001, 0x004
_DURATION, _SIZE, _FLAGS, _OFFSET = 0x100, 0x200, 0x400, 0x800


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """What samples have where neither they nor their run say otherwise (``trex``, ``tfhd``)."""

    duration: int = 0
    size: int = 0
    flags: int = 0


def fragment_overhead(samples: int, *, numbers: int = 4) -> int:
    """The most bytes that ``write_fragment`` adds to the data of so many samples.

    ``numbers``: how many may differ from sample to sample; of sound that is one, the size.
    """
    return 136 + 4 * numbers * samples


def write_fragment(*, sequence: int, fragment: Fragment, track_kind: TrackKind) -> bytes:
    """The bytes of a cell. ``sequence`` is the number of the fragment, from 1 (``mfhd``).

    Raises ``ValueError`` when there is no sample, when sizes and data do not agree, or when sound holds a
    sample that is no key.
    """
    samples = fragment.samples
    if not samples or sum(sample.size for sample in samples) != len(fragment.data):
        raise ValueError("a fragment has at least one sample, and as many bytes as its samples say")
    if track_kind == "audio" and not all(sample.key for sample in samples):
        raise ValueError("every sample of AAC is a key sample")
    tfhd_flags, defaults, run_flags = _layout(samples)
    place = full_box(b"tfdt", 1, 0, struct.pack(">Q", fragment.decode_time))
    track = full_box(b"tfhd", 0, tfhd_flags, struct.pack(">I", TRACK_ID), defaults)
    number = full_box(b"mfhd", 0, 0, struct.pack(">I", sequence))
    table = _table(samples, run_flags)

    def moof(data_offset: int) -> bytes:
        head = struct.pack(">Ii", len(samples), data_offset)
        if run_flags & _FIRST_FLAGS:
            head += struct.pack(">I", _flags(samples[0]))
        return box(b"moof", number, box(b"traf", track, place, full_box(b"trun", 1, run_flags, head, table)))

    data_starts = len(moof(0)) + 8
    return b"".join((_STYP, moof(data_starts), box(b"mdat", fragment.data)))


def read_fragment(data: bytes) -> Fragment:
    """A cell from its bytes: at most one ``styp``, then one ``moof`` and one ``mdat`` and nothing more.

    Raises ``MediaFormatError`` when it is anything else, or when its numbers contradict each other.
    """
    view = memoryview(data)
    kinds = [kind for kind, _ in children(view)]
    if kinds[:1] == [b"styp"]:
        kinds = kinds[1:]
    if kinds != [b"moof", b"mdat"]:
        raise MediaFormatError(reason="a cell is one moof and one mdat")
    return parse_fragment(_whole(view, b"moof"), _whole(view, b"mdat"), Defaults())


def parse_fragment(moof: memoryview, mdat: memoryview, defaults: Defaults) -> Fragment:
    """A fragment from its two boxes, headers included, with the defaults of the movie (``trex``).

    Raises ``MediaFormatError``: for more than one track, for data that is not in order in the ``mdat`` or
    leaves bytes of it over, and for anything cut short.
    """
    _, length, _ = _header(moof)
    track = only(moof[length:], b"traf")
    defaults = _read_defaults(only(track, b"tfhd"), defaults)
    version, _ = version_and_flags(place := only(track, b"tfdt"))
    (decode_time,) = unpack("Q" if version else "I", place, 4)
    _, mdat_length, _ = _header(mdat)
    at, samples = len(moof) + mdat_length, list[Sample]()
    for kind, content in children(track):
        if kind == b"trun":
            run, offset = _read_run(content, defaults, room=MOST_SAMPLES - len(samples))
            if offset not in (None, at):
                raise MediaFormatError(reason="the data of a run is not where the one before ends")
            samples += run
            at += sum(sample.size for sample in run)
    if not samples or at != len(moof) + len(mdat):
        raise MediaFormatError(reason="the samples and the bytes of a fragment do not agree")
    return Fragment(decode_time=decode_time, samples=tuple(samples), data=bytes(mdat[mdat_length:]))


def read_trex(content: memoryview) -> Defaults:
    """The defaults of a track in the ``moov``."""
    _, _, duration, size, flags = unpack("IIIII", content, 4)
    return Defaults(duration=duration, size=size, flags=flags)


def _flags(sample: Sample) -> int:
    return _KEY_FLAGS if sample.key else _DELTA_FLAGS


def _layout(samples: Sequence[Sample]) -> tuple[int, bytes, int]:
    """Flags and defaults of ``tfhd`` and flags of ``trun``, the shortest that say it all."""
    first, track, run, defaults = samples[0], _BASE_IS_MOOF | _DEFAULT_FLAGS, _DATA_OFFSET, b""
    if all(sample.duration == first.duration for sample in samples):
        track |= _DEFAULT_DURATION
        defaults += struct.pack(">I", first.duration)
    else:
        run |= _DURATION
    if all(sample.size == first.size for sample in samples):
        track |= _DEFAULT_SIZE
        defaults += struct.pack(">I", first.size)
    else:
        run |= _SIZE
    rest = {sample.key for sample in samples[1:]} or {first.key}
    if len(rest) > 1:
        run |= _FLAGS
    elif rest != {first.key}:
        run |= _FIRST_FLAGS
    if any(sample.composition_offset for sample in samples):
        run |= _OFFSET
    return track, defaults + struct.pack(">I", _flags(samples[-1])), run


def _table(samples: Sequence[Sample], run_flags: int) -> bytes:
    """The rows of ``trun``."""
    table = bytearray()
    for sample in samples:
        if run_flags & _DURATION:
            table += struct.pack(">I", sample.duration)
        if run_flags & _SIZE:
            table += struct.pack(">I", sample.size)
        if run_flags & _FLAGS:
            table += struct.pack(">I", _flags(sample))
        if run_flags & _OFFSET:
            table += struct.pack(">i", sample.composition_offset)
    return bytes(table)


def _header(data: memoryview) -> tuple[bytes, int, int]:
    found = header(data)
    if found is None or found[2] != len(data):
        raise MediaFormatError(reason="a box is cut short")
    return found


def _whole(data: memoryview, kind: bytes) -> memoryview:
    """The first box of a kind, its header included."""
    at = 0
    while (found := header(data, at)) is not None:
        if found[0] == kind:
            return data[at : at + found[2]]
        at += found[2]
    raise MediaFormatError(reason="a box is missing")


def _read_defaults(content: memoryview, defaults: Defaults) -> Defaults:
    _, flags = version_and_flags(content)
    if flags & _BASE_DATA_OFFSET or not flags & _BASE_IS_MOOF:
        raise MediaFormatError(reason="data offsets do not count from the moof")
    at = 12 if flags & _DESCRIPTION else 8
    for flag, field in ((_DEFAULT_DURATION, "duration"), (_DEFAULT_SIZE, "size"), (_DEFAULT_FLAGS, "flags")):
        if flags & flag:
            defaults = replace(defaults, **{field: unpack("I", content, at)[0]})
            at += 4
    return defaults


def _read_run(content: memoryview, defaults: Defaults, *, room: int) -> tuple[list[Sample], int | None]:
    """The samples of one ``trun``, and where its data starts in the fragment, if it says so."""
    version, flags = version_and_flags(content)
    (count,) = unpack("I", content, 4)
    if count > room:
        raise MediaFormatError(reason=f"a fragment has more than {MOST_SAMPLES} samples")
    at, offset, first_flags = 8, None, None
    if flags & _DATA_OFFSET:
        (offset,) = unpack("i", content, at)
        at += 4
    if flags & _FIRST_FLAGS:
        (first_flags,) = unpack("I", content, at)
        at += 4
    fields = [field for field in (_DURATION, _SIZE, _FLAGS, _OFFSET) if flags & field]
    layout = "".join("i" if field == _OFFSET and version else "I" for field in fields)
    if len(content) != at + 4 * len(fields) * count:
        raise MediaFormatError(reason="a trun is not as long as its samples")
    samples = []
    for index in range(count):
        said = dict(zip(fields, unpack(layout, content, at + 4 * len(fields) * index), strict=True))
        bits = said.get(_FLAGS, first_flags if index == 0 and first_flags is not None else defaults.flags)
        samples.append(
            Sample(
                size=said.get(_SIZE, defaults.size),
                duration=said.get(_DURATION, defaults.duration),
                composition_offset=said.get(_OFFSET, 0),
                key=not bits & _NOT_SYNC,
            )
        )
    return samples, offset
