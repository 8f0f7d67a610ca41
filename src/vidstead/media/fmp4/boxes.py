"""Boxes: the one building block of MP4 (ISO/IEC 14496-12, 4.2)."""

import struct
from collections.abc import Iterator

from vidstead.media.errors import MediaFormatError


def box(kind: bytes, *content: bytes) -> bytes:
    """One box around its content; ``kind`` is its four-character code."""
    size = 8 + sum(map(len, content))
    return b"".join((struct.pack(">I4s", size, kind), *content))


def full_box(kind: bytes, version: int, flags: int, *content: bytes) -> bytes:
    """One box with version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *content)


def header(data: bytes | bytearray | memoryview, at: int = 0) -> tuple[bytes, int, int] | None:
    """Code, length of the header, and size of the box at ``at``; ``None`` when its header is not all there.

    Raises ``MediaFormatError`` for sizes that no box has, and for boxes without a size, which could not be
    bounded.
    """
    if len(data) < at + 8:
        return None
    size, kind = struct.unpack_from(">I4s", data, at)
    length = 8
    if size == 1:
        if len(data) < at + 16:
            return None
        (size,) = struct.unpack_from(">Q", data, at + 8)
        length = 16
    if size < length:
        raise MediaFormatError(reason=f"box {name(kind)} says that it has {size} bytes")
    return kind, length, size


def children(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """The boxes that fill ``data`` exactly. Raises ``MediaFormatError`` when they do not."""
    at = 0
    while at < len(data):
        found = header(data, at)
        if found is None:
            raise MediaFormatError(reason="a box is cut short")
        kind, length, size = found
        if at + size > len(data):
            raise MediaFormatError(reason=f"box {name(kind)} is longer than what holds it")
        yield kind, data[at + length : at + size]
        at += size


def only(data: memoryview, *path: bytes) -> memoryview:
    """The content of the box at the end of ``path``.

    Raises ``MediaFormatError`` unless each step has exactly one.
    """
    for kind in path:
        found = [content for code, content in children(data) if code == kind]
        if len(found) != 1:
            raise MediaFormatError(reason=f"{len(found)} boxes {name(kind)} where there must be one")
        data = found[0]
    return data


def unpack(layout: str, data: memoryview, at: int = 0) -> tuple[int, ...]:
    """Big-endian numbers at ``at``. Raises ``MediaFormatError`` when the data ends before."""
    try:
        return struct.unpack_from(">" + layout, data, at)
    except struct.error:
        raise MediaFormatError(reason="a box is shorter than its fields") from None


def version_and_flags(data: memoryview) -> tuple[int, int]:
    """The first word of a full box."""
    (word,) = unpack("I", data)
    return word >> 24, word & 0xFFFFFF


def name(kind: bytes) -> str:
    """A four-character code for people."""
    return repr(kind.decode("latin-1"))
