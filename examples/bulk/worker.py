"""What a Dask worker does with a batch of jobs: posts them, one POST each, and waits for them, all at a time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from ledger import Ledger
from seacloud_client.errors import (
    ConnectionFailed,
    DownloadError,
    InvalidInputError,
    InvalidRequestError,
    NotFoundError,
    RateLimitError,
    SeaCloudError,
    ServerError,
    TaskCancelled,
    TaskError,
    TaskFailed,
)
from seacloud_client.queue import Output, Queue, Task

ATTEMPTS = 5
"""How often a post is tried that the service did not take."""

POSTS = 4
"""How many posts of a batch are under way at a time."""

FIRST_WAIT = 2.0
"""Seconds before the second of them; each next wait is twice as long."""


@dataclass(frozen=True)
class Job:
    """One result to make: the key in the ledger, and the model's parameters."""

    key: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """What is the same for all jobs: see the program's options."""

    model: str
    ledger: Path
    rate: float
    connections: int
    timeout: float
    save_to: Path | None


def run_batch(jobs: list[Job], plan: Plan) -> int:
    """Does a batch, in an event loop of its own. A batch that is begun again does only what is left of it."""
    ledger = Ledger(plan.ledger)
    try:
        return asyncio.run(_run(jobs, plan, ledger))
    finally:
        ledger.close()


async def _run(jobs: list[Job], plan: Plan, ledger: Ledger) -> int:
    # Each post has a new connection. One that was idle may be closed by the service in the very moment in which a post
    # leaves by it: among thousands that happens, and what came of such a post is unknown.
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=POSTS, max_keepalive_connections=0)) as client:
        return await Batch(plan, ledger, client).run(jobs)


class Batch:
    """Jobs that are posted in turn and waited for all at a time, on few connections."""

    def __init__(self, plan: Plan, ledger: Ledger, posting_client: httpx.AsyncClient) -> None:
        self._plan = plan
        self._ledger = ledger
        self._queue = Queue(timeout=plan.timeout, max_connections=plan.connections)
        # Posts do not wait behind questions, and are few at a time: a worker that is killed leaves few unknown.
        self._poster = Queue(max_connections=POSTS, http_async_client=posting_client)
        self._posts = asyncio.Semaphore(POSTS)
        self._gate = asyncio.Lock()

    async def run(self, jobs: list[Job]) -> int:
        """Does the jobs, and gives their number."""
        await asyncio.gather(*map(self._do, jobs))
        return len(jobs)

    async def _do(self, job: Job) -> None:
        known = self._ledger.state(job.key)
        if known is None:
            task = await self._new_task(job)
        else:
            state, request_id = known
            task = self._queue.task(self._plan.model, request_id) if state == "posted" and request_id else None
        if task is not None:
            await self._finish(job, task)

    async def _new_task(self, job: Job) -> Task | None:
        """Posts a job, if it is free. `None` if there is no task that could be waited for."""
        for attempt in range(ATTEMPTS):
            async with self._gate:
                await asyncio.sleep(self._ledger.turn(self._plan.rate))
            try:
                async with self._posts:
                    is_free = not self._ledger.stopped and self._ledger.claim(job.key, self._plan.model)
                    return await self._post(job) if is_free else None
            except (RateLimitError, ConnectionFailed, ServerError) as error:
                if attempt == ATTEMPTS - 1:
                    self._ledger.stop(str(error))
                asked = error.retry_after if isinstance(error, RateLimitError) else None
                await asyncio.sleep(asked or FIRST_WAIT * 2**attempt)
            except SeaCloudError as error:  # the key, the balance, the address: the next job would do no better
                self._ledger.stop(str(error))
        return None

    async def _post(self, job: Job) -> Task | None:
        # Whoever resumes finds a task by the ledger, so it is left running when this is interrupted.
        try:
            task = await self._poster.asubmit(self._plan.model, job.arguments, on_interrupt="keep")
        except (InvalidRequestError, InvalidInputError) as error:
            self._ledger.failed(job.key, str(error))
            return None
        except TaskError as error:  # SubmitOutcomeUnknown above all: the task may exist
            self._ledger.unknown(job.key, str(error))
            return None
        except SeaCloudError:  # all the others say that no task was created
            self._ledger.release(job.key)
            raise
        self._ledger.posted(job.key, task.request_id)
        return self._queue.task(task.model, task.request_id)

    async def _finish(self, job: Job, task: Task) -> None:
        try:
            result = await task.await_(on_interrupt="keep")
        except (TaskFailed, TaskCancelled, NotFoundError) as error:
            self._ledger.failed(job.key, str(error))
        except SeaCloudError as error:
            self._ledger.left(job.key, str(error))
        else:
            self._ledger.done(job.key, [await self._kept(job, output) for output in result.outputs])

    async def _kept(self, job: Job, output: Output) -> dict[str, Any]:
        facts = dict(output.raw)
        if self._plan.save_to is not None:
            try:
                facts["saved"] = str(await output.asave(self._plan.save_to / job.key))
            except DownloadError as error:
                facts["not_saved"] = str(error)
        return facts
