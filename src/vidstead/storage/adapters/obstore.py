"""Objects in S3 (or a compatible server), Google Cloud Storage or Azure Blob Storage, through obstore.

Only obstore's synchronous calls are used: its asynchronous ones can abort the process at its exit. They
release the interpreter while they wait, so threads run side by side. A store must not be carried over a
fork.

A large object is a multipart upload. Until its completion it is not visible, and ``abort`` removes its
parts. obstore has no word for that: a writer that is merely dropped leaves its parts in the bucket for
ever, but one that leaves its ``with`` block by an exception aborts, so ``abort`` here is to leave it so. A
process that is killed can't do even that: give the bucket a lifecycle rule that ends unfinished multipart
uploads after some days.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
from obstore.store import AzureStore, GCSStore, S3Store

from vidstead.storage import (
    InvalidKey,
    ObjectExists,
    ObjectNotFound,
    StorageUrlInvalid,
    StoredObject,
    check_key,
    check_prefix,
)
from vidstead.storage.adapters.obstore_errors import is_beyond_end, is_bucket_missing, storage_errors
from vidstead.storage.keys import check_range
from vidstead.storage.probe import prove

if TYPE_CHECKING:
    from obstore import WritableFile
    from obstore.store import ClientConfig, RetryConfig

PART_BYTES = 8 * 2**20  # S3 takes 10 000 parts at most: 78 GiB
PARTS_AT_ONCE = 4  # so one upload holds about 40 MB at most
DELETES_AT_ONCE = 1000
CLIENT: "ClientConfig" = {
    "connect_timeout": timedelta(seconds=5),
    "read_timeout": timedelta(seconds=15),
    "timeout": timedelta(seconds=60),
}
RETRIES: "RetryConfig" = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=30),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=3), "base": 2},
}
Bucket = S3Store | GCSStore | AzureStore


class CloudStore:
    """An ``ObjectStore`` in a bucket, which must exist; ``bucket`` is obstore's store, its prefix
    included."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        endpoint: str | None = None,
        access_key: str | None = None,
        secret_key: str | None = None,
        region: str = "us-east-1",
    ) -> Self:
        """The store at ``s3://bucket/prefix``, ``gs://bucket/prefix`` or ``az://container/prefix``.

        ``endpoint`` is the address of a compatible server (S3 and Azure). ``access_key`` and ``secret_key``
        are S3's keys, or Azure's account name and key; Google takes only a ``secret_key``, the JSON of a
        service account. Without them the cloud's own ways are tried (environment, instance role). Nothing
        is sent yet. Raises ``StorageUrlInvalid``.
        """
        scheme, name, prefix = _parse(url)
        client: ClientConfig = {**CLIENT, "allow_http": (endpoint or "").startswith("http://")}
        common: dict[str, Any] = {"prefix": prefix, "client_options": client, "retry_config": RETRIES}
        s3 = _s3(endpoint, access_key, secret_key, region)
        azure = _given(endpoint=endpoint, account_name=access_key, account_key=secret_key)
        google = _given(service_account_key=secret_key)
        with storage_errors():
            if scheme == "s3":
                return cls(S3Store(name, config=s3, **common))
            if scheme == "gs":
                return cls(GCSStore(name, config=google, **common))
            return cls(AzureStore(name, config=azure, **common))

    def put(self, key: str, data: bytes, *, if_absent: bool = False) -> StoredObject:
        check_key(key)
        with storage_errors():
            try:
                obstore.put(self._bucket, key, data, mode="create" if if_absent else "overwrite", use_multipart=False)
            except (AlreadyExistsError, PreconditionError):
                raise ObjectExists(key=key) from None
        return StoredObject(key=key, size=len(data))

    def writer(self, key: str) -> "CloudWriter":
        return CloudWriter(self._bucket, check_key(key))

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        check_range(start, length)
        check_key(key)
        with storage_errors():
            try:
                return self._read(key, start, length)
            except FileNotFoundError as error:
                if is_bucket_missing(error):
                    raise
                raise ObjectNotFound(key=key) from None
            except BaseError as error:
                if is_beyond_end(error):
                    return b""
                raise

    def stat(self, key: str) -> StoredObject | None:
        check_key(key)
        with storage_errors():
            return self._stat(key)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        check_prefix(prefix, whole_store=True)
        with storage_errors():
            found = sorted(
                (entry["path"], entry["size"])  # compatible servers may list in the order of their folders
                for page in obstore.list(self._bucket, prefix or None, chunk_size=DELETES_AT_ONCE)
                for entry in page
            )
        return (StoredObject(key=key, size=size) for key, size in found)

    def delete(self, key: str) -> None:
        check_key(key)
        with storage_errors():
            self._delete([key])

    def delete_prefix(self, prefix: str) -> int:
        keys = [found.key for found in self.list(check_prefix(prefix))]
        with storage_errors():
            for start in range(0, len(keys), DELETES_AT_ONCE):
                self._delete(keys[start : start + DELETES_AT_ONCE])
        return len(keys)

    def check(self) -> None:
        prove(self)

    def _read(self, key: str, start: int, length: int | None) -> bytes:
        if length == 0:
            obstore.head(self._bucket, key)
            return b""
        if length is not None:
            return bytes(obstore.get_range(self._bucket, key, start=start, length=length))
        if start == 0:
            return bytes(obstore.get(self._bucket, key).bytes())
        return bytes(obstore.get(self._bucket, key, options={"range": {"offset": start}}).bytes())

    def _stat(self, key: str) -> StoredObject | None:
        try:
            return StoredObject(key=key, size=obstore.head(self._bucket, key)["size"])
        except FileNotFoundError:
            return None

    def _delete(self, keys: Sequence[str]) -> None:
        try:
            obstore.delete(self._bucket, keys)
        except FileNotFoundError as error:  # Google and Azure say so of what is gone already
            if is_bucket_missing(error):
                raise
            for key in keys:
                with suppress(FileNotFoundError):
                    obstore.delete(self._bucket, key)


class CloudWriter:
    """An ``ObjectWriter`` of ``CloudStore``: parts of 8 MiB, up to four under way at once."""

    def __init__(self, bucket: Bucket, key: str) -> None:
        self._key = key
        self._lock = threading.Lock()
        self._size = 0
        with storage_errors():
            self._upload: WritableFile | None = obstore.open_writer(
                bucket, key, buffer_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE
            )

    @property
    def size(self) -> int:
        return self._size

    def write(self, data: bytes) -> None:
        with self._lock, self._or_closed() as upload:
            upload.write(data)
            self._size += len(data)

    def commit(self) -> StoredObject:
        with self._lock, self._or_closed() as upload:
            upload.close()
            self._upload = None
        return StoredObject(key=self._key, size=self._size)

    def abort(self) -> None:
        with self._lock:
            self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.abort()

    @contextmanager
    def _or_closed(self) -> Iterator["WritableFile"]:
        """The upload under way; any failure ends it, for nobody knows any more what arrived."""
        if self._upload is None:
            raise ValueError("the writer is closed")
        try:
            with storage_errors():
                yield self._upload
        except BaseException:
            with suppress(Exception):  # the first error is the one to tell
                self._close()
            raise

    def _close(self) -> None:
        upload, self._upload = self._upload, None
        if upload is not None:
            reason = ConnectionAbortedError()
            with storage_errors():
                upload.__exit__(type(reason), reason, None)


def _parse(url: str) -> tuple[str, str, str | None]:
    """Scheme, bucket and prefix of an address; what it may hold of secrets is not repeated in the error."""
    parts = urlsplit(url)
    prefix = parts.path.strip("/")
    known = parts.scheme in {"s3", "gs", "az"} and parts.netloc and "@" not in parts.netloc
    try:
        if not known or parts.query or parts.fragment:
            raise InvalidKey(key=prefix)
        return parts.scheme, check_key(parts.netloc), check_key(prefix) if prefix else None
    except InvalidKey:
        raise StorageUrlInvalid(url=f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}") from None


def _given(**values: str | None) -> Any:  # one of obstore's three typed dicts
    """The settings that have a value: an empty one would hide what the cloud's own ways find."""
    return {name: value for name, value in values.items() if value}


def _s3(endpoint: str | None, access_key: str | None, secret_key: str | None, region: str) -> Any:
    """S3's settings. What is set here wins: left to itself, the environment would add its session token to our keys
    and put its ``AWS_ENDPOINT_URL_S3`` before our endpoint."""
    config = _given(endpoint=endpoint, access_key_id=access_key, secret_access_key=secret_key, region=region)
    if endpoint:
        config["aws_endpoint_url_s3"] = endpoint
    if access_key:
        config["session_token"] = ""
    return config
