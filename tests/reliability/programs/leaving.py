"""Leaves in the middle of things: `leaving.py WAY`. Python must end at once and have nothing to complain about."""

import asyncio
import atexit
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from seacloud_client import Chat
from seacloud_client.errors import TaskCancelled
from seacloud_client.queue import Queue

LONG = "Tell me about the sea at length"
kept: list[object] = []
"""What is still there when the interpreter shuts down."""


def sync_stream() -> None:
    stream = iter(Chat("gpt-4.1").stream(LONG))
    next(stream)
    kept.append(stream)


def sync_stream_dropped() -> None:
    next(iter(Chat("gpt-4.1").stream(LONG)))


def langchain_stream() -> None:
    from langchain_seacloud import ChatSeaCloud  # noqa: PLC0415  # the other ways do not wait for it

    stream = ChatSeaCloud(model="gpt-4.1").stream(LONG)
    next(stream)
    kept.append(stream)


def llamaindex_stream() -> None:
    from llama_index.core.base.llms.types import ChatMessage  # noqa: PLC0415
    from llamaindex_seacloud import SeaCloud  # noqa: PLC0415

    stream = SeaCloud(model="gpt-4.1").stream_chat([ChatMessage(LONG)])
    next(stream)
    kept.append(stream)


def async_stream() -> None:
    async def run() -> None:
        stream = Chat("gpt-4.1").astream(LONG).deltas()
        await anext(stream)
        kept.append(stream)

    asyncio.run(run())


def async_stream_aiohttp() -> None:
    async def run() -> None:
        stream = Chat("gpt-4.1", transport="aiohttp").astream(LONG).deltas()
        await anext(stream)
        kept.append(stream)

    asyncio.run(run())


def loop_that_is_closed_bare() -> None:
    async def run() -> None:
        await Chat("gpt-4.1").areply("hi")

    loop = asyncio.new_event_loop()
    loop.run_until_complete(run())
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def cancelled_task() -> None:
    async def run() -> None:
        async def read() -> None:
            async for _ in Chat("gpt-4.1").astream(LONG):
                await asyncio.sleep(60)

        task = asyncio.ensure_future(read())
        await asyncio.sleep(0.3)
        kept.append(task)

    asyncio.run(run())


def thread_in_mid_stream() -> None:
    def read() -> None:
        for _ in Chat("gpt-4.1").stream(LONG):
            time.sleep(60)

    threading.Thread(target=read, daemon=True).start()
    time.sleep(0.3)


def thread_in_mid_wait() -> None:
    def wait() -> None:
        with suppress(TaskCancelled):
            Queue().run("nano_banana_2", {"prompt": "x"}, interval=30)

    threading.Thread(target=wait, daemon=True).start()
    time.sleep(0.5)


def loop_in_a_thread_in_mid_wait() -> None:
    async def wait() -> None:
        with suppress(TaskCancelled):
            await Queue().arun("nano_banana_2", {"prompt": "x"}, interval=30)

    threading.Thread(target=asyncio.run, args=(wait(),), daemon=True).start()
    time.sleep(0.5)


def watched_task() -> None:
    queue = Queue()
    statuses = iter(queue.submit("nano_banana_2", {"prompt": "x"}))
    next(statuses)
    kept.append(statuses)


def watched_task_of_a_thread_that_has_ended() -> None:
    thread = threading.Thread(target=watched_task)
    thread.start()
    thread.join()


def watched_task_that_is_kept() -> None:
    queue = Queue()
    statuses = queue.watch(queue.submit("nano_banana_2", {"prompt": "x"}), on_interrupt="keep")
    next(statuses)
    kept.append(statuses)


def watched_task_of_a_parent() -> None:
    watched_task()
    child = os.fork()
    if child == 0:
        try:
            signal.alarm(20)  # a child that stands still ends
            kept.clear()
            atexit._run_exitfuncs()
        finally:
            os._exit(0)
    assert os.waitpid(child, 0) == (child, 0)
    sys.stdout.write("left")
    sys.stdout.flush()
    os._exit(0)  # as a process that is killed: if something is cancelled, the child has cancelled it


WAYS: dict[str, Callable[[], None]] = {
    way.__name__: way
    for way in (
        sync_stream,
        sync_stream_dropped,
        langchain_stream,
        llamaindex_stream,
        async_stream,
        async_stream_aiohttp,
        loop_that_is_closed_bare,
        cancelled_task,
        thread_in_mid_stream,
        thread_in_mid_wait,
        loop_in_a_thread_in_mid_wait,
        watched_task,
        watched_task_of_a_thread_that_has_ended,
        watched_task_that_is_kept,
        watched_task_of_a_parent,
    )
}

if __name__ == "__main__":
    WAYS[sys.argv[1]]()
    sys.stdout.write("left")
