"""Operations of several steps: the same flow, sync and async, and where its steps are done."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from seacloud_client.media_tools.steps import Flow, Step, aplay, blocking, play, quick

BOTH = pytest.mark.parametrize("flavour", ["sync", "async"])


def run(flow: Flow[Any], flavour: str) -> Any:
    return play(flow) if flavour == "sync" else asyncio.run(aplay(flow))


def told(word: str) -> Step:
    """A step that says which of its two ways was taken."""

    async def later() -> str:
        return f"{word} later"

    return Step(lambda: f"{word} now", later)


@BOTH
def test_answers_are_sent_in_order(flavour: str) -> None:
    def flow() -> Flow[list[str]]:
        first: str = yield told("one")
        second: str = yield told("two")
        return [first, second]

    when = "now" if flavour == "sync" else "later"
    assert run(flow(), flavour) == [f"one {when}", f"two {when}"]


@BOTH
def test_a_flow_of_no_steps(flavour: str) -> None:
    def flow() -> Flow[int]:
        yield from ()
        return 1

    assert run(flow(), flavour) == 1


@BOTH
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_a_step_raises_is_raised_where_it_was_yielded(flavour: str, error: type[BaseException]) -> None:
    def failing() -> None:
        raise error

    def flow() -> Flow[str]:
        try:
            yield quick(failing)
        except BaseException:  # noqa: BLE001  # the very thing that is tested
            answer: str = yield quick(lambda: "cleaned up")
            return answer
        pytest.fail("it was not raised")

    assert run(flow(), flavour) == "cleaned up"

    def careless() -> Flow[None]:
        yield quick(failing)

    with pytest.raises(error):
        run(careless(), flavour)


async def test_files_are_read_in_a_thread_and_quick_things_where_they_are() -> None:
    def flow() -> Flow[tuple[int, int]]:
        apart: int = yield blocking(threading.get_ident)
        here: int = yield quick(threading.get_ident)
        return apart, here

    apart, here = await aplay(flow())
    assert here == threading.get_ident() != apart
    assert play(flow()) == (here, here)


async def test_a_cancelled_flow_cleans_up() -> None:
    began, cleaned = asyncio.Event(), []

    async def wait() -> None:
        began.set()
        await asyncio.sleep(30)

    def flow() -> Flow[None]:
        try:
            yield Step(lambda: None, wait)
        except asyncio.CancelledError:
            yield quick(lambda: cleaned.append(1))
            raise

    task = asyncio.create_task(aplay(flow()))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cleaned == [1]
