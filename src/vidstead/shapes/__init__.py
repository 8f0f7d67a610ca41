"""Domain snapshots as the JSON of the Mux API. Pure: no clock, no database, no addresses of its own."""

from vidstead.shapes.asset import asset_shape
from vidstead.shapes.playback import playback_id_shape, playback_lookup_shape
from vidstead.shapes.system import whoami_shape
from vidstead.shapes.upload import upload_shape

__all__ = ["asset_shape", "playback_id_shape", "playback_lookup_shape", "upload_shape", "whoami_shape"]
