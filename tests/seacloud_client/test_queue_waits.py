"""Where a caller's `interval` goes: to each wait between two questions, whichever way the task is waited for."""

from __future__ import annotations

import asyncio
import functools

import pytest
from queue_flavours import ARGUMENTS, MODEL
from seacloud_client.interrupts import Interruption
from seacloud_client.queue import Queue

INTERVAL = 0.0375
"""A wait that nothing else asks for: the queue's own begin with about half a second."""


@pytest.fixture
def waits(monkeypatch):
    """How long each wait was to be, in seconds."""
    noted = []
    wait, wait_async = Interruption.wait, Interruption.wait_async

    def note(self, seconds):
        noted.append(seconds)
        wait(self, seconds)

    async def anote(self, seconds):
        noted.append(seconds)
        await wait_async(self, seconds)

    monkeypatch.setattr(Interruption, "wait", note)
    monkeypatch.setattr(Interruption, "wait_async", anote)
    return noted


def run(queue):
    queue.run(MODEL, ARGUMENTS, interval=INTERVAL)


def wait(queue):
    queue.submit(MODEL, ARGUMENTS).wait(interval=INTERVAL)


def watch(queue):
    for _ in queue.watch(queue.submit(MODEL, ARGUMENTS), interval=INTERVAL):
        pass


async def arun(queue):
    await queue.arun(MODEL, ARGUMENTS, interval=INTERVAL)


async def await_(queue):
    await (await queue.asubmit(MODEL, ARGUMENTS)).await_(interval=INTERVAL)


async def awatch(queue):
    async for _ in queue.awatch(await queue.asubmit(MODEL, ARGUMENTS), interval=INTERVAL):
        pass


@pytest.mark.parametrize("way", [run, wait, watch, arun, await_, awatch], ids=lambda way: way.__name__)
def test_the_callers_interval_is_kept(seacloud_env, waits, way):
    seacloud_env.configure(run_seconds=0.2)
    going = functools.partial(way, Queue())
    if asyncio.iscoroutinefunction(way):
        asyncio.run(going())
    else:
        going()
    assert set(waits) == {INTERVAL}
