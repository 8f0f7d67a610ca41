"""Checksums of sources, each by a child that yields to everything."""

import asyncio
from collections.abc import Sequence

from vidstead.encoding.adapters.grant import grant
from vidstead.encoding.adapters.process import GIGABYTE, child
from vidstead.encoding.ports import Urgency
from vidstead.grid import Part
from vidstead.storage import ObjectStore, StorageError

HEX_DIGITS = 64
START_SECONDS = 60.0
BYTES_PER_SECOND = 20_000_000
"""The least that is hashed in a second of processor time."""
PATIENCE_SECONDS = 6 * 3600.0


class ChildSummer:
    """Computes checksums over the parts of a source."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def sum(self, parts: Sequence[Part]) -> bytes | None:
        """See ``Summer``. Raises ``TimeoutError`` when a machine has no time to spare for hours."""
        seconds = START_SECONDS + sum(part.size for part in parts) / BYTES_PER_SECOND
        try:
            async with (
                asyncio.timeout(PATIENCE_SECONDS),
                grant(self._store, parts) as granted,
                child(
                    "sum",
                    {"source": granted.source},
                    memory=GIGABYTE,
                    cpu_seconds=seconds,
                    nice=Urgency.BULK,
                    descriptors=granted.descriptors,
                    stdout=asyncio.subprocess.PIPE,
                ) as running,
            ):
                said = b"" if running.process.stdout is None else await running.process.stdout.read(HEX_DIGITS + 1)
                ended_well = await running.wait() == 0
        except StorageError:
            return None
        return bytes.fromhex(said.decode()) if ended_well and len(said) == HEX_DIGITS else None
