"""All SQL of assets. Every query runs in a transaction with the environment set, but the one lookup that crosses."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from vidstead.assets.model import Asset, NewAsset, PlaybackId, Published
from vidstead.kit import Cursor

INSERT = text("""
    insert into assets (id, environment_id, status, fill, ingest_type, upload_id, source_url, source_asset_id,
                        passthrough, meta, options, test)
    values (:id, :environment_id, 'preparing', :fill, :ingest_type, :upload_id, :source_url, :source_asset_id,
            :passthrough, cast(:meta as jsonb), cast(:options as jsonb), :test)
    returning assets.*, '[]'::jsonb as playback
""")

# An asset with its playback ids, the oldest of them first.
SELECT = """
    select assets.*,
           (select coalesce(jsonb_agg(jsonb_build_object(
                       'id', playback_ids.id, 'policy', playback_ids.policy, 'created_at', playback_ids.created_at)
                   order by playback_ids.created_at, playback_ids.id), '[]')
            from playback_ids
            where playback_ids.environment_id = assets.environment_id and playback_ids.asset_id = assets.id
           ) as playback
    from assets
    where assets.environment_id = :environment_id and assets.deleted_at is null
"""
ONE = text(SELECT + " and assets.id = :asset_id")
LOCK = text("""
    select id from assets
    where environment_id = :environment_id and id = :asset_id and deleted_at is null for update
""")

# The newest first; after a cursor, or by page number.
LIST = text(
    SELECT
    + """
    and (cast(:upload_id as text) is null or assets.upload_id = :upload_id)
    and (cast(:after as timestamptz) is null or (assets.created_at, assets.id) < (:after, cast(:after_id as text)))
    order by assets.created_at desc, assets.id desc limit :limit offset :offset
    """
)

# Publishing happens once: an asset that is not preparing any more (or is deleted) stays as it is.
PUBLISH = text("""
    update assets
    set status = 'ready', duration = :duration, tracks = cast(:tracks as jsonb), resolution_tier = :resolution_tier,
        max_stored_frame_rate = :max_stored_frame_rate, aspect_ratio = :aspect_ratio
    where environment_id = :environment_id and id = :asset_id and status = 'preparing' and deleted_at is null
    returning id
""")

FAIL = text("""
    update assets set status = 'errored', error_type = :type, error_messages = :messages
    where environment_id = :environment_id and id = :asset_id and status <> 'errored' and deleted_at is null
    returning id
""")

PROGRESS = text("""
    update assets set progress = :progress, covered = :covered
    where environment_id = :environment_id and id = :asset_id and deleted_at is null and not covered
    returning id
""")

INSERT_PIECE = text("""
    insert into pieces (asset_id, position, environment_id, grid_id)
    values (:asset_id, :position, :environment_id, :grid_id)
""")

PIECES = text("""
    select grid_id from pieces
    where environment_id = :environment_id and asset_id = :asset_id order by position
""")

# An asset that is covered stays so.
OF_GRIDS = text("""
    select distinct pieces.asset_id
    from pieces join assets on assets.environment_id = pieces.environment_id and assets.id = pieces.asset_id
    where pieces.environment_id = :environment_id and pieces.grid_id = any(:grid_ids) and not assets.covered
    order by pieces.asset_id
""")

# A deleted asset keeps its row, for usage and the audit; everything else of it goes.
DELETE = text("""
    update assets set deleted_at = now()
    where environment_id = :environment_id and id = :asset_id and deleted_at is null
""")
DELETE_PIECES = text("delete from pieces where environment_id = :environment_id and asset_id = :asset_id")
DELETE_PLAYBACK_IDS = text("delete from playback_ids where environment_id = :environment_id and asset_id = :asset_id")

INSERT_PLAYBACK_ID = text("""
    insert into playback_ids (id, environment_id, asset_id, policy)
    values (:id, :environment_id, :asset_id, :policy) returning id, policy, created_at
""")

PLAYBACK_ID = text("""
    select id, policy, created_at, asset_id from playback_ids
    where environment_id = :environment_id and id = :playback_id
""")

DELETE_PLAYBACK_ID = text("""
    delete from playback_ids
    where environment_id = :environment_id and asset_id = :asset_id and id = :playback_id
""")

# The crossing: a viewer has nothing but the playback id.
PLAYBACK = text("select id, environment_id, asset_id, policy from playback_by_id(:playback_id)")


async def insert(
    connection: AsyncConnection,
    *,
    environment_id: str,
    asset_id: str,
    new: NewAsset,
    fill: str,
    ingest_type: str,
    upload_id: str | None,
    source_url: str | None,
    source_asset_id: str | None,
) -> Asset:
    """Create an asset that is preparing."""
    found = await connection.execute(
        INSERT,
        {
            "id": asset_id,
            "environment_id": environment_id,
            "fill": fill,
            "ingest_type": ingest_type,
            "upload_id": upload_id,
            "source_url": source_url,
            "source_asset_id": source_asset_id,
            "passthrough": new.passthrough,
            "meta": json.dumps(dict(new.meta)),
            "options": json.dumps(dict(new.options)),
            "test": new.test,
        },
    )
    return _asset(found.mappings().one())


def _asset(found: RowMapping) -> Asset:
    return Asset(
        id=found["id"],
        environment_id=found["environment_id"],
        status=found["status"],
        fill=found["fill"],
        ingest_type=found["ingest_type"],
        upload_id=found["upload_id"],
        source_url=found["source_url"],
        source_asset_id=found["source_asset_id"],
        passthrough=found["passthrough"],
        meta=found["meta"],
        options=found["options"],
        test=found["test"],
        duration=found["duration"],
        tracks=tuple(found["tracks"]),
        resolution_tier=found["resolution_tier"],
        max_stored_frame_rate=found["max_stored_frame_rate"],
        aspect_ratio=found["aspect_ratio"],
        progress=found["progress"],
        covered=found["covered"],
        error_type=found["error_type"],
        error_messages=tuple(found["error_messages"] or ()),
        playback_ids=tuple(_playback_id(playback) for playback in found["playback"]),
        created_at=found["created_at"],
    )


def _playback_id(found: Mapping[str, Any]) -> PlaybackId:
    created_at = found["created_at"]
    if isinstance(created_at, str):
        created_at = datetime.fromisoformat(created_at)
    return PlaybackId(id=found["id"], policy=found["policy"], created_at=created_at)


async def select(connection: AsyncConnection, environment_id: str, asset_id: str) -> Asset | None:
    """One asset that is not deleted."""
    scope = {"environment_id": environment_id, "asset_id": asset_id}
    found = (await connection.execute(ONE, scope)).mappings().first()
    return _asset(found) if found else None


async def lock(connection: AsyncConnection, environment_id: str, asset_id: str) -> bool:
    """Hold an asset until the transaction ends; ``False`` where there is none."""
    scope = {"environment_id": environment_id, "asset_id": asset_id}
    return (await connection.execute(LOCK, scope)).first() is not None


async def select_page(
    connection: AsyncConnection,
    environment_id: str,
    *,
    limit: int,
    offset: int,
    after: Cursor | None,
    upload_id: str | None,
) -> tuple[Asset, ...]:
    """Up to ``limit`` assets, the newest first, after a cursor or an offset."""
    found = await connection.execute(
        LIST,
        {
            "environment_id": environment_id,
            "upload_id": upload_id,
            "after": after.created_at if after else None,
            "after_id": after.id if after else None,
            "limit": limit,
            "offset": offset,
        },
    )
    return tuple(_asset(row) for row in found.mappings())


async def publish(connection: AsyncConnection, environment_id: str, asset_id: str, published: Published) -> bool:
    """Make a preparing asset ready; ``False`` if it is not preparing any more."""
    found = await connection.execute(
        PUBLISH,
        {
            "environment_id": environment_id,
            "asset_id": asset_id,
            "duration": published.duration,
            "tracks": json.dumps([dict(track) for track in published.tracks]),
            "resolution_tier": published.resolution_tier,
            "max_stored_frame_rate": published.max_stored_frame_rate,
            "aspect_ratio": published.aspect_ratio,
        },
    )
    return found.first() is not None


async def fail(
    connection: AsyncConnection, environment_id: str, asset_id: str, error_type: str, messages: list[str]
) -> bool:
    """Mark an asset errored; ``False`` if it is already, or is deleted."""
    found = await connection.execute(
        FAIL,
        {"environment_id": environment_id, "asset_id": asset_id, "type": error_type, "messages": messages},
    )
    return found.first() is not None


async def set_progress(
    connection: AsyncConnection, environment_id: str, asset_id: str, progress: float, covered: bool
) -> bool:
    """Note how much of an asset is stored, in percent; ``False`` if nothing was to be noted."""
    found = await connection.execute(
        PROGRESS,
        {"environment_id": environment_id, "asset_id": asset_id, "progress": progress, "covered": covered},
    )
    return found.first() is not None


async def insert_piece(
    connection: AsyncConnection, environment_id: str, asset_id: str, position: int, grid_id: str
) -> None:
    """Add a piece of a grid to an asset."""
    await connection.execute(
        INSERT_PIECE,
        {"environment_id": environment_id, "asset_id": asset_id, "position": position, "grid_id": grid_id},
    )


async def grid_ids(connection: AsyncConnection, environment_id: str, asset_id: str) -> tuple[str, ...]:
    """The grids of an asset's pieces, in their order."""
    scope = {"environment_id": environment_id, "asset_id": asset_id}
    return tuple(found.grid_id for found in await connection.execute(PIECES, scope))


async def filling(connection: AsyncConnection, environment_id: str, grid_ids: Sequence[str]) -> tuple[str, ...]:
    """The assets that have a piece of one of these grids, and lack cells as far as is known."""
    scope = {"environment_id": environment_id, "grid_ids": list(grid_ids)}
    return tuple(found.asset_id for found in await connection.execute(OF_GRIDS, scope))


async def delete(connection: AsyncConnection, environment_id: str, asset_id: str) -> None:
    """Delete an asset with its pieces and playback ids."""
    scope = {"environment_id": environment_id, "asset_id": asset_id}
    for query in (DELETE_PIECES, DELETE_PLAYBACK_IDS, DELETE):
        await connection.execute(query, scope)


async def insert_playback_id(
    connection: AsyncConnection, environment_id: str, asset_id: str, playback_id: str, policy: str
) -> PlaybackId:
    """Add a playback id to an asset."""
    found = await connection.execute(
        INSERT_PLAYBACK_ID,
        {"id": playback_id, "environment_id": environment_id, "asset_id": asset_id, "policy": policy},
    )
    return _playback_id(dict(found.mappings().one()))


async def select_playback_id(
    connection: AsyncConnection, environment_id: str, playback_id: str
) -> tuple[PlaybackId, str] | None:
    """A playback id and its asset's id."""
    scope = {"environment_id": environment_id, "playback_id": playback_id}
    found = (await connection.execute(PLAYBACK_ID, scope)).mappings().first()
    return (_playback_id(dict(found)), found["asset_id"]) if found else None


async def delete_playback_id(connection: AsyncConnection, environment_id: str, asset_id: str, playback_id: str) -> bool:
    """Remove a playback id; ``False`` where there is none."""
    scope = {"environment_id": environment_id, "asset_id": asset_id, "playback_id": playback_id}
    return (await connection.execute(DELETE_PLAYBACK_ID, scope)).rowcount == 1


async def find_playback(connection: AsyncConnection, playback_id: str) -> tuple[str, str, str] | None:
    """Environment, asset and policy of a playback id of any environment."""
    found = (await connection.execute(PLAYBACK, {"playback_id": playback_id})).first()
    return (found.environment_id, found.asset_id, found.policy) if found else None
