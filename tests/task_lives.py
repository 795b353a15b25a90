"""Tasks whose whole way is driven without a socket or a clock, and what the service says on it."""

from __future__ import annotations

from flow_driver import answer
from seacloud_client.downloads import Downloader
from seacloud_client.lifecycle import Lifecycle, WaitOptions
from seacloud_client.settings import Settings
from seacloud_client.task_flows import Created, TaskCalls

SETTINGS = Settings(base_url="https://x.test/model", timeout=30)
BODY = b'{"prompt":"x"}'
DOWNLOADER = Downloader(SETTINGS)
CREATED = answer({"request_id": "mmsu_1", "queue_position": 0})
QUEUED = answer({"status": "IN_QUEUE"})
RUNNING = answer({"status": "IN_PROGRESS", "progress": 0.5})
COMPLETED = answer({"status": "COMPLETED"})
RESULT = answer({"request_id": "mmsu_1", "outputs": [{"type": "image", "url": "https://c.test/0.png"}]})
NOT_YET = answer({"status": "IN_PROGRESS"}, 202)
GOING = answer({"status": "CANCELLATION_REQUESTED"}, 202)


def life(world, *, new=True, body=BODY, max_retries=2, **options):
    return Lifecycle(
        TaskCalls(SETTINGS),
        WaitOptions(**{"timeout": 600.0, **options}),
        model="m",
        body=body if new else None,
        task=None if new else Created("m", "mmsu_1"),
        max_retries=max_retries,
        downloader=DOWNLOADER,
        now=world.now,
    )


def finish(world, task):
    """What `Queue.run` does. Gives the words of the statuses and the result."""
    words = []
    while True:
        told = world.run(task.advance())
        words.append(told.status)
        result = world.run(task.fetch()) if told.is_over else None
        if result is not None:
            return words, result


def ended(world, task, cause):
    """What the driver does when a wait is left by an exception."""
    flow = task.end(cause)
    if flow is not None:
        world.run(flow)
    return cause


def waiting(world, **options):
    """A task that was created and asked after once."""
    task = life(world, **options)
    world.run(task.advance())
    world.run(task.advance())
    return task
