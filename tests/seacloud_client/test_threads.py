"""Blocking work in threads: to its end, though it be cancelled; and that saving does not block the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import httpx
import pytest
from seacloud_client import Chat, Queue
from seacloud_client.errors import ConfigurationError
from seacloud_client.media import read_output
from seacloud_client.threads import in_thread

TEXT = read_output({"type": "text", "text": "a cat"})


async def test_what_it_gives_and_raises():
    assert await in_thread(threading.get_ident) != threading.get_ident()
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 // 0)


class Slow:
    """Work that takes a moment, and says when it is done."""

    def __init__(self, error=None):
        self.began = threading.Event()
        self.done = False
        self.error = error

    def __call__(self):
        self.began.set()
        time.sleep(0.2)
        self.done = True
        if self.error is not None:
            raise self.error


@pytest.mark.parametrize("error", [None, ValueError("nobody looks at it")], ids=["done", "failed"])
async def test_cancelled_by_asyncio(error):
    work = Slow(error)
    task = asyncio.create_task(in_thread(work))
    await asyncio.to_thread(work.began.wait)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert work.done


async def test_work_that_is_dropped_before_it_begins():
    """As when the loop's executor is shut down: nothing is waited for that does not come."""
    began, go = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as executor:
        executor.submit(lambda: (began.set(), go.wait(20)))
        began.wait(20)
        asyncio.get_running_loop().set_default_executor(executor)
        done = []
        task = asyncio.create_task(in_thread(lambda: done.append(1)))
        await asyncio.sleep(0)
        executor.shutdown(wait=False, cancel_futures=True)
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 10)
        go.set()
    assert done == []


async def test_cancelled_by_anyio():
    work = Slow()
    with anyio.move_on_after(0.05) as scope:
        await in_thread(work)
    assert scope.cancelled_caught
    assert work.done


@pytest.mark.parametrize(("home", "name"), [(Path, "mkdir"), (os, "link"), (Path, "unlink")])
async def test_saving_does_not_block_the_event_loop(home, name, tmp_path, monkeypatch):
    threads = []
    real = getattr(home, name)

    def watched(*args, **options):
        threads.append(threading.get_ident())
        return real(*args, **options)

    monkeypatch.setattr(home, name, watched)
    if name == "unlink":  # an empty picture is none, so what was begun is removed
        with pytest.raises(Exception, match="not what it is said to be"):
            await read_output({"type": "image", "url": "data:image/png,text"}).asave(tmp_path / "new")
    else:
        await TEXT.asave(tmp_path / "new")
    assert threads
    assert threading.get_ident() not in threads


async def test_cancelled_while_the_file_is_being_opened_leaves_nothing_behind(tmp_path, monkeypatch):
    real = Path.mkdir
    began = threading.Event()

    def slow(*args, **options):
        began.set()
        time.sleep(0.2)
        return real(*args, **options)

    monkeypatch.setattr(Path, "mkdir", slow)
    task = asyncio.create_task(TEXT.asave(tmp_path / "new"))
    assert await asyncio.to_thread(began.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list((tmp_path / "new").iterdir()) == []


def without_asyncio(coroutine):
    """Runs a coroutine until it first waits, where no event loop of asyncio runs, as under trio."""
    with contextlib.closing(coroutine):
        coroutine.send(None)


async def read(stream):
    """Reads a stream to its end."""
    async for _ in stream:
        pass


@pytest.mark.parametrize(
    "ask",
    [
        lambda: Chat("gpt-4.1", api_key="k").areply("hi"),
        lambda: read(Chat("gpt-4.1", api_key="k").astream("hi")),
        lambda: Queue(api_key="k").aclose(),
        lambda: Queue(api_key="k").arun("flux", {"prompt": "x"}),
        lambda: Queue(api_key="k", http_async_client=httpx.AsyncClient()).arun("flux", {"prompt": "x"}),
        lambda: Queue(api_key="k", max_connections=2).aresult(Queue(api_key="k").task("flux", "1")),
        lambda: in_thread(print),
    ],
    ids=["reply", "stream", "close", "queue", "queue-own-client", "throttled", "thread"],
)
def test_who_has_no_event_loop_of_asyncio_is_told_so(ask):
    with pytest.raises(ConfigurationError, match="no event loop of asyncio is running here") as caught:
        without_asyncio(ask())
    assert caught.value.__suppress_context__
