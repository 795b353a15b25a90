"""What the error says of a question that was sent and not answered to its end: what it may cost, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from chat_callers import CALLERS, Caller, every_way
from seacloud_client.errors import ConnectionFailed, SeaCloudError, StreamBroken, TimedOut
from transport_stubs import Endless

ENDED = "It may have been billed: ask again if paying twice is acceptable."
UNANSWERED = (
    "It may have been billed: ask again if paying twice is acceptable, or set retry_unanswered=True to have that done."
)
URL = "https://cloud.seaart.ai/llm/v1/chat/completions"
BROKE = f"The connection to {URL} broke before the answer was complete (reset)."
LATE = f"{URL} did not answer in time (reset). It may still have done the work; raise timeout if need be."
CHUNK = b'data: {"id": "c", "choices": [{"index": 0, "delta": {"content": "Hel"}}]}\n\n'

every_stream = pytest.mark.parametrize("caller", [each for each in CALLERS.values() if each.streams])


def failure_of(caller: Caller, handler: Callable[[httpx.Request], httpx.Response], **options: Any) -> SeaCloudError:
    """The error of a question to a handler in the network's place."""
    stub = httpx.MockTransport(handler)
    clients = {"http_client": httpx.Client(transport=stub), "http_async_client": httpx.AsyncClient(transport=stub)}
    with pytest.raises(SeaCloudError) as caught:
        caller.ask(api_key="k", max_retries=0, **clients, **options)
    assert caught.value.args == (caught.value.message,)
    return caught.value


def raising(error: type[httpx.TransportError]) -> Callable[[httpx.Request], httpx.Response]:
    def handler(_: httpx.Request) -> httpx.Response:
        raise error("reset")

    return handler


def streaming(*pieces: bytes, error: Exception | None = None, **headers: str) -> Callable[..., httpx.Response]:
    def body() -> Iterator[bytes]:
        yield from pieces
        if error is not None:
            raise error

    headers = headers or {"content-type": "text/event-stream"}
    return lambda _: httpx.Response(200, headers=headers, stream=Endless(body()))


@every_way
@pytest.mark.parametrize(
    ("error", "cls", "said"), [(httpx.ReadError, StreamBroken, BROKE), (httpx.ReadTimeout, TimedOut, LATE)]
)
def test_no_answer_may_be_billed_and_can_be_asked_for_again(caller: Caller, error, cls, said):
    failure = failure_of(caller, raising(error))
    assert type(failure) is cls
    assert failure.message == f"{said} {UNANSWERED}"
    assert failure_of(caller, raising(error), retry_unanswered=True).message == f"{said} {ENDED}"


@every_way
def test_what_was_never_sent_is_not_billed(caller: Caller):
    failure = failure_of(caller, raising(httpx.ConnectError))
    assert type(failure) is ConnectionFailed
    assert failure.message == f"No connection to {URL}: reset. Nothing was sent; check network and base_url."


@every_way
def test_half_an_answer_may_be_billed_and_a_stream_is_never_asked_for_again(caller: Caller):
    failure = failure_of(caller, streaming(CHUNK, error=httpx.ReadError("reset")))
    assert type(failure) is StreamBroken
    assert failure.message == f"{BROKE} {ENDED if caller.streams else UNANSWERED}"


@every_stream
def test_a_stream_that_ends_early_says_it_once(caller: Caller):
    failure = failure_of(caller, streaming(CHUNK))
    assert type(failure) is StreamBroken
    assert failure.message == (
        "The stream ended before the reply was complete. It may have been generated to its end, and billed. Ask again "
        "if paying twice is acceptable."
    )


@every_stream
def test_a_stream_that_is_silent_says_it_once(caller: Caller):
    failure = failure_of(caller, streaming(CHUNK, error=httpx.ReadTimeout("reset")), timeout=7)
    assert type(failure) is TimedOut
    assert failure.message == (
        f"The stream of {URL} has said nothing for 7 s. It may still be generated, and billed; raise timeout if need "
        "be. Ask again if paying twice is acceptable."
    )


@every_stream
def test_a_plain_answer_to_a_question_for_a_stream_says_it_too(caller: Caller):
    half = streaming(b'{"choices"', error=httpx.ReadError("reset"), **{"content-type": "application/json"})
    assert failure_of(caller, half).message == f"{BROKE} {ENDED}"
