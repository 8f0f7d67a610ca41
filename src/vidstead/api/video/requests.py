"""The bodies of requests. Fields that nobody knows are let pass, as Mux lets them pass.

Old names (``input``, ``playback_policy``) and short forms (one address or one policy instead of a list) are folded
into the new names before anything is checked.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from vidstead.api.fields import MUX_ASSET, OneOrMore, Origin, Passthrough, WebAddress, Words
from vidstead.assets import NewAsset
from vidstead.ingest import DEFAULT_TIMEOUT

Policy = Literal["public", "signed", "drm"]
OLD_NAMES = {"input": "inputs", "playback_policy": "playback_policies"}
# What is kept of a request although this version does not act on all of it: it is told back as it was asked.
KEPT_OPTIONS = (
    "video_quality",
    "encoding_tier",
    "max_resolution_tier",
    "mp4_support",
    "master_access",
    "normalize_audio",
    "static_renditions",
)
NO_DRM = "drm is not available yet: use public or signed"


class Body(BaseModel):
    """A JSON object of a request."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


class Meta(Body):
    """What the asset is, in the customer's words."""

    title: Annotated[Words, StringConstraints(max_length=512)] | None = None
    creator_id: Annotated[Words, StringConstraints(max_length=128)] | None = None
    external_id: Annotated[Words, StringConstraints(max_length=128)] | None = None


class PlaybackPolicy(Body):
    """A playback id to make."""

    policy: Policy = Field(
        description="`public`: whoever knows the id may watch. `signed`: nobody may until signed delivery is"
        " available.",
        examples=["public"],
    )

    @model_validator(mode="after")
    def _no_drm(self) -> Self:
        if self.policy == "drm":
            raise ValueError(NO_DRM)
        return self


class StaticRendition(Body):
    """An MP4 file to make."""

    resolution: Annotated[Words, StringConstraints(max_length=32)]
    passthrough: Passthrough | None = None


Seconds = Annotated[float, Field(ge=0, le=10**9)]


class Input(Body):
    """A file to fetch, or an asset to cut a clip from."""

    url: WebAddress = Field(
        description="An http or https address; of a clip `mux://assets/{asset id}`.",
        examples=["https://example.com/film.mp4"],
    )
    start_time: Seconds | None = Field(
        default=None, description="Of a clip: where it begins in the asset, in seconds; taken to the nearest frame."
    )
    end_time: Seconds | None = Field(default=None, description="Of a clip: where it ends in the asset, in seconds.")

    @model_validator(mode="after")
    def _times_of_a_clip(self) -> Self:
        if self.asset_id is None and (self.start_time, self.end_time) != (None, None):
            raise ValueError("start_time and end_time need an url such as mux://assets/{asset id}")
        if self.end_time is not None and self.end_time <= (self.start_time or 0):
            raise ValueError("end_time must be after start_time")
        return self

    @property
    def asset_id(self) -> str | None:
        """The asset to cut a clip from, if this is one."""
        found = MUX_ASSET.fullmatch(self.url)
        return found[1] if found else None


class AssetSettings(Body):
    """How a new asset shall be."""

    playback_policies: Annotated[list[Policy], OneOrMore, Field(max_length=10)] = Field(
        default=[],
        description="One playback id is made for each. None: the asset can't be played until it has one."
        " A single word may be sent instead of a list; the old name is `playback_policy`.",
        examples=[["public"]],
    )
    advanced_playback_policies: list[PlaybackPolicy] = Field(default=[], max_length=10)
    passthrough: Passthrough | None = Field(default=None, description="Told back as it is, and found in webhooks.")
    meta: Meta | None = None
    video_quality: Literal["basic", "plus", "premium"] | None = None
    encoding_tier: Literal["baseline", "smart", "premium"] | None = Field(default=None, deprecated=True)
    max_resolution_tier: Literal["1080p", "1440p", "2160p"] | None = None
    mp4_support: Literal["none", "standard", "capped-1080p", "audio-only", "audio-only,capped-1080p"] | None = None
    static_renditions: list[StaticRendition] | None = Field(default=None, max_length=20)
    master_access: Literal["none", "temporary"] | None = None
    normalize_audio: bool | None = None
    test: bool | None = None
    fill: Literal["eager", "lazy"] | None = Field(
        default=None, description="Ours: encode at once in the background, or only what is watched."
    )

    @model_validator(mode="before")
    @classmethod
    def _fold_old_names(cls, body: Any) -> Any:
        return _folded(body)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if "drm" in self.playback_policies:
            raise ValueError(NO_DRM)
        if self.static_renditions and self.mp4_support not in (None, "none"):
            raise ValueError("send either mp4_support or static_renditions, not both")
        return self

    def new_asset(self) -> NewAsset:
        """What is asked for, in the domain's words."""
        advanced = [entry.policy for entry in self.advanced_playback_policies]
        sent = self.model_dump(exclude_none=True, include=set(KEPT_OPTIONS))
        return NewAsset(
            playback_policies=tuple(dict.fromkeys([*self.playback_policies, *advanced])),
            passthrough=self.passthrough,
            meta=self.meta.model_dump(exclude_none=True) if self.meta else {},
            test=bool(self.test),
            options=sent,
            fill=self.fill,
        )


class CreateAsset(AssetSettings):
    """``POST /video/v1/assets``."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"inputs": [{"url": "https://example.com/film.mp4"}], "playback_policies": ["public"]},
                {
                    "inputs": [{"url": "mux://assets/3kTq0pX8aLw6ZrYb5nVd2sUe", "start_time": 3.5, "end_time": 12}],
                    "playback_policies": ["public"],
                },
            ]
        }
    )

    inputs: list[Input] = Field(
        min_length=1,
        max_length=1,
        description="The file, by its address, or an asset to cut a clip from. A bare address may be sent instead of a"
        " list; the old name is `input`.",
    )


class CreateUpload(Body):
    """``POST /video/v1/uploads``."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "cors_origin": "https://example.com",
                    "new_asset_settings": {"playback_policies": ["public"], "meta": {"title": "Our film"}},
                }
            ]
        }
    )

    cors_origin: Origin | None = Field(default=None, description="The origin of the page that sends the file, or `*`.")
    new_asset_settings: AssetSettings | None = None
    timeout: int = Field(
        default=DEFAULT_TIMEOUT, ge=60, le=604_800, description="Seconds until the address takes no file any more."
    )
    test: bool | None = None


def _folded(body: Any) -> Any:
    if not isinstance(body, dict):
        return body
    folded = {key: value for key, value in body.items() if key not in OLD_NAMES}
    for old, new in OLD_NAMES.items():
        if folded.get(new) is None and body.get(old) is not None:
            folded[new] = body[old]
    if isinstance(inputs := folded.get("inputs"), str):
        folded["inputs"] = [{"url": inputs}]
    elif isinstance(inputs, list):
        folded["inputs"] = [{"url": item} if isinstance(item, str) else item for item in inputs]
    return {key: value for key, value in folded.items() if value is not None}
