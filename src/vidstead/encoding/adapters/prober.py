"""The prober: PyAV in a child."""

import asyncio
import json
from collections.abc import Sequence

from vidstead.encoding.adapters.grant import LOST, grant
from vidstead.encoding.adapters.process import GIGABYTE, Child, child
from vidstead.encoding.errors import REFUSALS, SourceCrashed
from vidstead.grid import Part
from vidstead.media import SOURCE_FACTS, SOURCE_INDEX, SourceFacts, SourceIndex
from vidstead.storage import ObjectStore, StorageUnavailable

PROBE_SECONDS = 300.0
"""How long one probe may take: a container without an index is read whole."""
PROBE_CPU_SECONDS = 120.0
MOST_ANSWER = 64 << 20
"""Bytes of the answer."""


class PyAvProber:
    """Probes sources of one store."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def probe(
        self, parts: Sequence[Part], *, begun: asyncio.Event | None = None
    ) -> tuple[SourceFacts, SourceIndex]:
        """See ``Prober``. Raises ``StorageUnavailable`` when it is the store that fails, not the source."""
        async with (
            grant(self._store, parts) as granted,
            child(
                "probe",
                {"source": granted.source},
                memory=2 * GIGABYTE,
                cpu_seconds=PROBE_CPU_SECONDS,
                descriptors=granted.descriptors,
                stdout=asyncio.subprocess.PIPE,
            ) as running,
        ):
            if begun is not None:
                begun.set()
            try:
                async with asyncio.timeout(PROBE_SECONDS):
                    answer = await _read(running)
                    code = await running.wait()
            except TimeoutError:
                raise SourceCrashed(reason=f"not done after {PROBE_SECONDS:.0f} s") from None
        return _understand(answer, code, running.said)


async def _read(running: Child) -> bytes:
    answer = bytearray()
    stream = running.process.stdout
    while stream is not None and len(answer) < MOST_ANSWER and (data := await stream.read(1 << 18)):
        answer += data
    return bytes(answer)


def _understand(answer: bytes, code: int, said: str) -> tuple[SourceFacts, SourceIndex]:
    if code != 0:
        if LOST in said:
            raise StorageUnavailable(reason=LOST)
        raise SourceCrashed(reason=said[-200:].replace("{", "(").replace("}", ")") or f"exit code {code}")
    found = json.loads(answer)
    if "error" in found:
        raise REFUSALS[found["error"]](**found["facts"])
    return SOURCE_FACTS.validate_python(found["facts"]), SOURCE_INDEX.validate_python(found["index"])
