"""The source as one seekable file, though the child can open nothing.

It was given either the open descriptors of the parts (a store on local files) or one end of a socket, on which the
parent answers ranges. Both look the same to PyAV: a file object with ``read``, ``seek`` and ``tell``.

On the socket a request is ``(start, length)``, two unsigned 64-bit integers; the answer is a length and as many bytes.
A length of ``FAILED`` means that the parent could not read; the child then stops.
"""

import io
import os
import socket
import struct
from collections import OrderedDict
from typing import Any, Protocol

REQUEST = struct.Struct("!QQ")
ANSWER = struct.Struct("!Q")
FAILED = 2**64 - 1
BLOCK = 256 * 1024
AHEAD = 4
"""Blocks asked for at once when reading goes straight on."""
KEPT = 48
"""Blocks kept in memory: 12 MB."""


class SourceLostError(OSError):
    """The parent could not read the source."""


class Ranges(Protocol):
    """Something that answers byte ranges."""

    def pread(self, start: int, length: int) -> bytes: ...


class FileRanges:
    """The parts as open descriptors; ``parts`` are (descriptor, size in bytes)."""

    def __init__(self, parts: list[tuple[int, int]]) -> None:
        self._parts = parts

    def pread(self, start: int, length: int) -> bytes:
        """``length`` bytes from ``start``, fewer at the end of a part."""
        for descriptor, size in self._parts:
            if start < size:
                return os.pread(descriptor, min(length, size - start), start)
            start -= size
        return b""


class SocketRanges:
    """The parent at the other end of a socket, with a cache of blocks on this side."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._last = -1

    def pread(self, start: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``start``: never more than the rest of one block."""
        block = self._block(start // BLOCK)
        offset = start % BLOCK
        return block[offset : offset + length]

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            count = AHEAD if number == self._last + 1 else 1
            data = self._ask(number * BLOCK, count * BLOCK)
            for i in range(count):
                self._blocks[number + i] = data[i * BLOCK : (i + 1) * BLOCK]
            while len(self._blocks) > KEPT:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(number)
        self._last = number
        return self._blocks[number]

    def _ask(self, start: int, length: int) -> bytes:
        self._socket.sendall(REQUEST.pack(start, length))
        (size,) = ANSWER.unpack(self._exactly(ANSWER.size))
        if size == FAILED:
            raise SourceLostError("the source could not be read")
        return self._exactly(size)

    def _exactly(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            piece = self._socket.recv(min(size - len(data), 1 << 20))
            if not piece:
                raise SourceLostError("the parent is gone")
            data += piece
        return bytes(data)


class RangeReader(io.RawIOBase):
    """A read-only file over ``ranges``.

    ``head`` and ``resume`` make a file that continues elsewhere: the bytes of ``head``, then the source from the
    byte ``resume`` on. So a fragmented MP4 is read from any of its fragments.
    """

    def __init__(self, ranges: Ranges, size: int, *, head: bytes = b"", resume: int = 0) -> None:
        self._ranges = ranges
        self._head = head
        self._shift = resume - len(head)
        self._size = size - self._shift
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes; all that is left without a size."""
        wanted = max(0, self._size - self._at)
        if size >= 0:
            wanted = min(wanted, size)
        pieces = []
        while wanted > 0:
            piece = self._piece(wanted)
            if not piece:
                break
            pieces.append(piece)
            self._at += len(piece)
            wanted -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _piece(self, wanted: int) -> bytes:
        if self._at < len(self._head):
            return self._head[self._at : self._at + wanted]
        return self._ranges.pread(self._at + self._shift, wanted)


_sockets: dict[int, SocketRanges] = {}


def open_ranges(source: dict[str, Any]) -> Ranges:
    """The ranges that an order grants: ``parts`` (descriptor, size) or ``socket`` (descriptor).

    A source may be opened again: there is one reader per socket, since the last of two would close it for the other.
    """
    descriptor = source.get("socket")
    if descriptor is None:
        return FileRanges([(descriptor, size) for descriptor, size in source["parts"]])
    if descriptor not in _sockets:
        _sockets[descriptor] = SocketRanges(descriptor)
    return _sockets[descriptor]
