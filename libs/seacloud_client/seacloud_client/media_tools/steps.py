"""Operations of several steps, written once for sync and async: a generator yields steps and is sent their answers.

What a step raises, the generator sees where it yielded it, cancellation and Ctrl-C included. A step that is yielded
after that must look after itself: one that writes to the journal does (`seacloud_client.threads`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from seacloud_client.drivers import adrive, drive
from seacloud_client.flows import Sleep
from seacloud_client.interrupts import Interruption, registered
from seacloud_client.threads import in_thread

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do.

    Attributes:
        now: does it, in sync code.
        later: does it, in async code.
    """

    now: Callable[[], Any]
    later: Callable[[], Awaitable[Any]]


Flow: TypeAlias = Generator[Step | Sleep, Any, T]


def blocking(work: Callable[[], Any]) -> Step:
    """A step that reads or writes a file: in async code it is done in a thread, to its end."""
    return Step(work, lambda: in_thread(work))


def quick(work: Callable[[], Any]) -> Step:
    """A step that takes no time: it is done where it is yielded."""

    async def later() -> Any:
        return work()

    return Step(work, later)


def pause(seconds: float) -> Step:
    """A wait that `interrupts.cancel_all` ends, by `Interrupted`."""

    def now() -> None:
        with registered(Interruption()) as interruption:
            interruption.wait(seconds)

    async def later() -> None:
        with registered(Interruption()) as interruption:
            await interruption.wait_async(seconds)

    return Step(now, later)


class _Doer:
    """Does steps. A flow sees all that they raise."""

    def perform(self, step: Step, /) -> Any:
        return step.now()

    async def aperform(self, step: Step, /) -> Any:
        return await step.later()


def play(flow: Flow[T]) -> T:
    """Does the steps, and gives what the flow gives."""
    return drive(flow, _Doer(), seen=BaseException)


async def aplay(flow: Flow[T]) -> T:
    """`play`, async."""
    return await adrive(flow, _Doer(), seen=BaseException)
