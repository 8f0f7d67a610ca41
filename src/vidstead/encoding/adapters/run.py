"""One run: a feeder and an ffmpeg, joined by a pipe, and a pipe from ffmpeg for every row.

What arrives on a row's pipe goes through its ``Cutter``, which gives finished cells; they are handed on as they come.
Leaving the run, for whatever reason, ends both children and reaps them.
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, closing, suppress
from fractions import Fraction
from itertools import pairwise
from typing import Any, Protocol

from vidstead.encoding.adapters.feeding import Order
from vidstead.encoding.adapters.grant import LOST, grant
from vidstead.encoding.adapters.process import GIGABYTE, Child, child
from vidstead.encoding.errors import EncodingFailed, EncodingInterrupted
from vidstead.encoding.ports import EncodedCell, Run, Urgency
from vidstead.grid import Row
from vidstead.kit import VidsteadError
from vidstead.storage import ObjectStore, StorageUnavailable

FEEDER_MEMORY = 2 * GIGABYTE
ENCODER_MEMORY = 16 * GIGABYTE
"""Address space: x264 and its threads reserve far more than they use."""
START_SECONDS = 60.0
SECONDS_PER_SECOND = 30.0
"""How much slower than real time a row may be made: a run from which no cell comes for so long is given up."""
EXIT_SECONDS = 10.0
READ_BYTES = 1 << 18
WAITING_CELLS = 4


Arrived = EncodedCell | Exception | None
"""A cell, why a row came to nothing, or the end of a row."""


class Cutter(Protocol):
    """Makes cells of the bytes that ffmpeg writes for one row."""

    row: Row

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """The cells (index, bytes) that became complete. Raises ``VidsteadError`` when one does not fit its row."""
        ...

    def close(self) -> None:
        """ffmpeg is done: raises ``VidsteadError`` unless every cell came."""
        ...


class Output:
    """A pipe that ffmpeg writes into, and we read."""

    def __init__(self) -> None:
        self._read, self.write_end = os.pipe()
        self._transport: asyncio.ReadTransport | None = None

    async def reader(self) -> asyncio.StreamReader:
        """Our end, once ffmpeg has its own; closes our copy of ffmpeg's."""
        os.close(self.write_end)
        self.write_end = -1
        stream = asyncio.StreamReader(limit=2 * READ_BYTES)
        pipe = os.fdopen(self._read, "rb", buffering=0)
        self._read = -1
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), pipe)
        return stream

    def close(self) -> None:
        """Close what is still open."""
        for descriptor in (self._read, self.write_end):
            if descriptor >= 0:
                os.close(descriptor)
        self._read = self.write_end = -1
        if self._transport is not None:
            self._transport.close()


async def make_cells(
    store: ObjectStore,
    run: Run,
    order: Order,
    command: Callable[[Sequence[int]], Sequence[str]],
    cutters: Sequence[Cutter],
) -> AsyncGenerator[EncodedCell]:
    """Run ffmpeg on what the feeder gives by ``order``; every cell, as soon as it is finished.

    ``command`` is given the descriptors to write to, one for each of ``cutters``. Raises ``EncodingFailed`` when it is
    the film's fault, ``EncodingInterrupted`` or ``StorageUnavailable`` when it may go better another time.
    """
    starts = [run.timeline.start(column) for column in range(run.first, run.first + run.count + 1)]
    patience = _budget(max(end - begin for begin, end in pairwise(starts)), run)
    budget = _budget(starts[-1] - starts[0], run)
    async with AsyncExitStack() as stack:
        outputs = [stack.enter_context(closing(Output())) for _ in cutters]
        feeder, encoder = await _start(stack, store, run, order, command, outputs, budget)
        done: asyncio.Queue[Arrived] = asyncio.Queue(WAITING_CELLS)
        readers = []
        for output, cutter in zip(outputs, cutters, strict=True):
            readers.append(asyncio.create_task(_read(await output.reader(), cutter, done)))
        stack.push_async_callback(_cancel, readers)
        left, awaited = len(readers), len(readers) - len(run.late)
        while left:
            try:
                async with asyncio.timeout(patience):
                    item = await done.get()
            except TimeoutError:
                raise EncodingInterrupted(**_what(run), reason=f"no cell came for {patience:.0f} s") from None
            if item is None:
                left -= 1
            elif isinstance(item, EncodedCell):
                yield item
                awaited -= item.index == run.first
                if run.urgency is Urgency.AWAITED and not awaited and item.index == run.first:
                    feeder.yield_more(Urgency.AHEAD)
                    encoder.yield_more(Urgency.AHEAD)
            else:
                raise await _failure(run, str(item), feeder, encoder) from item
        if await _ended(encoder) != 0:
            raise await _failure(run, "ffmpeg failed at its end", feeder, encoder)


def _budget(seconds: Fraction, run: Run) -> float:
    """Seconds that so many seconds of all rows of a run may take."""
    return START_SECONDS + SECONDS_PER_SECOND * float(seconds) * len(run.rows)


async def encode_once(
    command: Callable[[Sequence[int]], Sequence[str]], outputs: int, *, data: bytes | None, seconds: float
) -> tuple[list[bytes], str]:
    """Run ffmpeg without a source: all of each output, and what it said; ``data`` is its standard input.

    Raises ``TimeoutError`` after ``seconds``.
    """
    async with AsyncExitStack() as stack:
        pipes = [stack.enter_context(closing(Output())) for _ in range(outputs)]
        ends = [pipe.write_end for pipe in pipes]
        running = await stack.enter_async_context(
            child(
                "exec",
                {"command": list(command(ends))},
                memory=ENCODER_MEMORY,
                cpu_seconds=seconds * (os.cpu_count() or 1),
                descriptors=ends,
                stdin=asyncio.subprocess.DEVNULL if data is None else asyncio.subprocess.PIPE,
            )
        )
        streams = [await pipe.reader() for pipe in pipes]
        async with asyncio.timeout(seconds):
            writing = asyncio.create_task(running.write(data or b""))
            stack.push_async_callback(_cancel, [writing])
            made = await asyncio.gather(*(stream.read() for stream in streams))
            await running.wait()
        return made, running.said


async def _start(
    stack: AsyncExitStack,
    store: ObjectStore,
    run: Run,
    order: Order,
    command: Callable[[Sequence[int]], Sequence[str]],
    outputs: Sequence[Output],
    budget: float,
) -> tuple[Child, Child]:
    ends = [output.write_end for output in outputs]
    granted = await stack.enter_async_context(grant(store, run.source.parts))
    from_feeder, to_encoder = os.pipe()
    try:
        feeder = await stack.enter_async_context(
            child(
                "feed",
                {**order, "source": granted.source},
                memory=FEEDER_MEMORY,
                cpu_seconds=budget,
                nice=run.urgency,
                descriptors=granted.descriptors,
                stdout=to_encoder,
            )
        )
        encoder = await stack.enter_async_context(
            child(
                "exec",
                {"command": list(command(ends))},
                memory=ENCODER_MEMORY,
                cpu_seconds=budget * (os.cpu_count() or 1),
                nice=run.urgency,
                descriptors=ends,
                stdin=from_feeder,
            )
        )
    finally:
        os.close(from_feeder)
        os.close(to_encoder)
    return feeder, encoder


async def _read(stream: asyncio.StreamReader, cutter: Cutter, done: asyncio.Queue[Arrived]) -> None:
    since = time.monotonic()
    try:
        while data := await stream.read(READ_BYTES):
            for index, cell in cutter.feed(data):
                now = time.monotonic()
                took, since = round(1000 * (now - since)), now
                await done.put(EncodedCell(row=cutter.row, index=index, data=cell, encode_ms=took))
        cutter.close()
    except (VidsteadError, OSError) as error:
        await done.put(error)
    else:
        await done.put(None)


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _ended(process: Child) -> int:
    with suppress(TimeoutError):
        async with asyncio.timeout(EXIT_SECONDS):
            return await process.wait()
    return -1


async def _failure(run: Run, reason: str, feeder: Child, encoder: Child) -> VidsteadError:
    """Whose fault it is that a row came to nothing: the store's, the machine's, or the film's."""
    codes = (await _ended(encoder), await _ended(feeder))
    if LOST in feeder.said:
        return StorageUnavailable(reason=LOST)
    if -signal.SIGKILL in codes:
        return EncodingInterrupted(**_what(run), reason="a child was killed")
    said = " | ".join(text for text in (feeder.said, encoder.said) if text)
    return EncodingFailed(**_what(run), reason=f"{reason} ({said})" if said else reason)


def _what(run: Run) -> dict[str, Any]:
    rows = ", ".join(row.name for row in run.rows)
    return {"first": run.first, "last": run.first + run.count - 1, "rows": rows}
