"""Calls that wait their turn in an event loop."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest
from seacloud_client import throttle
from seacloud_client.errors import ConfigurationError, ConnectionFailed
from seacloud_client.flows import HttpCall
from seacloud_client.settings import Settings
from seacloud_client.throttle import ThrottledTransport


class Service:
    """Counts the calls that are under way, and lets each take a while."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.now = self.most = self.all = 0
        self.timeouts = []

    async def __call__(self, request):
        self.timeouts.append(request.extensions["timeout"]["read"])
        self.now += 1
        self.all += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.now -= 1
        return httpx.Response(200)


def throttled(service, most):
    client = httpx.AsyncClient(transport=httpx.MockTransport(service))
    return ThrottledTransport(
        Settings(base_url="https://x.test", timeout=40.0),
        http_client=None,
        http_async_client=client,
        max_connections=most,
    )


def call(timeout=5.0, method="GET"):
    return HttpCall(method=method, url="https://x.test/a", auth=None, timeout=timeout)


async def test_only_so_many_at_a_time():
    service = Service(0.01)
    transport = throttled(service, 3)
    answers = await asyncio.gather(*(transport.aperform(call()) for _ in range(20)))
    assert [answer.status for answer in answers] == [200] * 20
    assert (service.all, service.most) == (20, 3)


async def test_a_turn_that_does_not_come_is_a_call_that_was_not_sent():
    service = Service(20.0)
    transport = throttled(service, 1)
    first = asyncio.create_task(transport.aperform(call()))
    await asyncio.sleep(0.05)
    began = time.monotonic()
    with pytest.raises(ConnectionFailed) as caught:
        await transport.aperform(call(timeout=0.4))
    assert 0.2 <= time.monotonic() - began < 15
    assert caught.value.message == (
        "https://x.test/a was not asked: this process has 1 calls under way, and none ended in time. Nothing was sent. "
        "Wait for fewer tasks at a time, or raise max_connections."
    )
    assert service.all == 1
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first


@pytest.mark.parametrize(("timeout", "patience"), [(5.0, 2.5), (None, 20.0)])
async def test_a_turn_is_waited_for_half_of_a_calls_time(monkeypatch, timeout, patience):
    waits = []
    move_on_after = throttle.anyio.move_on_after
    monkeypatch.setattr(
        throttle.anyio, "move_on_after", lambda seconds: (waits.append(seconds), move_on_after(seconds))[1]
    )
    await throttled(Service(0.0), 1).aperform(call(timeout=timeout))
    assert waits[0] == patience  # what follows is the call


async def test_the_time_in_the_queue_is_a_part_of_a_calls_time():
    service = Service(0.3)
    transport = throttled(service, 1)
    await asyncio.gather(*(transport.aperform(call(timeout=20.0)) for _ in range(2)))
    first, second = service.timeouts
    assert 19.0 < first <= 20.0
    assert 10.0 < second <= 19.71


async def test_cancellations_do_not_wait_their_turn():
    service = Service(0.3)
    transport = throttled(service, 1)
    began = time.monotonic()
    await asyncio.gather(*(transport.aperform(call(1.5, "PUT")) for _ in range(40)))
    assert service.most == 40
    assert time.monotonic() - began < 5.0


async def test_turns_are_given_back():
    transport = throttled(Service(5.0), 1)
    for _ in range(3):
        task = asyncio.create_task(transport.aperform(call()))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    quick = throttled(Service(0.0), 1)
    assert (await quick.aperform(call())).status == 200
    transport._own_async_client = quick._own_async_client
    assert (await transport.aperform(call())).status == 200


def test_no_calls_at_a_time_are_too_few():
    with pytest.raises(ConfigurationError, match=r"^max_connections must be 1 or more; got 0\.$"):
        throttled(Service(0.0), 0)


def test_sync_calls_go_over_the_callers_client():
    with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(204))) as client:
        transport = ThrottledTransport(
            Settings(base_url="https://x.test"), http_client=client, http_async_client=None, max_connections=1
        )
        assert transport.perform(call()).status == 204


def test_each_loop_has_its_own_turns():
    service = Service(0.0)
    transport = throttled(service, 1)
    for _ in range(2):
        asyncio.run(transport.aperform(call()))
    assert service.all == 2
