"""Speaks to a server in the Mux shapes, for the commands that upload."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from vidstead.cli.address import is_local
from vidstead.cli.credentials import ServerAccess
from vidstead.cli.errors import FileUnreadable, ServerRefused, ServerUnreachable

CHUNK_BYTES = 2**20
ANSWER_SECONDS = 30.0
PATIENCE_SECONDS = 20.0
"""How long reads are tried again while the server does not answer: it may be starting anew."""
RETRY_SECONDS = 0.5


class VideoClient:
    """One server, one token. A context manager."""

    def __init__(self, access: ServerAccess) -> None:
        """Connects to nothing yet. Raises ``ServerUnreachable`` for an address that is none."""
        self._access = access
        try:
            self._http = httpx.Client(
                base_url=access.url,
                auth=(access.token_id, access.token_secret),
                timeout=httpx.Timeout(ANSWER_SECONDS, write=None),
                headers={"User-Agent": "vidstead-cli"},
                trust_env=not is_local(access.url),  # proxies and private authorities, but never to this machine
            )
        except httpx.InvalidURL as error:
            raise ServerUnreachable(url=access.url, reason=_reason(error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def create_upload(self, *, policy: str, title: str) -> dict[str, Any]:
        """A new direct upload: its ``id`` and the ``url`` that takes the file."""
        settings = {"playback_policies": [policy], "meta": {"title": title}}
        return self._call("POST", "/video/v1/uploads", json={"new_asset_settings": settings})

    def get_upload(self, upload_id: str) -> dict[str, Any]:
        """The upload as it is now."""
        return self._read(f"/video/v1/uploads/{upload_id}")

    def get_asset(self, asset_id: str) -> dict[str, Any]:
        """The asset as it is now."""
        return self._read(f"/video/v1/assets/{asset_id}")

    def put_file(self, url: str, path: Path, told: Callable[[int, int], None]) -> None:
        """Send a file to its address; ``told`` hears of bytes sent and of all, about once per MB.

        Raises ``FileUnreadable``, ``ServerUnreachable`` and ``ServerRefused``.
        """
        try:
            size = path.stat().st_size
            with path.open("rb") as file:
                headers = {"Content-Length": str(size), "Content-Type": "application/octet-stream"}
                answer = self._http.put(url, content=_pieces(file.read, size, told), headers=headers, auth=httpx.Auth())
        except httpx.TransportError as error:
            raise ServerUnreachable(url=self._access.url, reason=_reason(error)) from error
        except OSError as error:
            raise FileUnreadable(path=path, reason=error.strerror) from error
        _check(answer)

    def _read(self, address: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self._call("GET", address)
            except ServerUnreachable:
                if time.monotonic() > deadline:
                    raise
            time.sleep(RETRY_SECONDS)

    def _call(self, method: str, address: str, **request: Any) -> dict[str, Any]:
        try:
            answer = self._http.request(method, address, **request)
        except httpx.TransportError as error:
            raise ServerUnreachable(url=self._access.url, reason=_reason(error)) from error
        _check(answer)
        try:
            data = answer.json()["data"]
        except (ValueError, KeyError, TypeError):
            data = None
        if not isinstance(data, dict):
            raise ServerRefused(reason=f"{self._access.url} does not speak the API of Vidstead.", answered=502)
        return data


def _pieces(read: Callable[[int], bytes], size: int, told: Callable[[int, int], None]) -> Iterator[bytes]:
    sent = 0
    while piece := read(min(CHUNK_BYTES, size - sent)):
        yield piece
        sent += len(piece)
        told(sent, size)


def _check(answer: httpx.Response) -> None:
    """Raises what the server said, as a sentence; 503 means that it is there but not ready."""
    if answer.is_success:
        return
    reason = _said(answer)
    if answer.status_code in (502, 503, 504):
        raise ServerUnreachable(url=str(answer.url.copy_with(raw_path=b"/")).rstrip("/"), reason=reason)
    raise ServerRefused(reason=reason, answered=answer.status_code)


def _said(answer: httpx.Response) -> str:
    try:
        messages = answer.json()["error"]["messages"]
        text = " ".join(str(message) for message in messages)
    except (ValueError, KeyError, TypeError):
        text = ""
    return text or f"status {answer.status_code}."


def _reason(error: Exception) -> str:
    return (str(error) or type(error).__name__).rstrip(".")
