"""Answers that are not what they should be: each is read or is an error of ours, in bounded time."""

from __future__ import annotations

import json
import pickle
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import httpx
import pytest
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_seacloud import ChatSeaCloud
from llama_index.core.base.llms.types import ChatMessage
from llamaindex_seacloud import SeaCloud
from seacloud_client.errors import SeaCloudError
from seacloud_client.flows import HttpAnswer
from seacloud_client.folding import Fold
from seacloud_client.protocols import get_protocol
from seacloud_client.queue import Queue
from seacloud_client.streams import StreamReader, read_reply

from reliability.hostile import ERRORS, HOSTILE, REPLIES, STREAMS, TASK_ANSWERS, spoiled, spoiled_streams, stream_of
from reliability.operations import BY_NAME, HOST, KEY, PROTOCOLS, clients_of

pytestmark = pytest.mark.heavy

ROOT = f"https://{HOST}"
SECONDS = 10.0
"""What one answer may take to be read, whatever is in it: it takes milliseconds, and minutes where it is quadratic."""

FEW = tuple(token for token in HOSTILE if len(token) < 500)
SAMPLE = 15
"""Of the adapters' cases each fifteenth is tried in the short run; `make long` tries all."""


def read_within(seconds: float, read: Callable[[], Any]) -> Any:
    """What is read; `None` if it is refused in our words. Anything else is not allowed."""
    begun = time.monotonic()
    found = None
    try:
        found = read()
    except SeaCloudError as error:
        check(error)
    assert time.monotonic() - begun < seconds
    return found


def check(error: SeaCloudError) -> None:
    """It can be shown and kept."""
    pickle.dumps(error)
    assert 0 < len(str(error)) < 3000


def fold(protocol: str, body: bytes) -> Any:
    reader = StreamReader(get_protocol(protocol), "r-1")  # type: ignore[arg-type]  # one of three
    return Fold().add_all([reader.start, *reader.feed(body), *reader.close()]).reply()


def test_the_good_ones_are_good() -> None:
    for protocol in PROTOCOLS:
        answer = HttpAnswer(200, {"content-type": "application/json"}, json.dumps(REPLIES[protocol]).encode())
        plain = read_reply(answer, get_protocol(protocol))  # type: ignore[arg-type]  # one of three
        streamed = fold(protocol, stream_of(protocol, -1, b""))
        for reply in (plain, streamed):
            assert "Hello" in reply.text
            assert reply.tool_calls[0].name == "f"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_plain_replies(protocol: str) -> None:
    wire = get_protocol(protocol)  # type: ignore[arg-type]  # one of three
    for body in spoiled(REPLIES[protocol]):
        answer = HttpAnswer(200, {"content-type": "application/json"}, body, ROOT, "r-1")
        reply = read_within(SECONDS, partial(read_reply, answer, wire))
        assert reply is None or repr(reply)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("tokens", [HOSTILE[::3], pytest.param(HOSTILE, marks=pytest.mark.long)], ids=["some", "all"])
def test_streams(protocol: str, tokens: tuple[str, ...]) -> None:
    for body in spoiled_streams(protocol, tokens):
        reply = read_within(SECONDS, partial(fold, protocol, body))
        assert reply is None or repr(reply)


@pytest.mark.parametrize("name", TASK_ANSWERS)
def test_answers_about_tasks(name: str, waits: list[float]) -> None:
    for body in spoiled(TASK_ANSWERS[name]):
        stub = httpx.MockTransport(lambda _, body=body: httpx.Response(200, content=body))
        found = read_within(SECONDS, partial(BY_NAME[name].run, ROOT, http_client=httpx.Client(transport=stub)))
        assert repr(found)


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500])
def test_errors(status: int, waits: list[float]) -> None:
    for good in ERRORS:
        for body in spoiled(good):
            stub = httpx.MockTransport(lambda _, body=body: httpx.Response(status, content=body))
            chat = BY_NAME["chat, messages"]
            begun = time.monotonic()
            with pytest.raises(SeaCloudError) as caught:
                chat.run(ROOT, http_client=httpx.Client(transport=stub), max_retries=0)
            assert time.monotonic() - begun < SECONDS
            assert len(str(caught.value)) < 3000


@pytest.mark.parametrize(
    "page",
    [b"<html" + b"<" * 1_000_000, b"<html><style" * 100_000, b"<html>" + b"<script" * 150_000, b"x" * 1_000_000],
)
def test_pages_that_are_meant_to_take_long_to_read(page: bytes) -> None:
    stub = httpx.MockTransport(lambda _: httpx.Response(500, content=page))
    begun = time.monotonic()
    with pytest.raises(SeaCloudError):
        BY_NAME["chat, messages"].run(ROOT, http_client=httpx.Client(transport=stub))
    assert time.monotonic() - begun < SECONDS


def adapters_cases(protocol: str, *, streamed: bool, tokens: tuple[str, ...]) -> Iterator[bytes]:
    return spoiled_streams(protocol, tokens) if streamed else spoiled(REPLIES[protocol], tokens)


def _langchain(protocol: str, clients: dict[str, Any], *, streamed: bool) -> None:
    model = ChatSeaCloud(model="m", protocol=protocol, api_key=KEY, base_url=f"{ROOT}/llm", max_retries=0, **clients)
    if not streamed:
        assert isinstance(model.invoke("hi"), AIMessage)
        return
    whole: Any = None
    for chunk in model.stream("hi"):
        assert isinstance(chunk, AIMessageChunk)
        whole = chunk if whole is None else whole + chunk


def _llamaindex(protocol: str, clients: dict[str, Any], *, streamed: bool) -> None:
    llm = SeaCloud(model="m", protocol=protocol, api_key=KEY, base_url=f"{ROOT}/llm", max_retries=0, **clients)
    if streamed:
        assert list(llm.stream_chat([ChatMessage("hi")]))
    else:
        assert llm.chat([ChatMessage("hi")])


ADAPTERS = {"langchain": _langchain, "llamaindex": _llamaindex}


def try_adapter(adapter: str, protocol: str, cases: list[bytes], *, streamed: bool) -> None:
    kind = "text/event-stream" if streamed else "application/json"
    body = b""

    def serve(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": kind}, content=body)

    clients = clients_of(httpx.MockTransport(serve))
    for case in cases:
        body = case
        read_within(SECONDS, lambda: ADAPTERS[adapter](protocol, clients, streamed=streamed))


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.filterwarnings("ignore::UserWarning")  # LangChain warns of numbers that do not add up
def test_adapters(adapter: str, protocol: str, *, streamed: bool) -> None:
    cases = list(adapters_cases(protocol, streamed=streamed, tokens=FEW))[::SAMPLE]
    try_adapter(adapter, protocol, cases, streamed=streamed)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_adapters_with_all_of_them(adapter: str, protocol: str, *, streamed: bool) -> None:
    cases = list(adapters_cases(protocol, streamed=streamed, tokens=FEW))
    try_adapter(adapter, protocol, cases, streamed=streamed)


def test_streams_are_read_the_same_however_they_are_cut() -> None:
    for protocol in PROTOCOLS:
        whole = stream_of(protocol, -1, b"")
        reader = StreamReader(get_protocol(protocol), "r-1")  # type: ignore[arg-type]  # one of three
        deltas = [delta for byte in whole for delta in reader.feed(bytes([byte]))]
        assert Fold().add_all([reader.start, *deltas, *reader.close()]).reply() == fold(protocol, whole)


def test_a_wait_for_a_task_ends_whatever_the_service_says(waits: list[float]) -> None:
    """`run` goes on while a status makes no sense, but not beyond its deadline."""
    for token in FEW[::3]:
        seen: list[httpx.Request] = []

        def serve(request: httpx.Request, token: str = token, seen: list[httpx.Request] = seen) -> httpx.Response:
            seen.append(request)
            if request.method == "POST":
                return httpx.Response(200, json={"request_id": "mmsu_1"})
            return httpx.Response(200, content=f'{{"status": {token}, "outputs": {token}}}'.encode())

        queue = Queue(
            api_key=KEY,
            base_url=f"{ROOT}/model",
            timeout=0.2,
            http_client=httpx.Client(transport=httpx.MockTransport(serve)),
        )
        begun = time.monotonic()
        with suppress(SeaCloudError):
            queue.run("m", {"prompt": "x"})
        assert time.monotonic() - begun < SECONDS * 3
        assert [request.method for request in seen].count("POST") == 1


def test_there_is_something_to_spoil() -> None:
    assert all(len(list(spoiled(reply, ("null",)))) > 40 for reply in REPLIES.values())
    assert all(len(events) > 6 for events in STREAMS.values())
