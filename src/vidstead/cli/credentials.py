"""How the command line finds its server: by variables, or by the file that ``serve`` keeps in the data folder."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from vidstead.cli.errors import DataFolderUnusable, NoCredentials

FILE = "credentials.json"


@dataclass(frozen=True, kw_only=True)
class ServerAccess:
    """Where the server is, and the token that opens it."""

    url: str
    token_id: str
    token_secret: str
    environment_id: str | None = None

    def __repr__(self) -> str:
        """Without the secret."""
        return f"ServerAccess(url={self.url!r}, token_id={self.token_id!r})"


def find(data_dir: Path) -> ServerAccess:
    """``VIDSTEAD_URL``, ``VIDSTEAD_TOKEN_ID`` and ``VIDSTEAD_TOKEN_SECRET``, each over the file in ``data_dir``.

    Raises ``NoCredentials`` when they are not complete.
    """
    kept = read(data_dir)
    url = os.environ.get("VIDSTEAD_URL") or (kept.url if kept else None)
    token_id = os.environ.get("VIDSTEAD_TOKEN_ID") or (kept.token_id if kept else None)
    token_secret = os.environ.get("VIDSTEAD_TOKEN_SECRET") or (kept.token_secret if kept else None)
    if not (url and token_id and token_secret):
        raise NoCredentials(path=data_dir / FILE)
    return ServerAccess(url=url.rstrip("/"), token_id=token_id, token_secret=token_secret)


def read(data_dir: Path) -> ServerAccess | None:
    """What the file holds; nothing where there is none, or where it is not ours."""
    try:
        found = json.loads((data_dir / FILE).read_text(encoding="utf-8"))
        return ServerAccess(
            url=str(found["url"]),
            token_id=str(found["token_id"]),
            token_secret=str(found["token_secret"]),
            environment_id=str(found["environment_id"]),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(data_dir: Path, access: ServerAccess) -> Path:
    """Keep ``access``, whole or not at all, readable for its owner only (mode 0600)."""
    path, fresh = data_dir / FILE, data_dir / f"{FILE}.new"
    try:
        fresh.unlink(missing_ok=True)
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(asdict(access), file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise DataFolderUnusable(path=data_dir, reason=error.strerror) from error
    return path
