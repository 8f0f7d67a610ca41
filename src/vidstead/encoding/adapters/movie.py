"""The ``moov`` of an MP4 and the sample tables in it, found by ranges, without a library."""

import struct
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Literal

from vidstead.encoding.adapters.grant import read_range
from vidstead.grid import Part
from vidstead.media import MediaFormatError, SampleTable, read_tables
from vidstead.storage import ObjectStore

MOST_BOXES = 64
"""Boxes at the top level of the file that are looked at in search of the ``moov``."""
MOST_MOOV_BYTES = 64 << 20
KEPT = 2
"""Sources whose tables are kept: an hour's take 10 MB."""
BOX_HEADER = struct.Struct(">I4sQ")


Kind = Literal["video", "audio"]
KINDS: tuple[Kind, ...] = ("video", "audio")


class Movies:
    """The sample tables of sources that are being planned. They are read in threads; each has all to itself."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._kept: OrderedDict[tuple[str, ...], dict[Kind, list[SampleTable] | MediaFormatError]] = OrderedDict()
        self._lock = threading.Lock()

    def tables(self, parts: Sequence[Part], kind: Kind) -> list[SampleTable]:
        """The tables of every track of a kind; none where it is no MP4, or one in fragments.

        Raises ``MediaFormatError`` where those of this kind are wrong, and what the store raises.
        """
        keys = tuple(part.key for part in parts)
        with self._lock:
            found = self._kept.get(keys)
        if found is None:
            movie = read_moov(self._store, parts)
            found = {each: _tables(movie, each) for each in KINDS}
            with self._lock:
                self._kept[keys] = found
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        tables = found[kind]
        if isinstance(tables, MediaFormatError):
            raise tables
        return tables


def _tables(movie: bytes | None, kind: Kind) -> list[SampleTable] | MediaFormatError:
    """Each kind by itself: what is wrong with the sound keeps no picture from passing through."""
    try:
        return read_tables(memoryview(movie), kind) if movie else []
    except MediaFormatError as error:
        return error


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
