"""Finding the ``moov`` of an MP4 by ranges, without a library."""

import struct
from collections.abc import Sequence

from vidstead.encoding.adapters.grant import read_range
from vidstead.grid import Part
from vidstead.storage import ObjectStore

MOST_BOXES = 64
"""Boxes at the top level of the file that are looked at in search of the ``moov``."""
MOST_MOOV_BYTES = 64 << 20
BOX_HEADER = struct.Struct(">I4sQ")


def read_moov(store: ObjectStore, parts: Sequence[Part]) -> bytes | None:
    """The content of the ``moov``; ``None`` where there is none, or the film is in fragments."""
    at, found = 0, None
    for _ in range(MOST_BOXES):
        head = read_range(store, parts, at, BOX_HEADER.size).ljust(BOX_HEADER.size, b"\0")
        size, kind, large = BOX_HEADER.unpack(head)
        length, size = (16, large) if size == 1 else (8, size)
        if kind in (b"moof", b"sidx"):
            return None
        if kind == b"moov" and length <= size <= MOST_MOOV_BYTES:
            found = read_range(store, parts, at + length, size - length)
        if size < length:
            break
        at += size
    return found
