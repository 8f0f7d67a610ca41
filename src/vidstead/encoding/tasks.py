"""Jobs of encoding: cells that viewers wait for, the rest in the background, help with it."""

from vidstead.encoding.fill import BULK_TASK, HELP_TASK, LIGHT_TASK
from vidstead.encoding.service import SpanFiller
from vidstead.grid import HOT_TASK, Span
from vidstead.jobs import Jobs

HOT_ATTEMPTS = 2
"""A viewer who still waits asks again anyway."""


def register(jobs: Jobs, filler: SpanFiller) -> None:
    """Make the tasks known to a worker. Their arguments are those of a ``Span``."""

    @jobs.task(HOT_TASK, queue="hot", attempts=HOT_ATTEMPTS)
    async def hot(
        environment_id: str, grid_id: str, row_ids: list[int], first: int, count: int, hot: bool = True
    ) -> None:
        await filler.fill(_span(environment_id, grid_id, row_ids, first, count, hot=hot))

    async def background(environment_id: str, grid_id: str, row_ids: list[int], first: int, count: int) -> None:
        await filler.fill(_span(environment_id, grid_id, row_ids, first, count, hot=False))

    jobs.task(BULK_TASK, queue="bulk")(background)
    jobs.task(LIGHT_TASK, queue="light")(background)

    @jobs.task(HELP_TASK, queue="bulk")
    async def help_others(environment_id: str, grid_id: str, row_ids: list[int], first: int, count: int) -> None:
        await filler.help(_span(environment_id, grid_id, row_ids, first, count, hot=False))


def _span(environment_id: str, grid_id: str, row_ids: list[int], first: int, count: int, *, hot: bool) -> Span:
    return Span(
        environment_id=environment_id, grid_id=grid_id, row_ids=tuple(row_ids), first=first, count=count, hot=hot
    )
