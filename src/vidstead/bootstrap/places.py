"""Where things are: the settings, the database, the object store, ffmpeg. Nothing is connected here."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vidstead.db import RoleUrls
from vidstead.db.adapters.embedded import EmbeddedPostgres
from vidstead.settings import Settings

if TYPE_CHECKING:
    from vidstead.storage import ObjectStore


def load_settings() -> Settings:
    """The settings of this process, from the environment. Raises pydantic's ``ValidationError``."""
    return Settings()


def embedded_postgres(settings: Settings) -> EmbeddedPostgres:
    """The embedded database of a data folder; not started."""
    return EmbeddedPostgres(settings.data_dir / "postgres")


def database_urls(settings: Settings) -> RoleUrls:
    """The addresses of the database: the one that is set, else the embedded one."""
    if settings.database_url is not None:
        return RoleUrls.derive(settings.database_url.get_secret_value())
    return RoleUrls.derive(embedded_postgres(settings).url)


def migrate(urls: RoleUrls) -> None:
    """Bring roles, schemas and tables up to this version; harmless when several processes do it at once."""
    from vidstead.db.migrate import migrate as upgrade

    upgrade(urls.owner)


def schema_versions(urls: RoleUrls) -> tuple[str | None, str]:
    """The version of the tables that are there (``None``: none are), and the version that this program wants."""
    from vidstead.db.migrate import current, latest

    return current(urls.owner), latest()


def open_store(settings: Settings) -> "ObjectStore":
    """The object store that is set, else plain files in the data folder."""
    from vidstead.storage.adapters.local import LocalStore

    address = settings.storage_url
    if address is None:
        return LocalStore(settings.data_dir / "objects")
    parts = urlsplit(address)
    if parts.scheme == "file":
        return LocalStore(Path(parts.path))
    from vidstead.storage.adapters.obstore import CloudStore

    return CloudStore.from_url(
        address,
        endpoint=settings.storage_endpoint,
        access_key=settings.storage_access_key.get_secret_value() if settings.storage_access_key else None,
        secret_key=settings.storage_secret_key.get_secret_value() if settings.storage_secret_key else None,
        region=settings.storage_region,
    )


def ffmpeg_path(settings: Settings) -> str:
    """The ffmpeg that encodes: one's own where it is set, else that of the package ``imageio-ffmpeg``."""
    if settings.ffmpeg is not None:
        return shutil.which(settings.ffmpeg) or settings.ffmpeg
    from imageio_ffmpeg import get_ffmpeg_exe

    return str(get_ffmpeg_exe())
