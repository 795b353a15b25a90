"""Whatever ends a wait early cancels the remote task within five seconds, and the error has the handle."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import anyio
import pytest
from queue_flavours import ARGUMENTS, FLAVOURS, MODEL, Flavoured
from seacloud_client import interrupts, lifecycle
from seacloud_client.errors import SubmitOutcomeUnknown, TaskCancelled, TaskTimedOut
from seacloud_client.interrupts import cancel_all
from seacloud_client.queue import Queue
from seacloud_emulator import Fault

WITHIN = 5.0
POST = {"method": "POST", "path": "/queue/"}
STATUS = {"path": "/status"}


@pytest.fixture
def emulator(seacloud_env):
    """Tasks that would run for long."""
    seacloud_env.configure(run_seconds=60)
    return seacloud_env


@pytest.fixture
def queue(emulator):
    return Queue()


def cancelled(emulator):
    """Whether there is one task, and it was cancelled by one request."""
    puts = [record for record in emulator.requests if record.method == "PUT"]
    return [task.error_type for task in emulator.tasks] == ["CANCELED"] and len(puts) == 1


def under_way(emulator):
    return any(record.path.endswith("/status") for record in emulator.requests)


@contextlib.contextmanager
def in_time():
    began = time.monotonic()
    yield
    assert time.monotonic() - began < WITHIN


class Unwanted(Exception):
    """A callback's own error."""


def raise_unwanted(status):
    if status.status == "IN_QUEUE":
        raise Unwanted


@FLAVOURS
def test_an_error_in_the_callback(emulator, queue, flavour):
    with in_time(), pytest.raises(Unwanted) as caught:
        Flavoured(queue, flavour).run(MODEL, ARGUMENTS, on_update=raise_unwanted)
    assert cancelled(emulator)
    assert caught.value.seacloud_task == {"model": MODEL, "request_id": emulator.tasks[0].request_id}


async def test_an_error_in_an_async_callback(emulator, queue):
    async def tell(status):
        await asyncio.sleep(0)
        raise_unwanted(status)

    with in_time(), pytest.raises(Unwanted):
        await queue.arun(MODEL, ARGUMENTS, on_update=tell)
    assert cancelled(emulator)


@FLAVOURS
@pytest.mark.parametrize("silent", [False, True], ids=["between questions", "within a question"])
def test_cancel_all_from_another_thread(emulator, queue, flavour, silent):
    if silent:
        emulator.faults.add(Fault(match=STATUS, delay=20))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(Flavoured(queue, flavour).run, MODEL, ARGUMENTS)
        assert emulator.wait_for(under_way)
        with in_time():
            assert cancel_all() == 1
            with pytest.raises(TaskCancelled, match="interrupted") as caught:
                waiting.result()
    assert cancelled(emulator)
    assert (caught.value.model, caught.value.task_id) == (MODEL, emulator.tasks[0].request_id)
    assert cancel_all() == 0


@FLAVOURS
def test_cancel_all_while_the_result_is_fetched(emulator, queue, flavour):
    emulator.configure(run_seconds=0)
    emulator.faults.add(Fault(match={"path": "/response"}, delay=20))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(Flavoured(queue, flavour).run, MODEL, ARGUMENTS, interval=0.05)
        assert emulator.wait_for(lambda emulator: any(r.path.endswith("/response") for r in emulator.requests))
        with in_time():
            assert cancel_all() == 1
            with pytest.raises(TaskCancelled, match="The task has finished: its result can still be fetched"):
                waiting.result()
    assert "PUT" not in {record.method for record in emulator.requests}


@FLAVOURS
def test_keep_leaves_it_running(emulator, queue, flavour):
    with pytest.raises(Unwanted):
        Flavoured(queue, flavour).run(MODEL, ARGUMENTS, on_update=raise_unwanted, on_interrupt="keep")
    assert [task.error_type for task in emulator.tasks] == [None]
    assert [record.method for record in emulator.requests] == ["POST"]


def test_a_closed_iterator(emulator, queue):
    task = queue.submit(MODEL, ARGUMENTS)
    with in_time():
        for status in task:
            assert not status.is_over
            break
    assert cancelled(emulator)


async def test_a_closed_async_iterator(emulator, queue):
    task = await queue.asubmit(MODEL, ARGUMENTS)
    with in_time():
        async with contextlib.aclosing(queue.awatch(task)) as statuses:
            async for status in statuses:
                assert not status.is_over
                break
    assert cancelled(emulator)


async def test_an_async_iterator_that_is_just_dropped(emulator, queue):
    """As long as the loop runs, that is: what is dropped at its very end, asyncio does not wait for."""
    with in_time():
        async for _ in await queue.asubmit(MODEL, ARGUMENTS):
            break
        assert await asyncio.to_thread(emulator.wait_for, cancelled, WITHIN)


async def started(emulator, coroutine):
    task = asyncio.create_task(coroutine)
    assert await asyncio.to_thread(emulator.wait_for, under_way)
    return task


@pytest.mark.parametrize("silent", [False, True], ids=["between questions", "within a question"])
async def test_asyncio_cancellation(emulator, queue, silent):
    if silent:
        emulator.faults.add(Fault(match=STATUS, delay=20))
    task = await started(emulator, queue.arun(MODEL, ARGUMENTS))
    with in_time():
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert cancelled(emulator)


async def test_asyncio_cancellation_twice(emulator, queue):
    """The second cancellation comes while the task is being cancelled at the service: that is not cut short."""
    emulator.faults.add(Fault(match={"method": "PUT"}, delay=0.5))
    task = await started(emulator, queue.arun(MODEL, ARGUMENTS))
    task.cancel()
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cancelled(emulator)


async def test_asyncio_wait_for(emulator, queue):
    with in_time(), pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(queue.arun(MODEL, ARGUMENTS), 1.0)
    assert cancelled(emulator)


@pytest.mark.parametrize("silent", [False, True], ids=["between questions", "within a question"])
async def test_anyio_cancellation(emulator, queue, silent):
    if silent:
        emulator.faults.add(Fault(match=STATUS, delay=20))
    with in_time(), anyio.move_on_after(1.0) as scope:
        await queue.arun(MODEL, ARGUMENTS)
    assert scope.cancelled_caught
    assert cancelled(emulator)


async def test_a_sibling_in_an_anyio_task_group_fails(emulator, queue):
    async def fail():
        await asyncio.to_thread(emulator.wait_for, under_way)
        raise Unwanted

    async def both():
        async with anyio.create_task_group() as group:
            group.start_soon(queue.arun, MODEL, ARGUMENTS)
            group.start_soon(fail)

    with in_time(), pytest.raises(BaseException, match="unhandled errors in a TaskGroup"):
        await both()
    assert cancelled(emulator)


@pytest.mark.parametrize("kind", ["asyncio", "anyio"])
async def test_cancelled_while_it_is_being_created(emulator, queue, kind):
    """The creation's answer is awaited a little longer, since it has the id by which the task can be cancelled."""
    emulator.faults.add(Fault(match=POST, delay=0.6))
    if kind == "asyncio":
        task = asyncio.create_task(queue.arun(MODEL, ARGUMENTS))
        await asyncio.sleep(0.3)
        task.cancel()
        with in_time(), pytest.raises(asyncio.CancelledError):
            await task
    else:
        with in_time(), anyio.move_on_after(0.3):
            await queue.arun(MODEL, ARGUMENTS)
    assert cancelled(emulator)


@pytest.mark.parametrize("moment", ["posting", "cancelling"])
def test_the_event_loop_ends(emulator, queue, moment):
    """`asyncio.run` cancels all tasks then: also those that make the calls of one that is waited for, and clean up."""
    emulator.faults.add(Fault(match=POST if moment == "posting" else {"method": "PUT"}, delay=0.6))

    def is_there(emulator):
        method = "POST" if moment == "posting" else "PUT"
        return any(record.method == method for record in emulator.requests)

    async def main():
        task = asyncio.create_task(queue.arun(MODEL, ARGUMENTS))
        if moment == "cancelling":
            assert await asyncio.to_thread(emulator.wait_for, under_way)
            task.cancel()
        assert await asyncio.to_thread(emulator.wait_for, is_there)
        raise Unwanted

    with in_time(), pytest.raises(Unwanted):
        asyncio.run(main())
    assert cancelled(emulator)


@FLAVOURS
def test_the_deadline_while_it_is_being_created(emulator, queue, flavour):
    emulator.faults.add(Fault(match=POST, delay=1.0))
    with in_time(), pytest.raises(TaskTimedOut, match=r"The task was cancelled\.") as caught:
        Flavoured(queue, flavour).run(MODEL, ARGUMENTS, timeout=0.4)
    assert cancelled(emulator)
    assert caught.value.task_id == emulator.tasks[0].request_id


def test_ctrl_c_when_the_post_has_just_begun(emulator, queue, monkeypatch):
    emulator.faults.add(Fault(match=POST, delay=0.3))
    start, begun = threading.Thread.start, []

    def interrupted_start(thread):
        start(thread)
        if thread.name == "seacloud-call" and not begun:
            begun.append(thread)
            raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupted_start)
    with in_time(), pytest.raises(KeyboardInterrupt) as caught:
        queue.run(MODEL, ARGUMENTS)
    assert cancelled(emulator)
    assert caught.value.seacloud_task == {"model": MODEL, "request_id": emulator.tasks[0].request_id}


@FLAVOURS
@pytest.mark.parametrize("step", ["run", "submit"])
def test_interrupted_while_it_is_being_created(emulator, queue, flavour, step):
    emulator.faults.add(Fault(match=POST, delay=0.6))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(getattr(Flavoured(queue, flavour), step), MODEL, ARGUMENTS)
        assert emulator.wait_for(lambda emulator: bool(emulator.requests))
        assert cancel_all() == 1
        with in_time(), pytest.raises(TaskCancelled):
            waiting.result()
    assert cancelled(emulator)


@FLAVOURS
def test_interrupted_while_it_is_being_created_and_kept(emulator, queue, flavour):
    emulator.faults.add(Fault(match=POST, delay=0.6))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(Flavoured(queue, flavour).submit, MODEL, ARGUMENTS, on_interrupt="keep")
        assert emulator.wait_for(lambda emulator: bool(emulator.requests))
        assert cancel_all() == 1
        with in_time(), pytest.raises(TaskCancelled, match="The task was left running") as caught:
            waiting.result()
    [task] = emulator.tasks
    assert (task.error_type, caught.value.task_id) == (None, task.request_id)
    assert [record.method for record in emulator.requests] == ["POST"]


@pytest.mark.parametrize("silent", [False, True], ids=["between questions", "within a question"])
@FLAVOURS
def test_cancel_all_reaches_an_iterator(emulator, queue, flavour, silent):
    async def iterate(task):
        return [status async for status in queue.awatch(task)]

    task = queue.submit(MODEL, ARGUMENTS)
    if silent:
        emulator.faults.add(Fault(match=STATUS, delay=20))
    watch = (lambda: list(queue.watch(task))) if flavour == "sync" else (lambda: asyncio.run(iterate(task)))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(watch)
        assert emulator.wait_for(under_way)
        with in_time():
            assert cancel_all() == 1
            with pytest.raises(TaskCancelled, match="interrupted") as caught:
                waiting.result()
    assert cancelled(emulator)
    assert (caught.value.model, caught.value.task_id) == (MODEL, task.request_id)


def test_what_is_left_at_the_exit_is_cancelled_once(emulator, queue):
    """An iterator that nobody goes on with: `_leave` is what Python calls when it ends."""
    statuses = queue.watch(queue.submit(MODEL, ARGUMENTS))
    next(statuses)
    with in_time():
        interrupts._leave()
    assert cancelled(emulator)
    statuses.close()
    assert cancelled(emulator)


def test_what_is_given_up_twice_is_cancelled_once(emulator, queue):
    statuses = queue.watch(queue.submit(MODEL, ARGUMENTS))
    next(statuses)
    interrupts._leave()
    interrupts._leave()
    assert cancelled(emulator)
    statuses.close()
    assert cancelled(emulator)


async def test_what_is_left_of_a_loop_at_the_exit_is_cancelled_once(emulator, queue):
    statuses = queue.awatch(await queue.asubmit(MODEL, ARGUMENTS))
    await anext(statuses)
    with in_time():
        interrupts._leave()
    assert cancelled(emulator)
    await statuses.aclose()
    assert cancelled(emulator)


def test_the_exit_does_not_wait_for_a_service_that_hangs(emulator, queue, monkeypatch):
    monkeypatch.setattr(lifecycle, "CANCEL_SECONDS", 0.2)
    monkeypatch.setattr(lifecycle, "CANCEL_ATTEMPT_SECONDS", 0.1)
    statuses = queue.watch(queue.submit(MODEL, ARGUMENTS))
    next(statuses)
    over = threading.Event()
    monkeypatch.setattr(queue._transport, "perform", lambda call: over.wait(20))
    with in_time():
        interrupts._leave()
    statuses.close()
    over.set()


def test_what_is_left_at_the_exit_and_kept_runs_on(emulator, queue):
    statuses = queue.watch(queue.submit(MODEL, ARGUMENTS), on_interrupt="keep")
    next(statuses)
    interrupts._leave()
    statuses.close()
    assert [record.method for record in emulator.requests] == ["POST", "GET"]


def test_the_exit_is_quiet_though_the_service_is_gone(emulator, queue):
    statuses = queue.watch(queue.submit(MODEL, ARGUMENTS))
    next(statuses)
    emulator.faults.add(Fault(match={"method": "PUT"}, status=500))
    interrupts._leave()
    statuses.close()
    assert [record.method for record in emulator.requests].count("PUT") == 1


@FLAVOURS
def test_interrupted_while_a_creation_is_not_answered(emulator, queue, flavour):
    emulator.faults.add(Fault(match=POST, delay=20))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(Flavoured(queue, flavour).submit, MODEL, ARGUMENTS)
        assert emulator.wait_for(lambda emulator: bool(emulator.requests))
        with in_time():
            cancel_all()
            with pytest.raises(SubmitOutcomeUnknown, match="may exist, run and be billed"):
                waiting.result()
    assert [record.method for record in emulator.requests] == ["POST"]


PROGRAM = """
import asyncio, sys
from seacloud_client.queue import Queue
tell = lambda status: print(status.status, flush=True)
queue = Queue()
arguments = {"prompt": "a cat"}
if sys.argv[1] == "sync":
    queue.run("nano_banana_2", arguments, on_update=tell)
else:
    asyncio.run(queue.arun("nano_banana_2", arguments, on_update=tell))
"""

THREADED = """
import sys, threading
from seacloud_client.interrupts import cancel_on_sigint
from seacloud_client.queue import Queue
tell = lambda status: print(status.status, flush=True)
with cancel_on_sigint(lambda count: print(f"cancelling {count}\\n", end="", flush=True)):
    thread = threading.Thread(target=lambda: Queue().run("nano_banana_2", {"prompt": "a cat"}, on_update=tell))
    thread.start()
    thread.join()
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("silent", [False, True], ids=["between questions", "within a question"])
@pytest.mark.parametrize("how", ["sync", "async", "thread"])
def test_a_real_sigint(emulator, how, silent):
    if silent:
        emulator.faults.add(Fault(match=STATUS, delay=30))
    with subprocess.Popen(
        [sys.executable, "-c", THREADED if how == "thread" else PROGRAM, how],
        env={**os.environ, "SEACLOUD_BASE_URL": emulator.url, "SEACLOUD_API_KEY": "sk-x"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert emulator.wait_for(under_way, 30)
            process.send_signal(signal.SIGINT)
            began = time.monotonic()
            assert emulator.wait_for(cancelled, WITHIN)
            out, err = process.communicate(timeout=10)
        finally:
            process.kill()
    assert time.monotonic() - began < WITHIN + 1
    assert out.startswith("IN_QUEUE")
    assert "KeyboardInterrupt" in err
    if sys.version_info >= (3, 11) and how == "sync":
        assert f"SeaCloud task {emulator.tasks[0].request_id} of {MODEL}: The task was cancelled." in err
    if how == "thread":
        assert "cancelling 1" in out


def test_many_threads_are_interrupted_at_once(emulator, queue):
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(queue.run, MODEL, ARGUMENTS) for _ in range(8)]
        assert emulator.wait_for(lambda emulator: len(emulator.tasks) == 8)
        with in_time():
            assert cancel_all() == 8
            for each in waiting:
                with pytest.raises(TaskCancelled):
                    each.result()
    assert [task.error_type for task in emulator.tasks] == ["CANCELED"] * 8


def test_no_threads_are_left(queue, emulator):
    before = {thread for thread in threading.enumerate() if thread.name == "seacloud-call"}
    emulator.configure(run_seconds=0.1)
    queue.run(MODEL, ARGUMENTS, interval=0.05)
    deadline = time.monotonic() + 2
    while new_threads(before) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not new_threads(before)


def new_threads(before):
    return {thread for thread in threading.enumerate() if thread.name == "seacloud-call"} - before
