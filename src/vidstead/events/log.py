"""Writing to the log."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from vidstead.events import repository

CHANNEL = "events"
"""Where the database tells that something was written."""


async def append(
    connection: AsyncConnection,
    *,
    environment_id: str,
    type: str,  # noqa: A002
    subject_type: str,
    subject_id: str,
    data: Mapping[str, Any],
) -> None:
    """Write what happened, in the transaction of the change, and wake the followers when it commits.

    ``type`` such as ``video.asset.ready``; ``data``: a JSON snapshot of the subject that later changes don't touch.
    """
    await repository.append(
        connection,
        environment_id=environment_id,
        type=type,
        subject_type=subject_type,
        subject_id=subject_id,
        data=data,
    )
