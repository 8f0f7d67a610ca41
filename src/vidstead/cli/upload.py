"""``vidstead upload``: from files to addresses where they play."""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vidstead.cli import credentials
from vidstead.cli.client import VideoClient
from vidstead.cli.configuration import load_settings
from vidstead.cli.credentials import ServerAccess
from vidstead.cli.errors import AssetErrored, FileUnreadable, NeverCovered, NoProgress
from vidstead.cli.progress import ProgressLine, megabytes

LOOK_SECONDS = 0.1
LOOK_COVERED_SECONDS = 0.5
STILL_SECONDS = 600.0
"""How long nothing may change before waiting is given up."""


def upload(files: Sequence[Path], *, policy: str, title: str | None, covered: bool, as_json: bool) -> None:
    """Upload each file and print where it plays, once it is published or wholly encoded (``covered``).

    Raises ``FileUnreadable`` before anything is sent; ``AssetErrored`` for the last file that can't be published,
    after the others were tried; ``NoProgress``, ``NeverCovered``, ``ServerUnreachable`` and ``ServerRefused``.
    """
    for path in files:
        _check_file(path)
    access = credentials.find(load_settings().data_dir)
    failed: AssetErrored | None = None
    with VideoClient(access) as client:
        for path in files:
            try:
                asset = send(client, path, policy=policy, title=title or path.stem, covered=covered)
            except AssetErrored as error:
                if failed is not None:
                    print_error(failed)
                failed = error
            else:
                tell(path.name, addresses(access, asset), as_json=as_json)
    if failed is not None:
        raise failed


def send(client: VideoClient, path: Path, *, policy: str, title: str, covered: bool) -> dict[str, Any]:
    """Upload one file and wait; the asset as it is then."""
    with ProgressLine() as line:
        made = client.create_upload(policy=policy, title=title)
        line.show(f"{path.name}: uploading")

        def told(sent: int, size: int) -> None:
            line.show(f"{path.name}: {megabytes(sent)} of {megabytes(size)} uploaded ({sent / max(size, 1):.0%})")

        client.put_file(str(made["url"]), path, told)
        return _await_asset(client, str(made["id"]), path, covered=covered, line=line)


def _await_asset(
    client: VideoClient, upload_id: str, path: Path, *, covered: bool, line: ProgressLine
) -> dict[str, Any]:
    asset_id: str | None = None
    seen: object = None
    changed = time.monotonic()
    while True:
        if asset_id is None:
            state = client.get_upload(upload_id)
            asset_id = state.get("asset_id")
            if state["status"] in ("errored", "cancelled", "timed_out"):
                raise AssetErrored(path=path, reason=_reasons(state, state["status"]))
        else:
            state = client.get_asset(asset_id)
            if state["status"] == "errored":
                raise AssetErrored(path=path, reason=_reasons(state, "the server does not say why."))
            if state["status"] == "ready" and (not covered or is_covered(state)):
                return state
            if state["status"] == "ready" and _is_lazy(state):
                raise NeverCovered(path=path, asset_id=asset_id)
            line.show(f"{path.name}: {_doing(state)}")
        if (state["status"], state.get("progress")) != seen:
            seen, changed = (state["status"], state.get("progress")), time.monotonic()
        if time.monotonic() - changed > STILL_SECONDS:
            raise NoProgress(path=path, minutes=round(STILL_SECONDS / 60))
        time.sleep(LOOK_COVERED_SECONDS if state["status"] == "ready" else LOOK_SECONDS)


def is_covered(asset: dict[str, Any]) -> bool:
    """Whether every cell of the asset is stored."""
    return bool((_progress(asset).get("progress") or 0) >= 100)


def _is_lazy(asset: dict[str, Any]) -> bool:
    """Whether its cells are encoded only when somebody watches: then it counts as completed without them."""
    return bool(_progress(asset).get("state") == "completed")


def _progress(asset: dict[str, Any]) -> dict[str, Any]:
    return asset.get("progress") or {}


def _doing(asset: dict[str, Any]) -> str:
    if asset["status"] != "ready":
        return "publishing"
    return f"{_progress(asset).get('progress') or 0:.0f} % encoded"


def _reasons(state: dict[str, Any], otherwise: str) -> str:
    found = state.get("errors") or state.get("error") or {}
    messages = found.get("messages") or [found.get("message")]
    return " ".join(str(message) for message in messages if message) or otherwise


def addresses(access: ServerAccess, asset: dict[str, Any]) -> dict[str, str | None]:
    """What ``--json`` prints of an asset."""
    playback = (asset.get("playback_ids") or [{}])[0].get("id")
    at = f"{access.url}/{playback}"
    return {
        "asset_id": asset["id"],
        "playback_id": playback,
        "status": asset["status"],
        "hls_url": f"{at}.m3u8" if playback else None,
        "dash_url": f"{at}.mpd" if playback else None,
        "watch_url": f"{access.url}/watch/{playback}" if playback else None,
    }


def tell(name: str, found: dict[str, str | None], *, as_json: bool) -> None:
    """Print where something plays, for a program or for a reader."""
    if as_json:
        print(json.dumps(found), flush=True)
        return
    print(name)
    labels = {"asset_id": "asset", "playback_id": "playback id", "watch_url": "watch", "hls_url": "HLS"}
    for key, label in {**labels, "dash_url": "DASH"}.items():
        print(f"  {label:<12}{found[key]}")


def print_error(error: AssetErrored) -> None:
    """Say what went wrong with a file while others are still to come."""
    print(f"vidstead: {error.message}", file=sys.stderr)


def _check_file(path: Path) -> None:
    try:
        if path.is_dir():
            raise FileUnreadable(path=path, reason="it is a folder")
        with path.open("rb") as file:
            if not file.read(1):
                raise FileUnreadable(path=path, reason="it is empty")
    except OSError as error:
        raise FileUnreadable(path=path, reason=(error.strerror or "unknown").lower()) from error
