"""The cells that viewers ask for again and again, in memory.

A server that takes a body from memory sends it half again as fast as one that reads it from a file (granian reads a
file in a thread of its own, piece by piece). One object serves every viewer: the bytes are shared, not copied. What is
asked for once goes out from where it is stored, so one film watched from start to end displaces nothing.
"""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

LIMIT_BYTES = 64 * 2**20
LARGEST_BYTES = 8 * 2**20
AGAIN_SECONDS = 10.0
"""Asked for twice within this time, a cell is kept."""
KEPT_SECONDS = 30.0
"""Not asked for during this time, it is let go when another cell is asked for."""
NOTED = 4096

Read = Callable[[], Awaitable[bytes]]


class Popular:
    """Whole objects by key, bounded by bytes; keys name what never changes."""

    def __init__(self, *, limit_bytes: int = LIMIT_BYTES, clock: Callable[[], float] = time.monotonic) -> None:
        """``limit_bytes``: all that is kept, at most; ``clock`` counts seconds."""
        self._limit = limit_bytes
        self._clock = clock
        self._bodies: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._asked: OrderedDict[str, float] = OrderedDict()
        self._reading: set[str] = set()
        self._bytes = 0

    async def body(self, key: str, size: int, read: Read) -> bytes | None:
        """All of an object of ``size`` bytes, if it is kept or worth keeping from now on: then ``read`` gives it.

        ``None``: take it from where it is stored. Raises what ``read`` raises.
        """
        now = self._clock()
        if (kept := self._bodies.get(key)) is not None:
            self._bodies[key] = (now, kept[1])
            self._bodies.move_to_end(key)
            return kept[1]
        if size > min(LARGEST_BYTES, self._limit) or not self._again(key, now) or key in self._reading:
            return None
        self._reading.add(key)
        try:
            body = await read()
        finally:
            self._reading.discard(key)
        self._keep(key, body)
        return body

    def _again(self, key: str, now: float) -> bool:
        """Whether it was asked for a moment ago; notes that it is asked for now."""
        before = self._asked.pop(key, None)
        self._asked[key] = now
        if len(self._asked) > NOTED:
            self._asked.popitem(last=False)
        return before is not None and now - before < AGAIN_SECONDS

    def _keep(self, key: str, body: bytes) -> None:
        now = self._clock()
        self._bodies[key] = (now, body)
        self._bytes += len(body)
        while self._bytes > self._limit or next(iter(self._bodies.values()))[0] < now - KEPT_SECONDS:
            _, (_, gone) = self._bodies.popitem(last=False)
            self._bytes -= len(gone)
