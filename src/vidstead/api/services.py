"""What the API needs from the other rooms; ``bootstrap`` fills it."""

from collections.abc import Callable
from dataclasses import dataclass

from vidstead.assets import Assets
from vidstead.db import Database
from vidstead.ingest import AssetInputs, Clipping, Uploads
from vidstead.tenancy import Tenancy


@dataclass(frozen=True, kw_only=True)
class ApiServices:
    """The services behind the routes."""

    database: Database
    tenancy: Tenancy
    assets: Assets
    uploads: Uploads
    inputs: AssetInputs
    clipping: Clipping
    store_check: Callable[[], None]
    """Writes, reads and removes a small object; blocks; raises what is wrong."""
    public_url: str | None
    """Address under which clients reach the server, without a slash at the end; else that of each request."""
