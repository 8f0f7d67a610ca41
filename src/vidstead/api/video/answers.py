"""The bodies of answers, for the API's description. What is sent is made by ``shapes``; a test holds them together."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Quality = Literal["basic", "plus", "premium"]

ASSET: dict[str, Any] = {
    "id": "3kTq0pX8aLw6ZrYb5nVd2sUe",
    "created_at": "1609868152",
    "status": "ready",
    "progress": {"state": "transcoding", "progress": 41.7},
    "duration": 23.84,
    "max_stored_resolution": "FHD",
    "resolution_tier": "1080p",
    "max_stored_frame_rate": 25.0,
    "aspect_ratio": "16:9",
    "playback_ids": [{"id": "Jw81mC4xTgQe7NfHk2yPzR0b", "policy": "public"}],
    "tracks": [
        {
            "type": "video",
            "id": "b6Vt9sQm3XcJ0yLr8KfHw2Pz",
            "duration": 23.84,
            "max_width": 1920,
            "max_height": 1080,
            "max_frame_rate": 25.0,
        },
        {
            "type": "audio",
            "id": "n4Gd7eRk1ZuAq5WbT9jXo3Ms",
            "duration": 23.82,
            "max_channels": 2,
            "max_channel_layout": "stereo",
            "primary": True,
        },
    ],
    "meta": {"title": "Our film"},
    "ingest_type": "on_demand_url",
    "test": False,
    "video_quality": "plus",
    "encoding_tier": "smart",
    "max_resolution_tier": "1080p",
    "mp4_support": "none",
    "master_access": "none",
    "normalize_audio": False,
}
UPLOAD: dict[str, Any] = {
    "id": "x2Lq8ZtRv0YwBn5KcP7mHs4D",
    "status": "waiting",
    "timeout": 3600,
    "url": "http://localhost:8080/uploads/x2Lq8ZtRv0YwBn5KcP7mHs4D/the-secret-of-this-address",
    "test": False,
    "cors_origin": "https://example.com",
    "new_asset_settings": {
        "playback_policies": ["public"],
        "playback_policy": ["public"],
        "meta": {"title": "Our film"},
    },
}


class PlaybackId(BaseModel):
    """An address under which an asset can be played: `/{id}.m3u8`."""

    id: str
    policy: Literal["public", "signed", "drm"]


class Owner(BaseModel):
    """What a playback id belongs to."""

    type: Literal["asset", "live_stream"]
    id: str


class PlaybackLookup(PlaybackId):
    """A playback id and what it belongs to."""

    object: Owner


class Progress(BaseModel):
    """How far an asset is."""

    state: Literal["ingesting", "transcoding", "completed", "live", "errored"]
    progress: float = Field(description="Stored cells in percent; -1 when errored.")


class Track(BaseModel):
    """One track of the source."""

    id: str
    type: Literal["video", "audio", "text"]
    duration: float | None = Field(default=None, description="Seconds.")
    max_width: int | None = None
    max_height: int | None = None
    max_frame_rate: float | None = None
    max_channels: int | None = None
    max_channel_layout: str | None = None
    primary: bool | None = None


class AssetErrors(BaseModel):
    """Why an asset is errored."""

    type: str
    messages: list[str]


class AssetMeta(BaseModel):
    """What the asset is, in the customer's words."""

    title: str | None = None
    creator_id: str | None = None
    external_id: str | None = None


class WantedRendition(BaseModel):
    """An MP4 file that was asked for."""

    resolution: str
    passthrough: str | None = None


class Asset(BaseModel):
    """What became of a file. Keys without a value are absent."""

    id: str
    created_at: str = Field(description="Unix seconds, as a string.", examples=["1609868152"])
    status: Literal["preparing", "ready", "errored"] = Field(
        description="`ready` as soon as it can be played, which is long before everything is encoded."
    )
    progress: Progress
    duration: float | None = Field(default=None, description="Seconds.")
    max_stored_resolution: str | None = Field(default=None, deprecated=True)
    resolution_tier: Literal["audio-only", "720p", "1080p", "1440p", "2160p"] | None = None
    max_stored_frame_rate: float | None = None
    aspect_ratio: str | None = Field(default=None, examples=["16:9"])
    playback_ids: list[PlaybackId] | None = None
    tracks: list[Track] | None = None
    errors: AssetErrors | None = None
    upload_id: str | None = None
    source_asset_id: str | None = Field(default=None, description="Of a clip: the asset that it was cut from.")
    passthrough: str | None = None
    meta: AssetMeta | None = None
    ingest_type: (
        Literal["on_demand_url", "on_demand_direct_upload", "on_demand_clip", "live_rtmp", "live_srt"] | None
    ) = None
    test: bool
    video_quality: Quality
    encoding_tier: Literal["baseline", "smart", "premium"] = Field(deprecated=True)
    max_resolution_tier: Literal["1080p", "1440p", "2160p"]
    mp4_support: str
    master_access: Literal["none", "temporary"]
    normalize_audio: bool


class NewAssetSettings(BaseModel):
    """How the asset of an upload will be."""

    playback_policies: list[str] | None = None
    playback_policy: list[str] | None = Field(default=None, deprecated=True)
    passthrough: str | None = None
    meta: AssetMeta | None = None
    video_quality: Quality | None = None
    encoding_tier: str | None = Field(default=None, deprecated=True)
    max_resolution_tier: str | None = None
    mp4_support: str | None = None
    static_renditions: list[WantedRendition] | None = None
    master_access: str | None = None
    normalize_audio: bool | None = None
    test: bool | None = None
    fill: Literal["eager", "lazy"] | None = None


class UploadError(BaseModel):
    """Why an upload failed."""

    type: str
    message: str


class Upload(BaseModel):
    """An address that takes one file, for a while."""

    id: str
    status: Literal["waiting", "asset_created", "errored", "cancelled", "timed_out"]
    timeout: int = Field(description="Seconds from creation until it takes no file any more.")
    url: str | None = Field(default=None, description="Where to PUT the file; absent once it takes none.")
    asset_id: str | None = None
    error: UploadError | None = None
    test: bool
    cors_origin: str | None
    new_asset_settings: NewAssetSettings


class AssetAnswer(BaseModel):
    """One asset."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"data": ASSET}]})

    data: Asset


class AssetsAnswer(BaseModel):
    """Some assets, the newest first."""

    data: list[Asset]
    next_cursor: str | None = Field(description="Send it as `cursor` to go on; null at the end.")


class UploadAnswer(BaseModel):
    """One upload."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"data": UPLOAD}]})

    data: Upload


class UploadsAnswer(BaseModel):
    """Some uploads, the newest first."""

    data: list[Upload]


class PlaybackIdAnswer(BaseModel):
    """One playback id."""

    data: PlaybackId


class PlaybackLookupAnswer(BaseModel):
    """One playback id and what it belongs to."""

    data: PlaybackLookup
