"""Direct uploads in the shape that Mux clients read."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from vidstead.assets import NewAsset
from vidstead.ingest import Upload
from vidstead.shapes import upload_shape

CREATED = datetime(2026, 1, 1, tzinfo=UTC)
WAITING = Upload(
    id="u1",
    environment_id="e1",
    status="waiting",
    secret="s3cret",
    url_base="http://localhost:8080",
    timeout=3600,
    cors_origin=None,
    new_asset=NewAsset(
        playback_policies=("public",),
        passthrough="ours",
        meta={"title": "Film"},
        options={"video_quality": "basic"},
    ),
    created_at=CREATED,
    expires_at=CREATED + timedelta(hours=1),
)


def test_a_waiting_upload_tells_its_address() -> None:
    assert upload_shape(WAITING) == {
        "id": "u1",
        "status": "waiting",
        "timeout": 3600,
        "url": "http://localhost:8080/uploads/u1/s3cret",
        "test": False,
        "cors_origin": None,
        "new_asset_settings": {
            "video_quality": "basic",
            "playback_policies": ["public"],
            "playback_policy": ["public"],
            "passthrough": "ours",
            "meta": {"title": "Film"},
        },
    }


def test_a_used_upload_tells_its_asset_and_no_address() -> None:
    shape = upload_shape(replace(WAITING, status="asset_created", asset_id="a1", cors_origin="*"))
    assert shape["asset_id"] == "a1"
    assert shape["cors_origin"] == "*"
    assert "s3cret" not in str(shape)


def test_a_failed_upload_says_why() -> None:
    shape = upload_shape(replace(WAITING, status="errored", error_type="storage_full", error_message="No space."))
    assert shape["error"] == {"type": "storage_full", "message": "No space."}


def test_no_settings_are_an_empty_object() -> None:
    assert upload_shape(replace(WAITING, new_asset=NewAsset()))["new_asset_settings"] == {}
