"""What a child may read: the parts of one source, and nothing else.

Of a store on local files it gets the open descriptors. Any other store stays with the parent: a thread of its own
answers ranges on a socket (``children.reader`` says how), so that no credential ever reaches a child.
"""

import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from vidstead.encoding.adapters.children.reader import ANSWER, FAILED, REQUEST, FileRanges
from vidstead.grid import Part
from vidstead.storage import LocalFiles, ObjectStore, StorageError

MOST_BYTES = 8 << 20
"""Bytes of one request that are answered."""
JOIN_SECONDS = 2.0
ReadRange = Callable[[int, int], bytes]
"""``length`` bytes from ``start``; fewer at the end."""
LOST = "the source could not be read"
"""What a child says when the parent could not read for it (``children.reader``)."""


@dataclass(frozen=True, kw_only=True)
class Grant:
    """The right to read one source: what the order says of it, and the descriptors that go with it."""

    source: dict[str, Any]
    descriptors: tuple[int, ...]


@asynccontextmanager
async def grant(store: ObjectStore, parts: Sequence[Part]) -> AsyncIterator[Grant]:
    """Open a source for one child; closed again on leaving. Raises ``StorageError`` where a part is missing."""
    size = sum(part.size for part in parts)
    if isinstance(store, LocalFiles):
        opened = await asyncio.to_thread(_open_all, store, parts)
        try:
            pairs = [[descriptor, part.size] for descriptor, part in zip(opened, parts, strict=True)]
            yield Grant(source={"size": size, "parts": pairs}, descriptors=tuple(opened))
        finally:
            for descriptor in opened:
                os.close(descriptor)
        return
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=_serve, args=(ours, store, tuple(parts)), name="source", daemon=True)
    thread.start()
    try:
        yield Grant(source={"size": size, "socket": theirs.fileno()}, descriptors=(theirs.fileno(),))
    finally:
        theirs.close()
        with suppress(OSError):  # it is closed already when the child hung up first
            ours.shutdown(socket.SHUT_RDWR)
        await asyncio.to_thread(thread.join, JOIN_SECONDS)


@contextmanager
def reading(store: ObjectStore, parts: Sequence[Part]) -> Iterator[ReadRange]:
    """For many short ranges of one source: ``read_range`` of it, with files opened once. Raises ``StorageError``."""
    if not isinstance(store, LocalFiles):
        yield partial(read_range, store, parts)
        return
    opened = _open_all(store, parts)
    try:
        yield partial(_across, FileRanges([(fd, part.size) for fd, part in zip(opened, parts, strict=True)]))
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _across(ranges: FileRanges, start: int, length: int) -> bytes:
    data = bytearray()
    while len(data) < length and (piece := ranges.pread(start + len(data), length - len(data))):
        data += piece
    return bytes(data)


def _open_all(store: LocalFiles, parts: Sequence[Part]) -> list[int]:
    opened: list[int] = []
    try:
        for part in parts:
            opened.append(os.open(store.path(part.key), os.O_RDONLY | os.O_CLOEXEC))  # noqa: PERF401 - closed on error
    except OSError as error:
        for descriptor in opened:
            os.close(descriptor)
        raise StorageError(reason=f"a part of the source cannot be opened ({error.strerror})") from error
    return opened


def _serve(ours: socket.socket, store: ObjectStore, parts: tuple[Part, ...]) -> None:
    """Answer ranges until the other end is closed."""
    with ours:
        try:
            while len(request := ours.recv(REQUEST.size, socket.MSG_WAITALL)) == REQUEST.size:
                start, length = REQUEST.unpack(request)
                try:
                    data = read_range(store, parts, start, min(length, MOST_BYTES))
                except StorageError:
                    ours.sendall(ANSWER.pack(FAILED))
                    continue
                ours.sendall(ANSWER.pack(len(data)))
                ours.sendall(data)
        except OSError:  # the child is gone, or we are leaving: either way nobody asks any more
            return


def read_range(store: ObjectStore, parts: Sequence[Part], start: int, length: int) -> bytes:
    """``length`` bytes from ``start`` of the parts in their order; fewer at the end."""
    pieces = []
    for part in parts:
        if length > 0 and start < part.size:
            piece = store.read(part.key, start, min(length, part.size - start))
            pieces.append(piece)
            length -= len(piece)
            start += len(piece)
        start -= part.size
    return b"".join(pieces)
