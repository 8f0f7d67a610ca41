"""A direct upload: an address that takes one file, for a while, and turns it into an asset."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from vidstead.assets import NewAsset

UploadStatus = Literal["waiting", "asset_created", "errored", "cancelled", "timed_out"]

TRANSITIONS: Mapping[UploadStatus, frozenset[UploadStatus]] = {
    "waiting": frozenset({"asset_created", "errored", "cancelled", "timed_out"}),
    "asset_created": frozenset(),
    "errored": frozenset(),
    "cancelled": frozenset(),
    "timed_out": frozenset(),
}
"""Which states may follow which."""

DEFAULT_TIMEOUT = 3600
"""Seconds that an upload waits for its file, where the client does not say."""


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A direct upload as it is now."""

    id: str
    environment_id: str
    status: UploadStatus
    secret: str
    """The unguessable part of its address: the only credential that sending the file needs."""
    url_base: str
    """Address of the server as the client sees it, without a slash at the end."""
    timeout: int
    """Seconds from creation until it takes no bytes any more."""
    cors_origin: str | None
    new_asset: NewAsset
    asset_id: str | None = None
    error_type: str | None = None
    error_message: str | None = None
    test: bool = False
    created_at: datetime
    expires_at: datetime

    @property
    def url(self) -> str | None:
        """Where to PUT the file; ``None`` when it takes no bytes any more."""
        return f"{self.url_base}/uploads/{self.id}/{self.secret}" if self.status == "waiting" else None


@dataclass(frozen=True, kw_only=True)
class UploadPage:
    """Some uploads, the newest first."""

    uploads: tuple[Upload, ...]
