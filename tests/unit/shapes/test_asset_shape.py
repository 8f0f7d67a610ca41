"""Assets in the shape that Mux clients read: exact keys, words that mux-python knows, nothing empty."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mux_python import ApiClient, Configuration

from vidstead.assets import Asset, PlaybackId
from vidstead.shapes import asset_shape, playback_id_shape, playback_lookup_shape

CREATED = datetime(2021, 1, 5, 17, 35, 52, 700_000, tzinfo=UTC)
PREPARING = Asset(
    id="a1",
    environment_id="e1",
    status="preparing",
    fill="eager",
    ingest_type="on_demand_url",
    source_url="https://example.com/secret?token=1",
    created_at=CREATED,
)
VIDEO = {
    "type": "video",
    "id": "t1",
    "duration": 10.0,
    "max_width": 1280,
    "max_height": 720,
    "max_frame_rate": 25.0,
}
AUDIO = {"type": "audio", "id": "t2", "duration": 10.0, "max_channels": 2, "max_channel_layout": None, "primary": True}
READY = replace(
    PREPARING,
    status="ready",
    duration=10.0,
    tracks=(VIDEO, AUDIO),
    resolution_tier="720p",
    max_stored_frame_rate=25.0,
    aspect_ratio="16:9",
    progress=40.0,
    playback_ids=(PlaybackId(id="p1", policy="public", created_at=CREATED),),
)


def read_by_mux_python(shape: Mapping[str, Any]) -> Any:
    """The object that mux-python makes of an answer; raises where it would raise for a customer."""
    client = ApiClient(Configuration())
    return client._ApiClient__deserialize(shape, "Asset")


def test_a_new_asset_has_no_empty_keys() -> None:
    assert asset_shape(PREPARING) == {
        "id": "a1",
        "created_at": "1609868152",
        "status": "preparing",
        "progress": {"state": "ingesting", "progress": 0.0},
        "ingest_type": "on_demand_url",
        "test": False,
        "video_quality": "plus",
        "encoding_tier": "smart",
        "max_resolution_tier": "1080p",
        "mp4_support": "none",
        "master_access": "none",
        "normalize_audio": False,
    }


def test_a_playable_asset_tells_its_tracks_and_goes_on_encoding() -> None:
    shape = asset_shape(READY)
    assert shape["progress"] == {"state": "transcoding", "progress": 40.0}
    assert shape["playback_ids"] == [{"id": "p1", "policy": "public"}]
    assert shape["tracks"][0] == VIDEO
    assert "max_channel_layout" not in shape["tracks"][1]
    assert shape["max_stored_resolution"] == "HD"
    assert (shape["resolution_tier"], shape["aspect_ratio"], shape["duration"]) == ("720p", "16:9", 10.0)


@pytest.mark.parametrize(
    ("asset", "progress"),
    [
        (replace(READY, covered=True, progress=100.0), {"state": "completed", "progress": 100.0}),
        (replace(READY, progress=99.999), {"state": "transcoding", "progress": 99.99}),
        (replace(READY, fill="lazy", progress=3.0), {"state": "completed", "progress": 3.0}),
        (replace(PREPARING, status="errored"), {"state": "errored", "progress": -1.0}),
    ],
)
def test_progress(asset: Asset, progress: Mapping[str, Any]) -> None:
    assert asset_shape(asset)["progress"] == progress


def test_an_errored_asset_says_why() -> None:
    errored = replace(PREPARING, status="errored", error_type="unreadable", error_messages=("No video.",))
    assert asset_shape(errored)["errors"] == {"type": "unreadable", "messages": ["No video."]}


@pytest.mark.parametrize(
    ("width", "height", "name"),
    [(640, 360, "SD"), (720, 1280, "HD"), (1920, 1080, "FHD"), (2560, 1440, "UHD"), (1280, 718, "SD")],
)
def test_the_deprecated_name_of_the_stored_resolution(width: int, height: int, name: str) -> None:
    asset = replace(READY, tracks=({**VIDEO, "max_width": width, "max_height": height},))
    assert asset_shape(asset)["max_stored_resolution"] == name


def test_sound_alone() -> None:
    asset = replace(READY, tracks=(AUDIO,), resolution_tier="audio-only", aspect_ratio=None, max_stored_frame_rate=None)
    shape = asset_shape(asset)
    assert shape["max_stored_resolution"] == "Audio only"
    assert "aspect_ratio" not in shape


@pytest.mark.parametrize(
    ("options", "quality", "tier"),
    [
        ({"video_quality": "basic"}, "basic", "baseline"),
        ({"encoding_tier": "baseline"}, "basic", "baseline"),
        ({"encoding_tier": "smart", "video_quality": "premium"}, "premium", "premium"),
        ({"video_quality": "unheard-of"}, "plus", "smart"),
    ],
)
def test_quality_has_a_new_and_an_old_name(options: Mapping[str, Any], quality: str, tier: str) -> None:
    shape = asset_shape(replace(READY, options=options))
    assert (shape["video_quality"], shape["encoding_tier"]) == (quality, tier)


def test_the_address_of_the_source_is_not_told() -> None:
    assert "token=1" not in str(asset_shape(READY))


WORDS = st.none() | st.text(max_size=12) | st.sampled_from(["480p", "720p", "live_whip", "audio-only", "temporary"])


@given(
    tier=WORDS,
    ingest_type=st.text(max_size=8),
    percent=st.floats(-10, 200),
    options=st.dictionaries(
        st.sampled_from(["video_quality", "encoding_tier", "max_resolution_tier", "mp4_support", "master_access"]),
        WORDS,
    ),
)
def test_mux_python_can_read_whatever_is_stored(
    tier: str | None, ingest_type: str, percent: float, options: Mapping[str, Any]
) -> None:
    asset = replace(READY, resolution_tier=tier, ingest_type=ingest_type, progress=percent, options=options)
    assert read_by_mux_python(asset_shape(asset)).id == "a1"


def test_mux_python_sees_none_where_there_is_nothing() -> None:
    seen = read_by_mux_python(asset_shape(PREPARING))
    assert (seen.playback_ids, seen.tracks, seen.errors, seen.duration) == (None, None, None, None)
    assert seen.created_at == "1609868152"


def test_playback_ids() -> None:
    playback = PlaybackId(id="p1", policy="signed", created_at=CREATED)
    assert playback_id_shape(playback) == {"id": "p1", "policy": "signed"}
    assert playback_lookup_shape(playback, "a1") == {
        "id": "p1",
        "policy": "signed",
        "object": {"type": "asset", "id": "a1"},
    }
