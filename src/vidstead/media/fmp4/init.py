"""Init segments: ``ftyp`` and ``moov`` (ISO/IEC 14496-12, clause 8; CMAF, ISO/IEC 23000-19, 7.3.1).

Rows of pictures are put at their place by ``tfdt`` and composition offsets alone. Sound has no composition offsets,
and its first cell begins before asset time 0 (``AudioSpec.lead``): the edit list of its init segment takes that away,
as CMAF has it (7.5.13). Durations are 0, since a fragmented movie's are those of its fragments.
"""

import struct

from vidstead.media.fmp4.boxes import box, full_box
from vidstead.media.source import Colour

TRACK_ID = 1

_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_UNSPECIFIED = 2

# Code points of ISO/IEC 23091-2, under ffmpeg's names.
_PRIMARIES = {
    "bt709": 1,
    "bt470m": 4,
    "bt470bg": 5,
    "smpte170m": 6,
    "smpte240m": 7,
    "film": 8,
    "bt2020": 9,
    "smpte428": 10,
    "smpte431": 11,
    "smpte432": 12,
    "ebu3213": 22,
}
_TRANSFER = {
    "bt709": 1,
    "bt470m": 4,
    "gamma22": 4,
    "bt470bg": 5,
    "gamma28": 5,
    "smpte170m": 6,
    "smpte240m": 7,
    "linear": 8,
    "log100": 9,
    "log316": 10,
    "iec61966-2-4": 11,
    "bt1361e": 12,
    "iec61966-2-1": 13,
    "bt2020-10": 14,
    "bt2020-12": 15,
    "smpte2084": 16,
    "smpte428": 17,
    "arib-std-b67": 18,
}
_COEFFICIENTS = {
    "gbr": 0,
    "bt709": 1,
    "fcc": 4,
    "bt470bg": 5,
    "smpte170m": 6,
    "smpte240m": 7,
    "ycgco": 8,
    "bt2020nc": 9,
    "bt2020c": 10,
    "smpte2085": 11,
    "chroma-derived-nc": 12,
    "chroma-derived-c": 13,
    "ictcp": 14,
}


def video_init(*, width: int, height: int, timescale: int, avcc: bytes, colour: Colour) -> bytes:
    """The init segment of a row of H.264.

    ``width`` and ``height`` are in pixels, ``timescale`` in ticks per second; ``avcc`` is the content of the
    ``avcC`` box (ISO/IEC 14496-15, 5.3.3.1). Square pixels.
    """
    entry = box(
        b"avc1",
        struct.pack(">6xH16xHHIIIH32sHh", 1, width, height, 0x480000, 0x480000, 0, 1, b"", 24, -1),
        box(b"avcC", avcc),
        _colour(colour),
        box(b"pasp", struct.pack(">II", 1, 1)),
    )
    media = full_box(b"vmhd", 0, 1, bytes(8))
    return _init(b"vide", timescale, entry, media, size=(width, height), volume=0)


def audio_init(
    *, sample_rate: int, channels: int, asc: bytes, bitrate: int, language: str | None = None, lead: int = 0
) -> bytes:
    """The init segment of a row of AAC, whose ticks are samples.

    ``asc`` is the AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1), ``bitrate`` the average in bit/s and
    ``language`` three letters of ISO 639-2, if known. ``lead``: samples at the beginning that are not heard.
    """
    entry = box(
        b"mp4a",
        struct.pack(">6xH8xHH4xI", 1, channels, 16, min(sample_rate, 0xFFFF) << 16),
        full_box(b"esds", 0, 0, _elementary_stream(asc, bitrate)),
    )
    media = full_box(b"smhd", 0, 0, bytes(4))
    return _init(b"soun", sample_rate, entry, media, size=(0, 0), volume=0x100, language=language, lead=lead)


def _init(
    handler: bytes,
    timescale: int,
    entry: bytes,
    media_header: bytes,
    *,
    size: tuple[int, int],
    volume: int,
    language: str | None = None,
    lead: int = 0,
) -> bytes:
    tables = box(
        b"stbl",
        full_box(b"stsd", 0, 0, struct.pack(">I", 1), entry),
        full_box(b"stts", 0, 0, bytes(4)),
        full_box(b"stsc", 0, 0, bytes(4)),
        full_box(b"stsz", 0, 0, bytes(8)),
        full_box(b"stco", 0, 0, bytes(4)),
    )
    data_here = box(b"dinf", full_box(b"dref", 0, 0, struct.pack(">I", 1), full_box(b"url ", 0, 1)))
    media = box(
        b"mdia",
        full_box(b"mdhd", 0, 0, struct.pack(">IIIIHH", 0, 0, timescale, 0, _language(language), 0)),
        full_box(b"hdlr", 0, 0, struct.pack(">I4s12x", 0, handler), b"Vidstead\0"),
        box(b"minf", media_header, data_here, tables),
    )
    place = struct.pack(">III4xI8xhhhxx", 0, 0, TRACK_ID, 0, 0, 0, volume)
    width, height = size
    track_header = full_box(b"tkhd", 0, 7, place, _MATRIX, struct.pack(">II", width << 16, height << 16))
    movie_header = full_box(
        b"mvhd",
        0,
        0,
        struct.pack(">IIIIIH10x", 0, 0, timescale, 0, 0x10000, 0x100),
        _MATRIX,
        struct.pack(">24xI", TRACK_ID + 1),
    )
    extends = box(b"mvex", full_box(b"trex", 0, 0, struct.pack(">IIIII", TRACK_ID, 1, 0, 0, 0)))
    brands = box(b"ftyp", b"iso6", bytes(4), b"iso6", b"cmfc", b"mp41")
    return brands + box(b"moov", movie_header, box(b"trak", track_header, _edit(lead), media), extends)


def _edit(lead: int) -> bytes:
    """One edit from ``lead`` ticks on, to the end whenever that is (ISO/IEC 14496-12, 8.6.6); none for 0."""
    return box(b"edts", full_box(b"elst", 0, 0, struct.pack(">IIiI", 1, 0, lead, 0x10000))) if lead else b""


def _colour(colour: Colour) -> bytes:
    """``colr`` of the type ``nclx``; nothing where the source says nothing."""
    codes = (
        _PRIMARIES.get(colour.primaries or "", _UNSPECIFIED),
        _TRANSFER.get(colour.transfer or "", _UNSPECIFIED),
        _COEFFICIENTS.get(colour.matrix or "", _UNSPECIFIED),
    )
    if set(codes) == {_UNSPECIFIED} and not colour.full_range:
        return b""
    return box(b"colr", struct.pack(">4sHHHB", b"nclx", *codes, colour.full_range << 7))


def _language(code: str | None) -> int:
    """Three letters packed in 15 bits (ISO/IEC 14496-12, 8.4.2.3); ``und`` when unknown."""
    letters = code if code and len(code) == 3 and code.isascii() and code.islower() else "und"
    packed = 0
    for letter in letters:
        packed = packed << 5 | (ord(letter) - 0x60)
    return packed


def _elementary_stream(asc: bytes, bitrate: int) -> bytes:
    """The ES_Descriptor of AAC in MP4 (ISO/IEC 14496-1, 7.2.6.5; 14496-14, 3.1.2)."""
    decoder = struct.pack(">BB3xII", 0x40, 0x15, bitrate, bitrate) + _descriptor(5, asc)
    return _descriptor(3, bytes(3), _descriptor(4, decoder), _descriptor(6, b"\x02"))


def _descriptor(tag: int, *content: bytes) -> bytes:
    size = sum(map(len, content))
    if size > 0x7F:
        raise ValueError("a descriptor longer than 127 bytes is not AAC-LC's")
    return b"".join((bytes((tag, size)), *content))
