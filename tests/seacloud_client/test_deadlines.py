"""A flow that keeps a deadline, driven without a clock."""

from __future__ import annotations

import pytest
from flow_driver import World, answer
from seacloud_client.deadlines import until
from seacloud_client.errors import ServerError, TaskTimedOut
from seacloud_client.flows import HttpCall, Sleep

CALL = HttpCall(method="GET", url="https://x.test/a", auth="Key")
OK = answer({})


def late():
    return TaskTimedOut("Too late.")


def run(flow, seconds, *answers, **options):
    """Runs a flow that has so many seconds, and gives the world, too."""
    world = World(*answers, **options)
    return world, world.run(until(flow, world.time + seconds, world.now, late))


def one(step):
    return (yield step)


def test_what_has_time_enough_is_left_as_it_is():
    def flow():
        yield Sleep(1.5)
        return (yield from one(HttpCall(method="GET", url=CALL.url, auth="Key", timeout=3.0)))

    world, value = run(flow(), 100.0, OK)
    assert value is OK
    assert world.sleeps == [1.5]
    assert [call.timeout for call in world.calls] == [3.0]


@pytest.mark.parametrize("timeout", [None, 30.0])
def test_a_call_has_no_longer_than_what_is_left(timeout):
    call = HttpCall(method="GET", url=CALL.url, auth="Key", timeout=timeout)
    world, _ = run(one(call), 2.5, OK)
    assert [made.timeout for made in world.calls] == [2.5]
    assert world.calls[0].url == CALL.url


def test_a_wait_is_no_longer_than_what_is_left_and_then_it_is_late():
    def flow():
        yield Sleep(7.0)
        yield Sleep(7.0)
        yield CALL

    world = World(OK)
    with pytest.raises(TaskTimedOut, match="Too late"):
        world.run(until(flow(), world.time + 10.0, world.now, late))
    assert world.sleeps == [7.0, 3.0]
    assert world.calls == []


def test_a_step_that_is_neither_is_handed_on():
    step = object()
    flow = until(one(step), 10.0, lambda: 0.0, late)
    assert next(flow) is step
    with pytest.raises(StopIteration) as end:
        flow.send("done")
    assert end.value.value == "done"


def test_our_errors_go_into_the_flow():
    def flow():
        try:
            yield CALL
        except ServerError:
            return (yield CALL)

    world, value = run(flow(), 10.0, ServerError("busy"), OK)
    assert value is OK
    assert len(world.calls) == 2


def test_the_flow_is_closed_when_it_is_late():
    closed = []

    def flow():
        try:
            yield Sleep(5.0)
            yield CALL
        finally:
            closed.append(True)

    clock = iter([0.0, 5.0])
    late_one = until(flow(), 5.0, lambda: next(clock), late)
    assert next(late_one) == Sleep(5.0)
    with pytest.raises(TaskTimedOut):
        next(late_one)
    assert closed == [True]
