"""Direct uploads: their life, and the way of their bytes into the store.

A file is streamed to an object of its own and becomes an asset in one short transaction, once; whoever comes second
(another PUT, a cancellation, the timeout) finds the upload settled, and what it brought is removed.
"""

import asyncio
import hmac
from collections.abc import AsyncIterator
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from vidstead import events
from vidstead.assets import Asset, Assets, NewAsset
from vidstead.db import Database
from vidstead.grid import Part, part_key, source_prefix
from vidstead.ingest import repository
from vidstead.ingest.errors import UploadNotFound, UploadOver, UploadTooLarge, UploadUsed
from vidstead.ingest.model import DEFAULT_TIMEOUT, Upload, UploadPage
from vidstead.ingest.publishing import defer_publish
from vidstead.jobs import Jobs
from vidstead.kit import new_id, new_secret, now, offset_of
from vidstead.storage import ObjectStore, StoredObject

BATCH_BYTES = 1 << 20
"""Bytes that are gathered before they go to the store: fewer cost processor time, more cost memory."""


class Uploads:
    """The direct uploads of every environment."""

    def __init__(self, database: Database, jobs: Jobs, store: ObjectStore, assets: Assets, *, limit_bytes: int) -> None:
        """``limit_bytes``: the largest file that is taken."""
        self._database = database
        self._jobs = jobs
        self._store = store
        self._assets = assets
        self.limit_bytes = limit_bytes

    async def create(
        self,
        connection: AsyncConnection,
        environment_id: str,
        *,
        url_base: str,
        new_asset: NewAsset,
        timeout: int = DEFAULT_TIMEOUT,  # noqa: ASYNC109  the Mux API's word for how long the address waits
        cors_origin: str | None = None,
        test: bool = False,
    ) -> Upload:
        """A new address that waits ``timeout`` seconds (60-604800) for a file."""
        created_at = now()
        upload = Upload(
            id=new_id(),
            environment_id=environment_id,
            status="waiting",
            secret=new_secret(),
            url_base=url_base.rstrip("/"),
            timeout=timeout,
            cors_origin=cors_origin,
            new_asset=new_asset,
            test=test,
            created_at=created_at,
            expires_at=created_at + timedelta(seconds=timeout),
        )
        await repository.insert(connection, upload)
        await self._happened(connection, upload, "created")
        return upload

    async def get(self, connection: AsyncConnection, environment_id: str, upload_id: str) -> Upload:
        """One upload. Raises ``UploadNotFound``."""
        upload = await repository.select(connection, environment_id, upload_id)
        if upload is None:
            raise UploadNotFound(upload_id=upload_id)
        return upload

    async def list(
        self, connection: AsyncConnection, environment_id: str, *, limit: int = 25, page: int = 1
    ) -> UploadPage:
        """The uploads of a page (from 1) of ``limit`` (1-100), the newest first."""
        found = await repository.select_page(
            connection, environment_id, limit=limit, offset=offset_of(limit=limit, page=page)
        )
        return UploadPage(uploads=found)

    async def cancel(self, connection: AsyncConnection, environment_id: str, upload_id: str) -> Upload:
        """End an upload that waits. Raises ``UploadNotFound``, and ``UploadUsed`` if it waits no more."""
        upload = await self.get(connection, environment_id, upload_id)
        if not await repository.settle(connection, environment_id, upload_id, "cancelled"):
            raise UploadUsed(upload_id=upload_id, state=upload.status)
        await self._happened(connection, upload, "cancelled")
        return await self.get(connection, environment_id, upload_id)

    async def open(self, upload_id: str, secret: str) -> Upload:
        """The upload at an address. Raises ``UploadNotFound`` where id or secret is wrong."""
        async with self._database.crossing() as connection:
            upload = await repository.find(connection, upload_id)
        if upload is None or not hmac.compare_digest(upload.secret.encode(), secret.encode()):
            raise UploadNotFound(upload_id=upload_id)
        return upload

    async def receive(self, upload: Upload, body: AsyncIterator[bytes], declared: int | None) -> Asset:
        """Take the whole file, and make an asset of it.

        ``declared`` is its length in bytes, where the client says. Raises ``UploadOver`` when the upload does not
        wait (any more), ``UploadTooLarge``, and whatever ``body`` raises when the client goes away. Nothing is kept
        then.
        """
        if upload.status != "waiting" or upload.expires_at <= now():
            raise UploadOver(upload_id=upload.id, state=upload.status if upload.status != "waiting" else "timed_out")
        if declared is not None and declared > self.limit_bytes:
            raise UploadTooLarge(limit=self.limit_bytes)
        source_id = new_id()
        stored = await self._store_body(part_key(upload.environment_id, source_id, 0), body)
        try:
            return await self._complete(upload, source_id, Part(key=stored.key, size=stored.size))
        except UploadOver:
            prefix = source_prefix(upload.environment_id, source_id)
            await asyncio.to_thread(self._store.delete_prefix, prefix)
            raise

    async def _store_body(self, key: str, body: AsyncIterator[bytes]) -> StoredObject:
        writer = await asyncio.to_thread(self._store.writer, key)
        try:
            async for batch in batches(body, BATCH_BYTES):
                await asyncio.to_thread(writer.write, batch)
                if writer.size > self.limit_bytes:
                    raise UploadTooLarge(limit=self.limit_bytes)
            return await asyncio.to_thread(writer.commit)
        except BaseException:
            await asyncio.shield(asyncio.to_thread(writer.abort))
            raise

    async def _complete(self, upload: Upload, source_id: str, part: Part) -> Asset:
        environment_id = upload.environment_id
        async with self._database.begin(environment_id) as connection:
            asset = await self._assets.create(
                connection, environment_id, upload.new_asset, ingest_type="on_demand_direct_upload", upload_id=upload.id
            )
            if not await repository.settle(connection, environment_id, upload.id, "asset_created", asset_id=asset.id):
                current = await self.get(connection, environment_id, upload.id)
                raise UploadOver(upload_id=upload.id, state=current.status)
            await self._happened(connection, upload, "asset_created", asset_id=asset.id)
            await defer_publish(connection, self._jobs, asset, source_id, (part,))
        return asset

    async def time_out(self) -> None:
        """End the uploads whose time is over, of every environment."""
        async with self._database.crossing() as connection:
            overdue = await repository.overdue(connection, 100)
        for upload in overdue:
            async with self._database.begin(upload.environment_id) as connection:
                if await repository.settle(connection, upload.environment_id, upload.id, "timed_out"):
                    await self._happened(connection, upload, "errored", reason="timed_out")

    async def _happened(self, connection: AsyncConnection, upload: Upload, what: str, **facts: str) -> None:
        await events.append(
            connection,
            environment_id=upload.environment_id,
            type=f"video.upload.{what}",
            subject_type="upload",
            subject_id=upload.id,
            data=facts,
        )


async def batches(body: AsyncIterator[bytes], size: int) -> AsyncIterator[bytes]:
    """The bytes of ``body`` in pieces of at least ``size`` bytes, but for the last."""
    gathered = bytearray()
    async for chunk in body:
        gathered += chunk
        if len(gathered) >= size:
            yield bytes(gathered)
            gathered.clear()
    if gathered:
        yield bytes(gathered)
