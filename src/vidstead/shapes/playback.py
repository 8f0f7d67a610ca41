"""Playback ids."""

from vidstead.assets import PlaybackId
from vidstead.shapes.vocabulary import Shape


def playback_id_shape(playback: PlaybackId) -> Shape:
    """A playback id: its id and its policy."""
    return {"id": playback.id, "policy": playback.policy}


def playback_lookup_shape(playback: PlaybackId, asset_id: str) -> Shape:
    """What a playback id belongs to."""
    return {**playback_id_shape(playback), "object": {"type": "asset", "id": asset_id}}
