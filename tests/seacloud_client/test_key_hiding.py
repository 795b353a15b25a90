"""A service that quotes the key in answers of status 200: no error shows it, and a model's reply is left alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from seacloud_client.chat import ChatClient
from seacloud_client.conversation import Request, user
from seacloud_client.errors import SeaCloudError
from seacloud_client.flows import HttpAnswer, HttpCall
from seacloud_client.transport import Transport
from transport_stubs import CALL, KEY, Endless, settings


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest) -> Callable[..., HttpAnswer]:
    """Makes a call, with a handler in the network's place."""

    def sync(handler, call=CALL):
        with httpx.Client(transport=httpx.MockTransport(handler)) as client:
            return Transport(settings(), http_client=client).perform(call)

    async def asynchronous(handler, call=CALL):
        async with httpx.AsyncClient(transport=httpx.MockTransport(handler)) as client:
            return await Transport(settings(), http_async_client=client).aperform(call)

    return sync if request.param == "sync" else lambda *given: asyncio.run(asynchronous(*given))


def quoting(body: dict[str, Any]) -> Callable[[httpx.Request], httpx.Response]:
    """A service that says the key, though the status is 200."""
    return lambda request: httpx.Response(200, json=body, headers={"x-sent": request.headers["authorization"]})


@pytest.mark.parametrize("body", [{"status": "COMPLETED", "error": f"no call to ?key={KEY}"}, {"any": [KEY]}], ids=str)
def test_an_answer_of_the_queue_does_not_show_the_key_either(ask, body):
    """It may become an error: a task's, or one that shows an answer which makes no sense."""
    answer = ask(quoting(body), HttpCall(method="GET", url=CALL.url, auth="Key"))
    assert json.loads(answer.body) == json.loads(json.dumps(body).replace(KEY, "[the API key]"))
    assert answer.headers["x-sent"] == "Key [the API key]"


def test_nor_does_an_error_of_a_models_with_status_200(ask):
    answer = ask(quoting({"error": {"message": f"the key {KEY} is none"}}))
    assert json.loads(answer.body) == {"error": {"message": "the key [the API key] is none"}}


def test_a_models_reply_is_left_as_it_is(ask):
    body = {"choices": [{"message": {"content": f"Your key is {KEY}"}}]}
    assert json.loads(ask(quoting(body)).body) == body


REQUEST = Request(model="m", messages=(user("hi"),))


async def acollect(client: ChatClient) -> list[Any]:
    return [delta async for delta in client.astream(REQUEST)]


@pytest.mark.parametrize("flavour", ["sync", "async"])
@pytest.mark.parametrize("first", [b"", b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'])
def test_an_error_in_a_stream_does_not_show_it(flavour, first):
    said = json.dumps({"error": {"message": f"bad key {KEY}", "code": f"of-{KEY}", "more": [{KEY: KEY}]}}).encode()

    def stream(_: httpx.Request) -> httpx.Response:
        headers = {"content-type": "text/event-stream", "x-said": KEY}
        return httpx.Response(200, stream=Endless([first, b"data: " + said + b"\n\n"]), headers=headers)

    mock = httpx.MockTransport(stream)
    clients = {"http_client": httpx.Client(transport=mock), "http_async_client": httpx.AsyncClient(transport=mock)}
    client = ChatClient(api_key=KEY, protocol="chat_completions", max_retries=0, **clients)
    with pytest.raises(SeaCloudError, match=r"bad key \[the API key\]") as caught:
        asyncio.run(acollect(client)) if flavour == "async" else list(client.stream(REQUEST))
    assert KEY not in f"{caught.value} {caught.value!r} {caught.value.__dict__}"
