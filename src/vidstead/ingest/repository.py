"""All SQL of uploads. Every query runs in a transaction with the environment set, but those that are said to cross."""

from pydantic import TypeAdapter
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from vidstead.assets import NewAsset
from vidstead.ingest.model import Upload

NEW_ASSET: TypeAdapter[NewAsset] = TypeAdapter(NewAsset)

INSERT = text("""
    insert into uploads (id, environment_id, secret, status, url_base, timeout, cors_origin, new_asset_settings,
                         test, created_at, expires_at)
    values (:id, :environment_id, :secret, 'waiting', :url_base, :timeout, :cors_origin,
            cast(:new_asset as jsonb), :test, :created_at, :expires_at)
""")

ONE = text("select * from uploads where environment_id = :environment_id and id = :upload_id")

LIST = text("""
    select * from uploads where environment_id = :environment_id
    order by created_at desc, id desc limit :limit offset :offset
""")

# An upload leaves `waiting` once: whoever comes second changes nothing.
SETTLE = text("""
    update uploads set status = :status, asset_id = :asset_id, error_type = :error_type, error_message = :error_message
    where environment_id = :environment_id and id = :upload_id and status = 'waiting'
    returning id
""")

# Crossings: the address is the credential; the clock belongs to nobody.
BY_ADDRESS = text("select * from upload_by_id(:upload_id)")
OVERDUE = text("select * from uploads_overdue(:most)")


def _upload(found: RowMapping) -> Upload:
    return Upload(
        id=found["id"],
        environment_id=found["environment_id"],
        status=found["status"],
        secret=found["secret"],
        url_base=found["url_base"],
        timeout=found["timeout"],
        cors_origin=found["cors_origin"],
        new_asset=NEW_ASSET.validate_python(found["new_asset_settings"]),
        asset_id=found["asset_id"],
        error_type=found["error_type"],
        error_message=found["error_message"],
        test=found["test"],
        created_at=found["created_at"],
        expires_at=found["expires_at"],
    )


async def insert(connection: AsyncConnection, upload: Upload) -> None:
    """Create an upload that waits."""
    await connection.execute(
        INSERT,
        {
            "id": upload.id,
            "environment_id": upload.environment_id,
            "secret": upload.secret,
            "url_base": upload.url_base,
            "timeout": upload.timeout,
            "cors_origin": upload.cors_origin,
            "new_asset": NEW_ASSET.dump_json(upload.new_asset).decode(),
            "test": upload.test,
            "created_at": upload.created_at,
            "expires_at": upload.expires_at,
        },
    )


async def select(connection: AsyncConnection, environment_id: str, upload_id: str) -> Upload | None:
    """One upload."""
    scope = {"environment_id": environment_id, "upload_id": upload_id}
    found = (await connection.execute(ONE, scope)).mappings().first()
    return _upload(found) if found else None


async def select_page(
    connection: AsyncConnection, environment_id: str, *, limit: int, offset: int
) -> tuple[Upload, ...]:
    """Up to ``limit`` uploads, the newest first."""
    scope = {"environment_id": environment_id, "limit": limit, "offset": offset}
    return tuple(_upload(found) for found in (await connection.execute(LIST, scope)).mappings())


async def settle(
    connection: AsyncConnection,
    environment_id: str,
    upload_id: str,
    status: str,
    *,
    asset_id: str | None = None,
    error_type: str | None = None,
    error_message: str | None = None,
) -> bool:
    """End an upload's waiting; ``False`` if it waits no more."""
    found = await connection.execute(
        SETTLE,
        {
            "environment_id": environment_id,
            "upload_id": upload_id,
            "status": status,
            "asset_id": asset_id,
            "error_type": error_type,
            "error_message": error_message,
        },
    )
    return found.first() is not None


async def find(connection: AsyncConnection, upload_id: str) -> Upload | None:
    """An upload of any environment, for whoever has its address."""
    found = (await connection.execute(BY_ADDRESS, {"upload_id": upload_id})).mappings().first()
    return _upload(found) if found else None


async def overdue(connection: AsyncConnection, most: int) -> tuple[Upload, ...]:
    """Uploads of any environment whose time is over."""
    return tuple(_upload(found) for found in (await connection.execute(OVERDUE, {"most": most})).mappings())
