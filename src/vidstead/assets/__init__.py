"""Assets: what users uploaded, as pieces of grids; their states, playback ids and progress."""

from vidstead.assets.errors import (
    AssetError,
    AssetNotFound,
    ClipOutOfRange,
    ClipSourceNotFound,
    ClipSourceNotReady,
    NothingDecoded,
    PlaybackIdNotFound,
)
from vidstead.assets.model import (
    TRANSITIONS,
    Asset,
    AssetPage,
    Fill,
    NewAsset,
    Playback,
    PlaybackId,
    Policy,
    Published,
    Status,
)
from vidstead.assets.progress import Progress
from vidstead.assets.service import Assets

__all__ = [
    "TRANSITIONS",
    "Asset",
    "AssetError",
    "AssetNotFound",
    "AssetPage",
    "Assets",
    "ClipOutOfRange",
    "ClipSourceNotFound",
    "ClipSourceNotReady",
    "Fill",
    "NewAsset",
    "NothingDecoded",
    "Playback",
    "PlaybackId",
    "PlaybackIdNotFound",
    "Policy",
    "Progress",
    "Published",
    "Status",
]
