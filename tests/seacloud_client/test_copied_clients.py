"""Copies of clients and their pickles: the process's connections for each, and the key in no pickle."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from seacloud_client import Chat, Queue
from seacloud_client.catalogue import Catalogue
from seacloud_client.chat import ChatClient
from seacloud_client.conversation import Request, user
from seacloud_client.downloads import Downloader
from seacloud_client.settings import Settings
from seacloud_emulator import Emulator

KEY = "a-key-that-nobody-may-see"

MAKERS: dict[str, Callable[..., Any]] = {
    "Chat": lambda **options: Chat("gpt-4.1", api_key=KEY, **options),
    "ChatClient": lambda **options: ChatClient(api_key=KEY, **options),
    "Queue": lambda **options: Queue(api_key=KEY, **options),
    "Catalogue": lambda **options: Catalogue(api_key=KEY, contracts_url="http://127.0.0.1:9", **options),
    "Downloader": lambda **options: Downloader(Settings.resolve("model", api_key=KEY), **options),
}


@pytest.fixture(params=MAKERS.values(), ids=MAKERS.keys())
def make(request: pytest.FixtureRequest) -> Callable[..., Any]:
    return request.param


def repeated(pickled: bytes) -> Any:
    return pickle.loads(pickled)  # noqa: S301  # our own pickle


def test_a_pickle_holds_no_key_and_its_copy_takes_the_one_of_its_environment(make, monkeypatch):
    pickled = pickle.dumps(make())
    assert KEY.encode() not in pickled
    monkeypatch.setenv("SEACLOUD_API_KEY", "another")
    assert type(repeated(pickled)) is type(make())


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy], ids=["copy", "deepcopy"])
def test_copies_share_a_client_of_the_callers_own(make, duplicate):
    with httpx.Client() as client:
        copied = duplicate(make(http_client=client))
        holder = copied if isinstance(copied, Downloader) else getattr(copied, "client", copied)._transport
        assert holder._own_client is client


def test_a_client_of_the_callers_own_is_not_pickled(make):
    with httpx.Client() as client:
        own = make(http_client=client)
        with pytest.raises(TypeError, match=r"^http_client and http_async_client cannot be pickled"):
            pickle.dumps(own)


@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, lambda client: repeated(pickle.dumps(client))],
    ids=["copy", "deep", "pickle"],
)
async def test_copies_work(seacloud_env: Emulator, duplicate):
    client, queue = duplicate(ChatClient(timeout=30.0)), duplicate(Queue(max_connections=3))
    request = Request(model="gpt-4.1", messages=(user("hi"),))
    assert client.settings.timeout == 30.0
    assert client.reply(request).text
    assert (await client.areply(request)).text
    result = await queue.arun("nano_banana_2", {"prompt": "a cat"})
    assert await result.outputs[0].aread()
    assert queue._transport._most == 3
    await client.aclose()
    await queue.aclose()


def test_closing_a_copy_does_not_close_what_the_first_uses(seacloud_env: Emulator, monkeypatch):
    monkeypatch.setattr("seacloud_client.pool._pools", {})  # clients that other tests left use the process's own
    client = ChatClient()
    copied = copy.deepcopy(client)
    request = Request(model="gpt-4.1", messages=(user("hi"),))
    assert client.reply(request).text == copied.reply(request).text
    connections = client._transport._pool.client(client._transport)
    copied.close()
    assert not connections.is_closed
    client.close()
    assert connections.is_closed
