"""A flow that keeps a deadline, whatever it does."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any, TypeVar

from seacloud_client.drivers import MARGIN, SALVAGE_SECONDS
from seacloud_client.errors import SeaCloudError
from seacloud_client.flows import HttpCall, Sleep
from seacloud_client.interrupts import Interrupted

T = TypeVar("T")


def until(
    flow: Generator[Any, Any, T], deadline: float, now: Callable[[], float], late: Callable[[], Exception]
) -> Generator[Any, Any, T]:
    """Runs a flow, with each wait and each call cut to the time that is left.

    A call whose answer is needed in order to clean up gets the time for that besides, as it does after an interruption:
    it was sent, and without its answer nobody could undo what it did.

    Args:
        flow: what is to be done.
        deadline: by when, on the clock of `now`.
        now: the clock, in seconds.
        late: makes the error to raise when the time is over and the flow is not.
    """
    try:
        step = next(flow)
        while True:
            left = deadline - now()
            if left <= 0:
                raise late()
            try:
                answer = yield _cut(step, left)
            except (SeaCloudError, Interrupted) as error:
                step = flow.throw(error)
            else:
                step = flow.send(answer)
    except StopIteration as end:
        value: T = end.value
        return value
    finally:
        flow.close()


def _cut(step: Any, left: float) -> Any:
    if isinstance(step, Sleep):
        return Sleep(min(step.seconds, left))
    if isinstance(step, HttpCall):
        left += 0.0 if step.on_answer is None else SALVAGE_SECONDS - MARGIN  # the driver adds the margin
        return replace(step, timeout=left if step.timeout is None else min(step.timeout, left))
    return step
