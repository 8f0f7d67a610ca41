"""Direct uploads."""

from vidstead.assets import NewAsset
from vidstead.ingest import Upload
from vidstead.shapes.vocabulary import Shape, present


def upload_shape(upload: Upload) -> Shape:
    """A direct upload. ``url`` is there only while it takes a file; ``cors_origin`` always, null where none was set."""
    return {
        **present(
            {
                "id": upload.id,
                "status": upload.status,
                "timeout": upload.timeout,
                "url": upload.url,
                "asset_id": upload.asset_id,
                "error": error_shape(upload),
                "test": upload.test,
            }
        ),
        "cors_origin": upload.cors_origin,
        "new_asset_settings": settings_shape(upload.new_asset),
    }


def settings_shape(new: NewAsset) -> Shape:
    """The settings of the asset to come, as they were asked for; the policies under their new and old name."""
    policies = list(new.playback_policies)
    return present(
        {
            **new.options,
            "playback_policies": policies,
            "playback_policy": policies,
            "passthrough": new.passthrough,
            "meta": dict(new.meta),
            "test": new.test or None,
            "fill": new.fill,
        }
    )


def error_shape(upload: Upload) -> Shape | None:
    """What went wrong with an errored upload."""
    if upload.error_type is None:
        return None
    return {"type": upload.error_type, "message": upload.error_message or upload.error_type}
