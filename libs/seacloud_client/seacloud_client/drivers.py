"""The two drivers of flows, sync and async: the code that is written twice, short enough to compare by eye."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeAlias, TypeVar

import anyio

from seacloud_client.errors import SeaCloudError
from seacloud_client.flows import Flow, HttpCall, Step
from seacloud_client.interrupts import Interrupted, Interruption
from seacloud_client.transport import Transport

T = TypeVar("T")

CLEAN_UP_SECONDS = 5.0
"""How long cleaning up after an interruption (cancelling a task, say) may take."""

CleanUp: TypeAlias = Callable[[BaseException], "Flow[None] | None"]
"""Makes the flow that cleans up after a cause, or `None` where there is nothing to do. The flow raises nothing of its
own but, if need be, the error that is to take the cause's place."""


def drive(flow: Flow[T], transport: Transport, interruption: Interruption | None = None) -> T:
    """Runs a flow to its end. `interruption` can end its waits, and so the flow, from another thread."""
    try:
        step = next(flow)
        while True:
            try:
                answer = _take(step, transport, interruption)
            except (SeaCloudError, Interrupted) as error:
                step = flow.throw(error)
            else:
                step = flow.send(answer)
    except StopIteration as end:
        value: T = end.value
        return value
    finally:
        flow.close()


def _take(step: Step, transport: Transport, interruption: Interruption | None) -> Any:
    if isinstance(step, HttpCall):
        return transport.perform(step)
    return time.sleep(step.seconds) if interruption is None else interruption.wait(step.seconds)


@contextmanager
def cleaning_up(clean_up: CleanUp, transport: Transport) -> Iterator[None]:
    """Runs a clean-up flow when the block is left by any exception: an error, Ctrl-C, a generator that is closed."""
    try:
        yield
    except BaseException as cause:
        flow = clean_up(cause)
        if flow is not None:
            drive(flow, transport)
        raise


async def adrive(flow: Flow[T], transport: Transport, interruption: Interruption | None = None) -> T:
    """`drive`, async."""
    try:
        step = next(flow)
        while True:
            try:
                answer = await _atake(step, transport, interruption)
            except (SeaCloudError, Interrupted) as error:
                step = flow.throw(error)
            else:
                step = flow.send(answer)
    except StopIteration as end:
        value: T = end.value
        return value
    finally:
        flow.close()


async def _atake(step: Step, transport: Transport, interruption: Interruption | None) -> Any:
    if isinstance(step, HttpCall):
        return await transport.aperform(step)
    return await (anyio.sleep(step.seconds) if interruption is None else interruption.wait_async(step.seconds))


@asynccontextmanager
async def acleaning_up(clean_up: CleanUp, transport: Transport) -> AsyncIterator[None]:
    """`cleaning_up`, async: also after cancellation, asyncio's or anyio's."""
    try:
        yield
    except BaseException as cause:
        flow = clean_up(cause)
        if flow is not None:
            # anyio's cancellation is level-triggered: without the shield, each await in here would be cancelled again.
            with anyio.move_on_after(CLEAN_UP_SECONDS, shield=True):
                await adrive(flow, transport)
        raise
