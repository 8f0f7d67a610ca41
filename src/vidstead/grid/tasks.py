"""Jobs of the grid: sweeping what died, letting go of clips that nobody watches any more, checksums."""

from vidstead.grid.checksums.service import CHECKSUM_TASK, Checksums
from vidstead.grid.clips.service import Clips
from vidstead.grid.service import SWEEP_TASK, Grids
from vidstead.jobs import Jobs


def register(jobs: Jobs, grids: Grids, clips: Clips, checksums: Checksums, sweep_pause: float = 2.0) -> None:
    """Make the tasks known to a worker. ``sweep_pause``: seconds until a busy grid is tried again."""

    @jobs.task(SWEEP_TASK, queue="system")
    async def sweep(environment_id: str, grid_id: str) -> None:
        if not await grids.sweep(environment_id, grid_id):
            await grids.sweep_later(environment_id, grid_id, sweep_pause)

    @jobs.task(CHECKSUM_TASK, queue="light")
    async def checksum(environment_id: str, source_id: str) -> None:
        await checksums.compute(environment_id, source_id)

    @jobs.every(60, "grid.sweep_forgotten")
    async def sweep_forgotten() -> None:
        for environment_id, grid_id in await grids.to_sweep():
            await grids.sweep(environment_id, grid_id)

    @jobs.every(60, "grid.let_go")
    async def let_go() -> None:
        await clips.expire()
