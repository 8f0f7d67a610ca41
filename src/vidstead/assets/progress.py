"""Asset progress, the first cursor over the events log: it turns stored cells into percent."""

from collections.abc import Sequence

from vidstead.assets.service import Assets
from vidstead.db import Database
from vidstead.events import Event

FOLLOWED = frozenset({"grid.cell_stored", "grid.cell_failed"})


class Progress:
    """Follows the cells of grids on behalf of the assets that are pieces of them."""

    name = "asset_progress"

    def __init__(self, database: Database, assets: Assets) -> None:
        self._database = database
        self._assets = assets

    async def handle(self, batch: Sequence[Event]) -> None:
        """Bring every asset up to date that the batch concerns: one short transaction for each grid."""
        grids = {(event.environment_id, event.subject_id) for event in batch if event.type in FOLLOWED}
        for environment_id, grid_id in sorted(grids):
            async with self._database.begin(environment_id) as connection:
                await self._assets.follow_grid(connection, environment_id, grid_id)
