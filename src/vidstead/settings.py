"""The settings: typed, documented, one place. Every field is read from ``VIDSTEAD_<NAME>``.

``docs/settings.md`` is written from this file (``make docs``), and a test holds that the two agree.
Rooms never import this module: ``bootstrap`` hands them the values they need.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """How one installation of Vidstead runs. The defaults serve one machine with nothing installed."""

    model_config = SettingsConfigDict(env_prefix="VIDSTEAD_", frozen=True, extra="ignore")

    data_dir: Path = Field(Path("data"), description="Folder of everything that one machine keeps.")
    host: str = Field("127.0.0.1", description="Address on which the web process listens.")
    port: int = Field(8080, ge=1, le=65535, description="TCP port of the web process.")
    public_url: str | None = Field(
        None,
        description="Address under which viewers and clients reach the web process, without a slash at the"
        " end; by default the address of each request.",
    )
    database_url: SecretStr | None = Field(
        None,
        description="PostgreSQL (15 or newer) as postgresql://owner:password@host/name. Its user owns the"
        " schema and may create roles. By default an embedded server in the data folder.",
    )
    database_pool: int = Field(8, ge=2, le=100, description="Most database connections of one process.")
    storage_url: str | None = Field(
        None,
        description="Where objects live: s3://bucket/prefix, gs://bucket/prefix, az://container/prefix or"
        " file:///folder. By default the folder `objects` in the data folder.",
    )
    storage_endpoint: str | None = Field(None, description="Address of an S3-compatible server; else AWS.")
    storage_access_key: SecretStr | None = Field(None, description="Access key of the object store.")
    storage_secret_key: SecretStr | None = Field(None, description="Secret key of the object store.")
    storage_region: str = Field("us-east-1", description="Region of the object store.")
    ffmpeg: str | None = Field(None, description="Path of one's own ffmpeg; else that of imageio-ffmpeg.")
    encode_speed: float | None = Field(
        None,
        gt=0,
        description="How many seconds of 1080p at 30 pictures per second a worker encodes in a second. It decides which"
        " renditions are offered before they are stored. By default every worker measures it once.",
    )
    segment_seconds: float = Field(4.0, ge=1.0, le=15.0, description="Length of a segment in seconds.")
    segment_policy: Literal["fixed", "by_length"] = Field(
        "fixed",
        description="`fixed`: all segments are `VIDSTEAD_SEGMENT_SECONDS` long. `by_length`: 6 s in films below half an"
        " hour, 10 s up to two hours, 15 s in longer ones.",
    )
    fill: Literal["eager", "lazy"] = Field(
        "eager", description="Whether cells are encoded at once in the background, or only when watched."
    )
    hot_slots: int = Field(2, ge=1, le=64, description="Hot spans that one worker encodes at a time.")
    bulk_slots: int = Field(1, ge=0, le=64, description="Bulk spans that one worker encodes at a time.")
    look_ahead: int = Field(3, ge=0, le=16, description="Cells encoded after one that a viewer asked for.")
    cell_wait_seconds: float = Field(
        8.0,
        ge=1.0,
        le=9.0,
        description="How long a request waits for a missing cell before it gets 503, or"
        " for an asset that is being prepared before it gets 412.",
    )
    upload_limit_bytes: int = Field(64 * 2**30, ge=1, description="Largest accepted upload or pulled file, in bytes.")
    pull_private_addresses: bool = Field(
        False, description="Whether URL inputs may point to private, link-local or loopback addresses."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe level that is logged, as JSON lines on standard error."
    )
