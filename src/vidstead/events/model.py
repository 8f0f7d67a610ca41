"""An event: a frozen snapshot of something that happened."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Event:
    """One entry of the log."""

    id: int
    xid: int
    """The transaction that wrote it: cursors order by (xid, id)."""
    environment_id: str
    type: str
    """What happened, such as ``video.asset.ready`` or ``grid.cell_stored``."""
    subject_type: str
    subject_id: str
    data: Mapping[str, Any]
    created_at: datetime
