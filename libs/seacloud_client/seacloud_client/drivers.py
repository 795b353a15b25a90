"""The two drivers of flows, sync and async: the code that is written twice, short enough to compare by eye.

A driver without an `Interruption` makes calls where it runs. With one it is the driver of something that people wait
for, and keeps two promises that httpx's timeouts cannot:

- No call lasts longer than its `timeout`, resolving the name and an answer that drips in included, and Ctrl-C, a
  cancellation or the interruption end the wait for it at once. So each call is made apart: in a thread, or in a task of
  the event loop. (asyncio's and httpx's own cancellation would do for the latter, but for the next point.)
- An answer that is needed in order to clean up (`HttpCall.on_answer`: the id of a task that was just posted) is waited
  for a little longer, though the wait was interrupted.
"""

from __future__ import annotations

import asyncio
import contextvars
import math
import sys
import threading
import time
from asyncio import _unregister_task
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Protocol, TypeAlias, TypeVar

import anyio

from seacloud_client.errors import SeaCloudError, TimedOut
from seacloud_client.flows import Flow, HttpAnswer, HttpCall, Sleep
from seacloud_client.interrupts import CLEAN_UP_SECONDS, Interrupted, Interruption, wait_for, waker
from seacloud_client.threads import running_loop

T = TypeVar("T")

SALVAGE_SECONDS = 2.0
"""How much of the time for cleaning up may go to waiting for an answer that is needed in order to clean up."""

MARGIN = 0.5
"""Seconds beyond a call's timeout that httpx has for saying itself what timed out, which it knows better."""

Errors: TypeAlias = type[BaseException] | tuple[type[BaseException], ...]

OURS: Errors = (SeaCloudError, Interrupted)
"""The errors of a step that a flow sees where it yielded the step. By others, and by Ctrl-C, it is closed."""

CleanUp: TypeAlias = Callable[[BaseException], "Flow[None] | None"]
"""Makes the flow that cleans up after a cause, or `None` where there is nothing to do. The flow raises nothing of its
own but, if need be, the error that is to take the cause's place."""


class Performer(Protocol):
    """What does the steps of a flow that are not waits, such as a `Transport`."""

    def perform(self, step: Any, /) -> Any:
        """Does a step."""

    async def aperform(self, step: Any, /) -> Any:
        """Does a step, async."""


def drive(
    flow: Generator[Any, Any, T],
    performer: Performer,
    interruption: Interruption | None = None,
    *,
    seen: Errors = OURS,
) -> T:
    """Runs a flow to its end.

    Args:
        flow: what is to be done.
        performer: does its steps.
        interruption: can end its waits, and so the flow, from another thread.
        seen: which errors of a step are the flow's to handle.
    """
    try:
        step = next(flow)
        while True:
            try:
                answer = _take(step, performer, interruption)
            except seen as error:
                step = flow.throw(error)
            else:
                step = flow.send(answer)
    except StopIteration as end:
        value: T = end.value
        return value
    finally:
        flow.close()


def _take(step: Any, performer: Performer, interruption: Interruption | None) -> Any:
    if isinstance(step, Sleep):
        return time.sleep(step.seconds) if interruption is None else interruption.wait(step.seconds)
    if interruption is None or not isinstance(step, HttpCall):
        return performer.perform(step)
    return _perform_apart(step, performer, interruption)


def _perform_apart(call: HttpCall, performer: Performer, interruption: Interruption) -> HttpAnswer:
    if interruption.is_set:
        raise Interrupted
    answer: Future[HttpAnswer] = Future()
    over = threading.Event()
    answer.add_done_callback(lambda _: over.set())
    try:
        _begin(answer, call, performer)  # in here, since Ctrl-C may come when the thread has just started
        with interruption.waking(over.set):
            wait_for(over, _limit(call))
        if answer.done():
            return answer.result()
        raise _reason(call, interruption)
    except BaseException as cause:
        wait_for(_done(answer), _patience(call, cause))
        raise


def _begin(answer: Future[HttpAnswer], call: HttpCall, performer: Performer) -> None:
    context = contextvars.copy_context()  # tracing finds its span there
    work = (_settle, answer, call, performer)
    thread = threading.Thread(target=context.run, args=work, name="seacloud-call", daemon=True)
    try:
        _refuse_when_finalizing()
        thread.start()
    except RuntimeError:  # the interpreter is shutting down, and starts no threads any more
        _settle(answer, call, performer)


def _refuse_when_finalizing() -> None:
    """Raises what Python 3.12 does. Before that, a thread is started then, but never runs, and `start` waits for it."""
    if sys.is_finalizing():
        raise RuntimeError


def _done(answer: Future[HttpAnswer]) -> threading.Event:
    done = threading.Event()
    answer.add_done_callback(lambda _: done.set())
    return done


def _settle(future: Future[HttpAnswer], call: HttpCall, performer: Performer) -> None:
    try:
        answer = performer.perform(call)
        _tell(call, answer)
    except BaseException as error:  # noqa: BLE001  # it is raised where the answer is waited for
        future.set_exception(error)
    else:
        future.set_result(answer)


@contextmanager
def cleaning_up(clean_up: CleanUp, performer: Performer) -> Iterator[None]:
    """Runs a clean-up flow when the block is left by any exception: an error, Ctrl-C, a generator that is closed."""
    try:
        yield
    except BaseException as cause:
        flow = clean_up(cause)
        if flow is not None:
            drive(flow, performer, Interruption())
        raise


async def adrive(
    flow: Generator[Any, Any, T],
    performer: Performer,
    interruption: Interruption | None = None,
    *,
    seen: Errors = OURS,
) -> T:
    """`drive`, async."""
    try:
        step = next(flow)
        while True:
            try:
                answer = await _atake(step, performer, interruption)
            except seen as error:
                step = flow.throw(error)
            else:
                step = flow.send(answer)
    except StopIteration as end:
        value: T = end.value
        return value
    finally:
        flow.close()


async def _atake(step: Any, performer: Performer, interruption: Interruption | None) -> Any:
    if isinstance(step, Sleep):
        return await (anyio.sleep(step.seconds) if interruption is None else interruption.wait_async(step.seconds))
    if interruption is None or not isinstance(step, HttpCall):
        return await performer.aperform(step)
    return await _aperform_apart(step, performer, interruption)


async def _aperform_apart(call: HttpCall, performer: Performer, interruption: Interruption) -> HttpAnswer:
    if interruption.is_set:
        raise Interrupted
    answer = _started(_asettle(call, performer))
    over = asyncio.Event()
    answer.add_done_callback(lambda _: over.set())
    try:
        with interruption.waking(waker(over.set)), anyio.move_on_after(_limit(call)):
            await over.wait()
        if answer.done():
            return answer.result()
        raise _reason(call, interruption)
    except BaseException as cause:
        await shielded(_give_up(answer, _patience(call, cause)))
        raise


def _started(coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """A task that `asyncio.run` does not cancel when it ends, as it does all others, those who wait for this one too.

    They clean up, need this one for that, and end it themselves; `asyncio.run` waits for them. So it is taken off the
    list of tasks, by the call that asyncio documents for that ("Extending"). Timeouts within it work as ever.
    """
    task = asyncio.get_running_loop().create_task(coroutine)
    _unregister_task(task)
    return task


async def _asettle(call: HttpCall, performer: Performer) -> HttpAnswer:
    answer: HttpAnswer = await performer.aperform(call)
    _tell(call, answer)
    return answer


async def _give_up(answer: asyncio.Future[HttpAnswer], patience: float) -> None:
    await asyncio.wait({answer}, timeout=patience)
    answer.cancel()
    await asyncio.wait({answer})  # it closes its connection
    if not answer.cancelled():
        answer.exception()  # asyncio complains of an exception that nobody looked at


@asynccontextmanager
async def acleaning_up(clean_up: CleanUp, performer: Performer) -> AsyncIterator[None]:
    """`cleaning_up`, async: also after cancellation, asyncio's or anyio's.

    Raises:
        ConfigurationError: if no event loop of asyncio is running, before anything is done.
    """
    running_loop()
    try:
        yield
    except BaseException as cause:
        flow = clean_up(cause)
        if flow is not None:
            await shielded(adrive(flow, performer, Interruption()))
        raise


async def shielded(coroutine: Coroutine[Any, Any, None], seconds: float = CLEAN_UP_SECONDS) -> None:
    """Runs a coroutine to its end, or so many seconds, whatever is cancelled meanwhile.

    It runs in a task of its own, which asyncio's cancellation does not reach, and is waited for in a shielded scope,
    since anyio's cancellation is level-triggered: without the shield each await in here would be cancelled again.
    """
    loop = asyncio.get_running_loop()
    task = _started(coroutine)
    until = loop.time() + seconds
    cancellation: asyncio.CancelledError | None = None
    with anyio.CancelScope(shield=True):
        while not task.done() and (left := until - loop.time()) > 0:
            try:
                await asyncio.wait({task}, timeout=left)
            except asyncio.CancelledError as error:
                cancellation = error
        if not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=MARGIN)
    failure = task.exception() if task.done() and not task.cancelled() else None
    if cancellation is not None:
        raise cancellation
    if failure is not None:
        raise failure


def _tell(call: HttpCall, answer: HttpAnswer) -> None:
    if call.on_answer is not None:
        call.on_answer(answer)


def _limit(call: HttpCall) -> float:
    return math.inf if call.timeout is None else call.timeout + MARGIN


def _reason(call: HttpCall, interruption: Interruption) -> Exception:
    """Why the wait for a call's answer ended without one."""
    if interruption.is_set:
        return Interrupted()
    return TimedOut(f"{call.url} did not answer within {call.timeout:g} seconds. It may still have done the work.")


def _patience(call: HttpCall, cause: BaseException) -> float:
    """The seconds for which an answer is still waited for, after the wait for it ended."""
    return SALVAGE_SECONDS if call.on_answer is not None and not isinstance(cause, TimedOut) else 0.0
