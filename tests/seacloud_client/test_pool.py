"""The pools: shared by those who need the same, one async client a loop, closed with it, and nothing left behind."""

from __future__ import annotations

import asyncio
import gc
import os
import re
import signal
import socket
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from seacloud_client import pool
from seacloud_client.chat import ChatClient
from seacloud_client.conversation import Request, user
from seacloud_client.errors import ConfigurationError
from seacloud_client.folding import Fold
from seacloud_client.pool import ClientPool


class User:
    """Who uses a pool."""


ME, SOMEBODY_ELSE = User(), User()


@pytest.fixture
def fresh() -> ClientPool:
    """A pool that no other test has."""
    return ClientPool(proxy=None, transport="httpx")


def test_those_who_need_the_same_share_a_pool():
    one = ClientPool.shared()
    assert ClientPool.shared() is one
    assert ClientPool.shared(proxy="http://127.0.0.1:9") is not one
    assert ChatClient(api_key="a")._transport._pool is ChatClient(api_key="b", max_retries=7)._transport._pool


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "HTTPS_PROXY", "no_proxy"])
def test_a_changed_environment_gets_a_pool_of_its_own(name, monkeypatch):
    before = ClientPool.shared()
    monkeypatch.setenv(name, "elsewhere")
    assert ClientPool.shared() is not before
    monkeypatch.undo()
    assert ClientPool.shared() is before


@pytest.mark.parametrize("content", [None, "no PEM"], ids=["no file", "no certificates"])
@pytest.mark.parametrize("transport", ["httpx", "aiohttp"])
async def test_certificates_that_cannot_be_read_are_a_setting_that_makes_no_sense(
    content, transport, tmp_path, monkeypatch
):
    pytest.importorskip("aiohttp")
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    own = ClientPool.shared(transport=transport)
    with pytest.raises(
        ConfigurationError, match=r"Nothing was sent; check the environment's SSL_CERT_FILE \('.*ca.pem"
    ):
        own.client(ME)
    with pytest.raises(ConfigurationError, match="certificates of authorities cannot be read"):
        await own.async_client(ME)


def test_a_pool_goes_with_its_last_user():
    reference = weakref.ref(ClientPool.shared(proxy="http://127.0.0.1:19"))
    gc.collect()
    assert reference() is None


def test_the_sync_client_is_made_once_and_anew_after_closing(fresh):
    client = fresh.client(ME)
    assert fresh.client(ME) is client
    fresh.close(ME)
    assert client.is_closed
    assert fresh.client(ME) is not client
    fresh.close(ME)
    fresh.close(ME)


def test_the_sync_client_is_closed_with_its_pool():
    own = ClientPool(proxy=None, transport="httpx")
    client = own.client(ME)
    del own
    gc.collect()
    assert client.is_closed


def test_threads_share_one_sync_client(fresh):
    barrier = threading.Barrier(8, timeout=20)

    def take(_: int) -> int:
        barrier.wait()
        return id(fresh.client(ME))

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(take, range(8)))) == 1
    fresh.close(ME)


def test_each_loop_has_a_client_that_is_closed_with_it(fresh):
    async def take() -> httpx.AsyncClient:
        client = await fresh.async_client(ME)
        assert await fresh.async_client(ME) is client
        assert not client.is_closed
        return client

    clients = [asyncio.run(take()) for _ in range(5)]
    assert len({id(client) for client in clients}) == 5
    assert all(client.is_closed for client in clients)
    assert fresh._loops == {}


def test_loops_in_threads_do_not_share(fresh):
    barrier = threading.Barrier(4, timeout=20)

    async def take() -> int:
        client = await fresh.async_client(ME)
        await asyncio.to_thread(barrier.wait)
        return id(client)

    with ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(lambda _: asyncio.run(take()), range(4)))) == 4


async def test_tasks_of_a_loop_share(fresh):
    assert len({id(client) for client in await asyncio.gather(*(fresh.async_client(ME) for _ in range(50)))}) == 1
    await fresh.aclose(ME)


async def test_closing_closes_both_and_the_next_use_opens_anew(fresh):
    client, sync = await fresh.async_client(ME), fresh.client(ME)
    await fresh.aclose(ME)
    assert client.is_closed
    assert sync.is_closed
    again = await fresh.async_client(ME)
    assert again is not client
    await fresh.aclose(ME)


async def test_what_others_use_is_not_closed(fresh):
    client, sync = await fresh.async_client(ME), fresh.client(ME)
    assert fresh.client(SOMEBODY_ELSE) is sync
    await fresh.aclose(ME)
    fresh.close(ME)
    assert (client.is_closed, sync.is_closed) == (False, False)
    await fresh.aclose(SOMEBODY_ELSE)
    assert (client.is_closed, sync.is_closed) == (True, True)


def test_who_is_gone_uses_nothing(fresh):
    gone = User()
    sync = fresh.client(gone)
    fresh.client(ME)
    del gone
    gc.collect()
    fresh.close(ME)
    assert sync.is_closed


def test_closing_one_model_does_not_break_anothers_stream(seacloud_env):
    request = Request(model="gpt-4.1", messages=(user("Say a long sentence about the sea, please."),))
    one, other = ChatClient(), ChatClient()
    with closing(one.stream(request)) as stream:
        begun = [next(stream) for _ in range(3)]
        assert other.reply(request).text
        other.close()
        rest = list(stream)
    assert Fold().add_all([*begun, *rest]).reply().text == one.reply(request).text
    one.close()


def test_a_loop_that_was_not_shut_down_is_forgotten(fresh):
    loop = asyncio.new_event_loop()
    loop.run_until_complete(fresh.async_client(ME))
    loop.close()
    asyncio.run(fresh.async_client(ME))
    assert fresh._loops == {}


def test_loops_that_come_and_go_in_other_threads_meanwhile(fresh):
    class Loop:
        """One of a set that changes while it is looked at, as those of other threads do."""

        def is_closed(self) -> bool:
            fresh._loops[Loop()] = (None, None)
            return len(fresh._loops) > 10

    fresh._loops[Loop()] = (None, None)
    fresh._forget_closed_loops()
    assert len(fresh._loops) == 2
    fresh._loops.clear()


@pytest.fixture
def unseen():
    """Loops that see to no generators, as nest_asyncio's do."""

    async def client_of(own: ClientPool) -> httpx.AsyncClient:
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(None, None)
        try:
            return await own.async_client(ME)
        finally:
            sys.set_asyncgen_hooks(*hooks)

    return client_of


def test_a_loop_that_sees_to_no_generators_is_left_quietly(fresh, unseen):
    with closing(asyncio.new_event_loop()) as loop:
        client = loop.run_until_complete(unseen(fresh))
        fresh._loops.clear()  # as when the interpreter exits; a failure in there would be a warning, and so an error
        gc.collect()
        assert not client.is_closed
        loop.run_until_complete(client.aclose())


async def test_a_loop_that_sees_to_no_generators_closes_what_is_let_go(unseen):
    own = ClientPool(proxy=None, transport="httpx")
    client = await unseen(own)
    del own
    gc.collect()
    for _ in range(10):
        await asyncio.sleep(0)
    assert client.is_closed


async def test_closing_closes_in_a_loop_that_sees_to_no_generators(fresh, unseen):
    client = await unseen(fresh)
    await fresh.aclose(ME)
    assert client.is_closed
    assert fresh._loops == {}


def held() -> dict[str, int]:
    gc.collect()
    files = Path("/proc/self/fd")
    open_files = len(list(files.iterdir())) if files.is_dir() else 0
    return {"objects": len(gc.get_objects()), "files": open_files, "pools": len(pool._pools)}


def test_a_thousand_constructions_leave_nothing_behind():
    before = held()
    for number in range(1000):
        ChatClient(api_key=f"k-{number}", headers={"x-number": str(number)})
    after = held()
    assert after["objects"] - before.pop("objects") < 500
    assert before.items() <= after.items()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_does_not_share_its_parents_connections():
    own = ClientPool.shared()
    parents = own.client(ME)
    read, write = os.pipe()
    with own._lock:  # as another thread of the parent may
        child = os.fork()
    if child == 0:
        answer = b"nothing"
        try:  # whatever happens here, it is not a second pytest that goes on, nor a process that stands still
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(20)
            answer = b"own" if own.client(ME) is not parents and not parents.is_closed else b"shared"
        finally:
            os.write(write, answer)
            os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read, "rb") as answer:
        assert answer.read() == b"own"
    assert own.client(ME) is parents
    own.close(ME)


def test_no_cookie_is_kept(fresh):
    assert fresh.client(ME).cookies.jar._policy.allowed_domains() == ()
    fresh.close(ME)


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_proxy_is_asked():
    asked = []

    def answer(listening):
        connection, _ = listening.accept()
        with connection:
            asked.append(connection.recv(65536).split(b"\r\n")[0])
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=answer, args=(listening,), daemon=True).start()
        with_proxy = ClientPool(proxy=f"http://127.0.0.1:{listening.getsockname()[1]}", transport="httpx")
        assert with_proxy.client(ME).get("http://service.test/llm").text == "hi"
        with_proxy.close(ME)
    assert asked == [b"GET http://service.test/llm HTTP/1.1"]


@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.parametrize("transport", ["httpx", "aiohttp"])
async def test_a_proxy_is_asked_async(transport):
    asked = []

    async def answer(reader, writer):
        asked.append((await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0])
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        with_proxy = ClientPool(proxy=f"http://{host}:{port}", transport=transport)
        client = await with_proxy.async_client(ME)
        assert (await client.get("http://service.test/llm")).text == "hi"
        await with_proxy.aclose(ME)
    assert asked == [b"GET http://service.test/llm HTTP/1.1"]


@pytest.mark.parametrize("proxy", ["ftp://me:secret@127.0.0.1", "127.0.0.1:3128", "", "http://[::1", "http://a:x"])
def test_a_bad_proxy_is_an_error_that_does_not_show_it(proxy):
    with pytest.raises(ConfigurationError, match=r"^proxy must be an address") as caught:
        ChatClient(api_key="k", proxy=proxy)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("transport", ["httpx", "aiohttp"])
@pytest.mark.parametrize("variable", ["ALL_PROXY", "https_proxy"])
@pytest.mark.parametrize(
    "address",
    [
        "ftp://127.0.0.1",
        "http://me:hid#den@proxy.test:80",
        "http://me:hid/den@proxy.test:80",
        "http://[::1",
        "proxy.test:hidden",
        "socks4://me:1#hidden@proxy.test",
    ],
)
async def test_a_bad_proxy_of_the_environments_is_an_error_that_names_its_variable(
    fresh, monkeypatch, address, variable, transport
):
    pytest.importorskip("httpx_aiohttp")
    monkeypatch.setenv(variable, address)
    own = ClientPool(proxy=None, transport=transport)
    said = rf"^The proxy of the environment's {variable} cannot be used: it must be an address"
    with pytest.raises(ConfigurationError, match=said) as caught:
        own.client(ME)
    with pytest.raises(ConfigurationError, match=said) as caught_async:
        await own.async_client(ME)
    for error in (caught.value, caught_async.value):
        assert not {"hid", "hidden"} & set(re.split(r"\W+", str(error)))
        assert error.__suppress_context__


def test_a_package_that_the_callers_proxy_needs_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "socksio", None)
    with pytest.raises(ConfigurationError, match=r"^The proxy cannot be used: .*httpx\[socks\].* Check proxy\."):
        ClientPool(proxy="socks5://127.0.0.1:9", transport="httpx").client(ME)


def test_a_package_that_a_proxy_of_the_environments_needs_is_named(fresh, monkeypatch):
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    with pytest.raises(ConfigurationError, match=r"ALL_PROXY cannot be used: .*httpx\[socks\]"):
        fresh.client(ME)


@pytest.mark.parametrize(
    ("excepted", "url", "is_direct"),
    [
        ("fe80::/10,a.test", "https://a.test/", True),
        ("fe80::/10", "https://b.test/", False),
        ("[::1]:8080,a.test", "https://a.test/", True),
        ("[::1]:8080", "https://[::1]:8080/", True),
        ("[::1]:8080", "https://[::1]:8081/", False),
        ("[::1]", "https://[::1]:8081/", True),
        ("host:port,a.test", "https://a.test/", True),
        ("host:port", "https://host/", False),
        ("a.test:8443", "https://a.test:8443/", True),
        ("a.test:8443", "https://a.test/", False),
    ],
)
async def test_exceptions_from_a_proxy_are_read_or_left_out(fresh, monkeypatch, excepted, url, is_direct):
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", excepted)
    for client in (fresh.client(ME), await fresh.async_client(ME)):
        assert (client._transport_for_url(httpx.URL(url)) is client._transport) == is_direct
    await fresh.aclose(ME)


PROXY_VARIABLES = {
    "none": ({}, "https://a.test/", None),
    "of the scheme": ({"HTTPS_PROXY": "x:1"}, "https://a.test/", "HTTPS_PROXY"),
    "of another scheme": ({"HTTPS_PROXY": "x:1"}, "http://a.test/", None),
    "in small letters": ({"HTTP_PROXY": "x:1", "http_proxy": "x:2"}, "http://a.test/", "http_proxy"),
    "switched off in small letters": ({"HTTP_PROXY": "x:1", "http_proxy": ""}, "http://a.test/", None),
    "of all": ({"HTTP_PROXY": "x:1", "ALL_PROXY": "x:2"}, "https://a.test/", "ALL_PROXY"),
    "of the scheme before that of all": ({"all_proxy": "x:1", "HTTPS_PROXY": "x:2"}, "https://a.test/", "HTTPS_PROXY"),
    "not of an excepted host": ({"ALL_PROXY": "x:1", "NO_PROXY": "b.test,a.test"}, "https://a.test/", None),
    "of a host not excepted": ({"ALL_PROXY": "x:1", "NO_PROXY": "b.test"}, "https://a.test/", "ALL_PROXY"),
}


@pytest.mark.parametrize(("environment", "url", "named"), PROXY_VARIABLES.values(), ids=PROXY_VARIABLES.keys())
def test_the_variable_of_an_addresss_proxy(monkeypatch, environment, url, named):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert ClientPool(proxy=None, transport="httpx").proxy_variable(url) == named
    assert ClientPool(proxy="http://127.0.0.1:1", transport="httpx").proxy_variable(url) is None


async def test_a_missing_extra_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "httpx_aiohttp", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'seacloud-client\[fast\]'"):
        await ClientPool(proxy=None, transport="aiohttp").async_client(ME)
