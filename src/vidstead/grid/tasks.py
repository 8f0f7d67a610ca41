"""Jobs of the grid: sweeping what died, and letting go of clips that nobody watches any more."""

from vidstead.grid.clips.service import Clips
from vidstead.grid.service import SWEEP_TASK, Grids
from vidstead.jobs import Jobs


def register(jobs: Jobs, grids: Grids, clips: Clips, sweep_pause: float = 2.0) -> None:
    """Make the tasks known to a worker. ``sweep_pause``: seconds until a busy grid is tried again."""

    @jobs.task(SWEEP_TASK, queue="system")
    async def sweep(environment_id: str, grid_id: str) -> None:
        if not await grids.sweep(environment_id, grid_id):
            await grids.sweep_later(environment_id, grid_id, sweep_pause)

    @jobs.every(60, "grid.sweep_forgotten")
    async def sweep_forgotten() -> None:
        for environment_id, grid_id in await grids.to_sweep():
            await grids.sweep(environment_id, grid_id)

    @jobs.every(60, "grid.let_go")
    async def let_go() -> None:
        await clips.expire()
