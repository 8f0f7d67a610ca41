"""The asset: what a user uploaded, and what became of it.

Its life is one table: ``preparing`` until the timeline is fixed, ``ready`` as soon as it can be played (not when it is
encoded: that is ``progress``), ``errored`` when it can't be. A deleted asset is gone for everybody at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Status = Literal["preparing", "ready", "errored"]
Policy = Literal["public", "signed", "drm"]
Fill = Literal["eager", "lazy"]

TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    "preparing": frozenset({"ready", "errored"}),
    "ready": frozenset({"errored"}),
    "errored": frozenset(),
}
"""Which states may follow which."""


@dataclass(frozen=True, kw_only=True)
class NewAsset:
    """What a client asks for when it creates an asset."""

    playback_policies: tuple[str, ...] = ()
    passthrough: str | None = None
    meta: Mapping[str, str] = field(default_factory=dict)
    test: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    """The rest of the request as it came: what this version does not act on is still told back truthfully."""
    fill: Fill | None = None
    """Whether cells are made at once or when they are watched; ``None``: as the installation is set."""


@dataclass(frozen=True, kw_only=True)
class PlaybackId:
    """An address under which an asset can be played."""

    id: str
    policy: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Asset:
    """An asset as it is now."""

    id: str
    environment_id: str
    status: Status
    fill: Fill
    ingest_type: str
    upload_id: str | None = None
    source_url: str | None = None
    source_asset_id: str | None = None
    """Of a clip: the asset that it was cut from, which may be gone by now."""
    passthrough: str | None = None
    meta: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    test: bool = False
    duration: float | None = None
    """Seconds."""
    tracks: tuple[Mapping[str, Any], ...] = ()
    resolution_tier: str | None = None
    max_stored_frame_rate: float | None = None
    aspect_ratio: str | None = None
    progress: float = 0.0
    """Stored cells of all, in percent."""
    covered: bool = False
    """Whether every cell is stored."""
    error_type: str | None = None
    error_messages: tuple[str, ...] = ()
    playback_ids: tuple[PlaybackId, ...] = ()
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Published:
    """What publishing learned about an asset."""

    duration: float
    """Seconds."""
    tracks: tuple[Mapping[str, Any], ...]
    resolution_tier: str
    max_stored_frame_rate: float | None
    aspect_ratio: str | None


@dataclass(frozen=True, kw_only=True)
class AssetPage:
    """Some assets, the newest first, and where the next ones begin."""

    assets: tuple[Asset, ...]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True)
class Playback:
    """What a playback id stands for: enough to serve it."""

    id: str
    environment_id: str
    asset_id: str
    policy: str
    status: Status
    grid_ids: tuple[str, ...]
    """The grids whose pieces the asset is, in their order; empty while it is preparing."""
