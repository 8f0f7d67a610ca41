"""The words that Mux clients know. A word outside these makes mux-python 5 raise ``ValueError``; null never does."""

from collections.abc import Collection, Mapping
from typing import Any

Shape = dict[str, Any]

RESOLUTION_TIERS = frozenset({"audio-only", "720p", "1080p", "1440p", "2160p"})
MAX_RESOLUTION_TIERS = frozenset({"1080p", "1440p", "2160p"})
MP4_SUPPORT = frozenset({"standard", "none", "capped-1080p", "audio-only", "audio-only,capped-1080p"})
MASTER_ACCESS = frozenset({"temporary", "none"})
INGEST_TYPES = frozenset({"on_demand_url", "on_demand_direct_upload", "on_demand_clip", "live_rtmp", "live_srt"})
TRACK_TYPES = frozenset({"video", "audio", "text"})
ENCODING_TIERS: Mapping[str, str] = {"basic": "baseline", "plus": "smart", "premium": "premium"}
"""The deprecated name of each video quality."""
VIDEO_QUALITIES: Mapping[str, str] = {tier: quality for quality, tier in ENCODING_TIERS.items()}

DEFAULT_QUALITY = "plus"


def known(value: Any, words: Collection[str], otherwise: str | None = None) -> str | None:
    """``value`` if clients know the word, else ``otherwise``."""
    return value if isinstance(value, str) and value in words else otherwise


def present(shape: Mapping[str, Any]) -> Shape:
    """``shape`` without what is null or an empty collection: clients expect such keys to be absent."""
    return {key: value for key, value in shape.items() if value is not None and value not in ([], {})}
