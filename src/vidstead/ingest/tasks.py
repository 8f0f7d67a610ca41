"""Jobs of ingest: publishing, fetching, and the clock of direct uploads."""

from vidstead.assets import AssetNotFound
from vidstead.grid import Part
from vidstead.ingest.publishing import PUBLISH_TASK, Publishing
from vidstead.ingest.pull import PULL_TASK, AssetInputs
from vidstead.ingest.service import Uploads
from vidstead.jobs import FailedJob, Jobs


def register(jobs: Jobs, publishing: Publishing, inputs: AssetInputs, uploads: Uploads) -> None:
    """Make the tasks known to a worker."""

    @jobs.task(PUBLISH_TASK, queue="hot")
    async def publish(environment_id: str, asset_id: str, source_id: str, parts: list[dict[str, object]]) -> None:
        found = [Part(key=str(part["key"]), size=int(str(part["size"]))) for part in parts]
        await publishing.publish(environment_id, asset_id, source_id, found)

    @jobs.task(PULL_TASK, queue="pull")
    async def pull(environment_id: str, asset_id: str, url: str) -> None:
        try:
            await inputs.pull(environment_id, asset_id, url)
        except AssetNotFound:
            return  # deleted while its file was fetched: what came of it is removed already

    @jobs.every(30, "ingest.time_out")
    async def time_out() -> None:
        await uploads.time_out()


async def give_up(failed: FailedJob, publishing: Publishing) -> None:
    """An asset whose job failed for good is errored, so that nobody waits for it for ever; other jobs are not ours."""
    if failed.name in (PUBLISH_TASK, PULL_TASK):
        await publishing.give_up(failed.args["environment_id"], failed.args["asset_id"], failed.args.get("source_id"))
