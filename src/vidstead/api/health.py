"""Whether the process lives (``/healthz``), and whether it can do its work (``/readyz``)."""

import asyncio
from collections.abc import Callable, Coroutine

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from vidstead.db import Database
from vidstead.kit import VidsteadError

log = structlog.get_logger(__name__)

CHECK_SECONDS = 2.0
NO_STORE = {"Cache-Control": "no-store"}
SILENT = f"does not answer within {CHECK_SECONDS:g} seconds"
FAILED = "failed: see the server's log"


async def healthz(_request: Request) -> Response:
    """``GET /healthz``: the process answers requests. Asks nobody else."""
    return JSONResponse({"status": "ok"}, headers=NO_STORE)


class Readiness:
    """``GET /readyz``: database and object store answer; else 503 and what is wrong with which.

    However many ask at once, each part is checked by one at a time: a store that hangs holds one thread, not all.
    """

    def __init__(self, database: Database, store_check: Callable[[], None]) -> None:
        self._database = database
        self._store_check = store_check
        self._running: dict[str, asyncio.Task[str]] = {}

    async def answer(self, _request: Request) -> Response:
        """The state of each part: ``ok``, or a sentence."""
        database, storage = await asyncio.gather(
            self._state("database", self._check_database), self._state("storage", self._check_storage)
        )
        ready = database == storage == "ok"
        body = {
            "status": "ready" if ready else "unavailable",
            "checks": {"database": database, "storage": storage},
        }
        return JSONResponse(body, status_code=200 if ready else 503, headers=NO_STORE)

    async def _state(self, part: str, check: Callable[[], Coroutine[None, None, None]]) -> str:
        task = self._running.get(part)
        if task is None or task.done():
            task = self._running[part] = asyncio.create_task(_sentence(part, check))
        done, _ = await asyncio.wait({task}, timeout=CHECK_SECONDS)
        return task.result() if done else SILENT

    async def _check_database(self) -> None:
        async with asyncio.timeout(CHECK_SECONDS), self._database.crossing():
            pass

    async def _check_storage(self) -> None:
        await asyncio.to_thread(self._store_check)


async def _sentence(part: str, check: Callable[[], Coroutine[None, None, None]]) -> str:
    try:
        await check()
    except TimeoutError:
        return SILENT
    except VidsteadError as error:
        log.warning("not ready", part=part, exc_info=error)
        return error.message
    except Exception as error:
        log.warning("not ready", part=part, exc_info=error)
        return FAILED
    return "ok"
