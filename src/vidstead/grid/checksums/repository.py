"""The SQL of checksums."""

from pydantic import TypeAdapter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vidstead.grid.model import Part

PARTS: TypeAdapter[tuple[Part, ...]] = TypeAdapter(tuple[Part, ...])

UNSUMMED = text("""
    select parts from sources
    where environment_id = :environment_id and id = :source_id and sha256 is null
""")

KEEP = text("""
    update sources set sha256 = :sha256 where environment_id = :environment_id and id = :source_id
""")

SUM = text("select sha256 from sources where environment_id = :environment_id and id = :source_id")


async def unsummed(connection: AsyncConnection, environment_id: str, source_id: str) -> tuple[Part, ...] | None:
    """The parts of a source that has no checksum yet; ``None`` where there is no such source."""
    found = await connection.scalar(UNSUMMED, {"environment_id": environment_id, "source_id": source_id})
    return None if found is None else PARTS.validate_python(found)


async def keep(connection: AsyncConnection, environment_id: str, source_id: str, sha256: bytes) -> None:
    """Write down the checksum of a source."""
    await connection.execute(KEEP, {"environment_id": environment_id, "source_id": source_id, "sha256": sha256})


async def kept(connection: AsyncConnection, environment_id: str, source_id: str) -> bytes | None:
    """The checksum of a source, once it is known."""
    found: bytes | None = await connection.scalar(SUM, {"environment_id": environment_id, "source_id": source_id})
    return found
