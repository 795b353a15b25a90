"""Calls are spread over small pools, and come back to the first; the environment's proxies are httpx's own."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from httpx._utils import get_environment_proxies
from seacloud_client.spreading import POOL_SIZE, SpreadTransport, environment_mounts, environment_proxy

LIMITS = httpx.Limits(max_connections=3 * POOL_SIZE, max_keepalive_connections=100, keepalive_expiry=5.0)


class Body(httpx.AsyncByteStream):
    def __init__(self) -> None:
        self.closed = False

    async def __aiter__(self):
        yield b"x"

    async def aclose(self) -> None:
        self.closed = True


class Pool(httpx.AsyncBaseTransport):
    """A pool that answers when it is told to."""

    def __init__(self, limits: httpx.Limits) -> None:
        self.limits = limits
        self.seen = 0
        self.closed = False
        self.go = asyncio.Event()
        self.go.set()
        self.fails = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen += 1
        await self.go.wait()
        if self.fails:
            raise httpx.ConnectError("no")
        return httpx.Response(200, stream=Body())

    async def aclose(self) -> None:
        self.closed = True


@pytest.fixture
def pools() -> list[Pool]:
    return []


@pytest.fixture
def client(pools: list[Pool]) -> httpx.AsyncClient:
    def make(limits: httpx.Limits) -> Pool:
        pools.append(Pool(limits))
        return pools[-1]

    return httpx.AsyncClient(transport=SpreadTransport(make, LIMITS), base_url="http://x.test")


async def test_calls_one_after_the_other_use_one_pool(client: httpx.AsyncClient, pools: list[Pool]) -> None:
    for _ in range(5 * POOL_SIZE):
        assert (await client.get("/")).text == "x"
    assert [pool.seen for pool in pools] == [5 * POOL_SIZE]
    limits = pools[0].limits
    assert (limits.max_connections, limits.max_keepalive_connections, limits.keepalive_expiry) == (
        POOL_SIZE,
        POOL_SIZE,
        5.0,
    )


async def test_an_open_answer_is_a_call_that_is_not_over(client: httpx.AsyncClient, pools: list[Pool]) -> None:
    opened = [await client.send(client.build_request("GET", "/"), stream=True) for _ in range(POOL_SIZE + 1)]
    assert [pool.seen for pool in pools] == [POOL_SIZE, 1]
    for response in opened:
        await response.aclose()
        await response.aclose()  # closing twice ends the call once
    for _ in range(POOL_SIZE):
        await client.get("/")
    assert [pool.seen for pool in pools] == [2 * POOL_SIZE, 1]


async def test_a_body_that_is_closed_twice_ends_its_call_once(pools: list[Pool]) -> None:
    """httpx closes it once; who uses the transport without httpx's client need not."""
    transport = SpreadTransport(lambda limits: pools.append(Pool(limits)) or pools[-1], LIMITS)
    answers = [await transport.handle_async_request(httpx.Request("GET", "http://x.test")) for _ in range(POOL_SIZE)]
    await answers[0].stream.aclose()
    await answers[0].stream.aclose()
    for _ in range(2):  # one place is free, and not two
        await transport.handle_async_request(httpx.Request("GET", "http://x.test"))
    assert [pool.seen for pool in pools] == [POOL_SIZE + 1, 1]
    await transport.aclose()


async def test_an_answer_that_is_here_already_is_a_call_that_is_over(pools: list[Pool]) -> None:
    class Whole(httpx.SyncByteStream):
        def __iter__(self):
            yield b"x"

    class Ready(Pool):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            self.seen += 1
            return httpx.Response(200, stream=Whole())

    transport = SpreadTransport(lambda limits: pools.append(Ready(limits)) or pools[-1], LIMITS)
    for _ in range(POOL_SIZE + 1):
        await transport.handle_async_request(httpx.Request("GET", "http://x.test"))
    assert [pool.seen for pool in pools] == [POOL_SIZE + 1]
    await transport.aclose()


async def test_failed_calls_are_over(client: httpx.AsyncClient, pools: list[Pool]) -> None:
    pools[0].fails = True
    for _ in range(2 * POOL_SIZE):
        with pytest.raises(httpx.ConnectError):
            await client.get("/")
    assert len(pools) == 1


async def test_cancelled_calls_are_over(client: httpx.AsyncClient, pools: list[Pool]) -> None:
    pools[0].go.clear()
    calls = [asyncio.create_task(client.get("/")) for _ in range(POOL_SIZE)]
    await asyncio.sleep(0)
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    pools[0].go.set()
    await client.get("/")
    assert len(pools) == 1


async def test_more_calls_than_connections_wait_in_the_emptiest_pool(
    client: httpx.AsyncClient, pools: list[Pool]
) -> None:
    opened = [await client.send(client.build_request("GET", "/"), stream=True) for _ in range(3 * POOL_SIZE)]
    more = [await client.send(client.build_request("GET", "/"), stream=True) for _ in range(3)]
    assert [pool.seen for pool in pools] == [POOL_SIZE + 1] * 3
    for response in (*opened, *more):
        await response.aclose()


async def test_closing_closes_all(client: httpx.AsyncClient, pools: list[Pool]) -> None:
    opened = [await client.send(client.build_request("GET", "/"), stream=True) for _ in range(POOL_SIZE + 1)]
    for response in opened:
        await response.aclose()
    await client.aclose()
    assert [pool.closed for pool in pools] == [True, True]


async def test_the_end_of_a_block_closes_all(client: httpx.AsyncClient, pools: list[Pool]) -> None:
    async with client:
        assert (await client.get("/")).text == "x"
        assert [pool.closed for pool in pools] == [False]
    assert [pool.closed for pool in pools] == [True]


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"HTTP_PROXY": "http://127.0.0.1:1", "HTTPS_PROXY": "127.0.0.1:2"},
        {"ALL_PROXY": "http://127.0.0.1:3", "NO_PROXY": "localhost,127.0.0.1,.x.test,y.test,::1, http://z.test"},
        {"ALL_PROXY": "http://127.0.0.1:3", "NO_PROXY": "x.test,*"},
        {"NO_PROXY": "x.test"},
    ],
)
def test_the_environment_is_read_as_httpx_reads_it(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
        if name in environment:
            monkeypatch.setenv(name, environment[name])
    made: dict[httpx.AsyncBaseTransport, str] = {}

    def make(address: str) -> httpx.AsyncBaseTransport:
        transport = httpx.AsyncBaseTransport()
        made[transport] = address
        return transport

    with httpx.Client() as client:
        for url in (
            "http://a.test/",
            "https://a.test/",
            "http://localhost:1",
            "https://b.x.test:8443",
            "https://[::1]/",
        ):
            by_proxy = environment_proxy(url) is not None
            assert by_proxy == (client._transport_for_url(httpx.URL(url)) is not client._transport)
    mounts = environment_mounts(make)
    ours = {pattern: None if transport is None else made[transport] for pattern, transport in mounts.items()}
    theirs = dict(get_environment_proxies())
    used = theirs if any(theirs.values()) else {}  # exceptions from no proxy at all
    assert ours == used
