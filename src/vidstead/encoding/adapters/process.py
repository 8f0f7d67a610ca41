"""Children: started with limits, always ended, always reaped.

A child is its own process group in the worker's session (never ``setsid``: autogrouping would undo ``nice``), has an
empty environment, no terminal, no files but those it is given, and dies with its parent. The last bytes of what it
says on standard error are kept for the error message.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Literal

CHILDREN = str(Path(__file__).parent)
BOOT = "import sys; sys.path.insert(0, sys.argv[1]); from children.launch import main; main()"
TAIL = 4000
"""Bytes of standard error that are kept."""
GIGABYTE = 1 << 30


class Child:
    """A running child and the end of what it said on standard error."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self._said = bytearray()
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        stream = self.process.stderr
        while stream is not None and (data := await stream.read(4096)):
            self._said += data
            del self._said[:-TAIL]

    @property
    def said(self) -> str:
        """The end of its standard error, in one line."""
        return " | ".join(self._said.decode("utf-8", "replace").split("\n")).strip(" |")

    async def write(self, data: bytes) -> None:
        """Give it ``data`` on its standard input, as far as it wants it, and close that."""
        stdin = self.process.stdin
        if stdin is None:
            return
        with suppress(ConnectionError):
            stdin.write(data)
            await stdin.drain()
        stdin.close()

    async def wait(self) -> int:
        """Its exit code, once it has ended and said everything."""
        code = await self.process.wait()
        await self._listening
        return code

    def yield_more(self, nice: int) -> None:
        """Raise its niceness to ``nice``, with all of its threads; it can't be lowered again."""
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PGRP, self.process.pid, nice)

    async def end(self) -> None:
        """Kill it, with everything it may have started, and reap it; harmless when it has ended."""
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()
        self._listening.cancel()
        with suppress(asyncio.CancelledError):
            await self._listening


@asynccontextmanager
async def child(
    mode: Literal["probe", "feed", "sum", "exec"],
    order: dict[str, Any],
    *,
    memory: int,
    cpu_seconds: float,
    nice: int = 0,
    descriptors: Sequence[int] = (),
    stdin: int = asyncio.subprocess.DEVNULL,
    stdout: int = asyncio.subprocess.DEVNULL,
) -> AsyncIterator[Child]:
    """Run ``mode`` with ``order`` (see ``children.launch``) until the block is left.

    ``memory`` is the most address space in bytes, ``cpu_seconds`` the most processor time over all threads, ``nice``
    how far it yields to others (0 to 19).
    """
    limits = {"memory": memory, "cpu_seconds": int(cpu_seconds) + 1, "nice": nice}
    python = [sys.executable, "-I", *(["-S"] if mode == "exec" else []), "-c", BOOT, CHILDREN]
    process = await asyncio.create_subprocess_exec(
        *(*python, mode, str(os.getpid()), json.dumps({**order, "limits": limits})),
        stdin=stdin,
        stdout=stdout,
        stderr=asyncio.subprocess.PIPE,
        pass_fds=tuple(descriptors),
        process_group=0,
        env={"LC_ALL": "C.UTF-8", "PATH": os.defpath},
        cwd="/",
    )
    running = Child(process)
    try:
        yield running
    finally:
        await asyncio.shield(running.end())
