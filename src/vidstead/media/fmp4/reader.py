"""Reads what ffmpeg writes into a pipe with ``-movflags frag_keyframe+empty_moov+default_base_moof``, as it
arrives.
"""

from vidstead.media.errors import MediaFormatError
from vidstead.media.fmp4.boxes import children, header, name, only, unpack, version_and_flags
from vidstead.media.fmp4.fragments import Defaults, parse_fragment, read_trex
from vidstead.media.fmp4.model import Fragment, MovieHeader

_MOST_HEADER_BYTES = 2**22


class FragmentReader:
    """An incremental parser of a fragmented MP4 file with one track.

    Memory is bounded: no box of data above ``most_bytes``, no other above 4 MiB. Every method raises
    ``MediaFormatError`` for what is malformed; the reader is of no use after that.
    """

    def __init__(self, *, most_bytes: int = 2**28) -> None:
        self.header: MovieHeader | None = None
        """What the ``moov`` says, once it has arrived."""
        self._most_bytes = most_bytes
        self._buffer = bytearray()
        self._moof: bytes | None = None
        self._defaults = Defaults()

    def feed(self, data: bytes) -> list[Fragment]:
        """The fragments that became complete with these bytes, in their order."""
        self._buffer += data
        fragments = []
        while (found := self._next()) is not None:
            fragment = self._take(*found)
            if fragment is not None:
                fragments.append(fragment)
        return fragments

    def close(self) -> None:
        """The file has ended: raises ``MediaFormatError`` when that was in the middle of a box or a fragment."""
        if self._buffer or self._moof is not None or self.header is None:
            raise MediaFormatError(reason="the file ends in the middle")

    def _next(self) -> tuple[bytes, bytes] | None:
        """The next box that is all there, as its code and all its bytes."""
        found = header(self._buffer)
        if found is None:
            return None
        kind, _, size = found
        if size > (self._most_bytes if kind == b"mdat" else _MOST_HEADER_BYTES):
            raise MediaFormatError(reason=f"a box {name(kind)} of {size} bytes is too large")
        if len(self._buffer) < size:
            return None
        whole = bytes(memoryview(self._buffer)[:size])
        del self._buffer[:size]
        return kind, whole

    def _take(self, kind: bytes, whole: bytes) -> Fragment | None:
        if kind == b"moov":
            self._read_movie(whole)
        elif kind == b"moof":
            if self.header is None or self._moof is not None:
                raise MediaFormatError(reason="a moof comes before its moov, or without the data of the last")
            self._moof = whole
        elif kind == b"mdat":
            if self._moof is None:
                raise MediaFormatError(reason="an mdat without a moof")
            moof, self._moof = self._moof, None
            return parse_fragment(memoryview(moof), memoryview(whole), self._defaults)
        elif self._moof is not None:
            raise MediaFormatError(reason=f"a box {name(kind)} between a moof and its data")
        return None

    def _read_movie(self, whole: bytes) -> None:
        if self.header is not None:
            raise MediaFormatError(reason="a second moov")
        movie = memoryview(whole)[8:]
        self.header = read_movie(movie)
        self._defaults = read_trex(only(movie, b"mvex", b"trex"))


def read_movie(movie: memoryview) -> MovieHeader:
    """What the content of a ``moov`` with one track of H.264 or AAC says. Raises ``MediaFormatError``."""
    media = only(movie, b"trak", b"mdia")
    version, _ = version_and_flags(times := only(media, b"mdhd"))
    (timescale,) = unpack("I", times, 20 if version else 12)
    if timescale == 0:
        raise MediaFormatError(reason="a track without a timescale")
    entries = list(children(only(media, b"minf", b"stbl", b"stsd")[8:]))
    if len(entries) != 1 or entries[0][0] not in (b"avc1", b"mp4a"):
        kinds = ", ".join(name(kind) for kind, _ in entries)
        raise MediaFormatError(reason=f"a track of {kinds or 'nothing'}, not of H.264 or AAC")
    kind, entry = entries[0]
    if kind == b"avc1":
        width, height = unpack("HH", entry, 24)
        config = bytes(only(entry[78:], b"avcC"))
        return MovieHeader(kind="video", timescale=timescale, config=config, width=width, height=height)
    (channels,) = unpack("H", entry, 16)
    (rate,) = unpack("I", entry, 24)
    config = decoder_info(only(entry[28:], b"esds")[4:])
    return MovieHeader(kind="audio", timescale=timescale, config=config, sample_rate=rate >> 16, channels=channels)


def decoder_info(descriptors: memoryview) -> bytes:
    """The DecoderSpecificInfo in an ES_Descriptor (ISO/IEC 14496-1, 7.2.6)."""
    stream = _descriptor(descriptors, 3)
    (flags,) = unpack("B", stream, 2)
    if flags & 0xE0:
        raise MediaFormatError(reason="an elementary stream that depends on another")
    return bytes(_descriptor(_descriptor(stream[3:], 4)[13:], 5))


def _descriptor(data: memoryview, tag: int) -> memoryview:
    """The content of the descriptor that ``data`` begins with; sizes have up to four bytes of seven bits."""
    (found,) = unpack("B", data)
    size = 0
    for at in range(1, 5):
        (byte,) = unpack("B", data, at)
        size = size << 7 | byte & 0x7F
        if not byte & 0x80:
            content = data[at + 1 : at + 1 + size]
            if found == tag and len(content) == size:
                return content
            break
    raise MediaFormatError(reason=f"descriptor {tag} of the sound is missing or cut short")
