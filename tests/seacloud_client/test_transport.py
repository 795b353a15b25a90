"""The transport: what goes with a request, what comes of each failure, and how much of an answer is read.

httpx's own `MockTransport` stands in for the network.
"""

from __future__ import annotations

import asyncio
import gzip
import inspect
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from seacloud_client import transport
from seacloud_client._version import __version__
from seacloud_client.errors import (
    ConfigurationError,
    ConnectionFailed,
    ForeignOriginError,
    ProtocolError,
    SeaCloudError,
    StreamBroken,
    TimedOut,
    TransportError,
)
from seacloud_client.flows import HttpAnswer, HttpCall
from seacloud_client.transport import Transport
from transport_stubs import BASE, CALL, KEY, STREAMED, Endless, forever, settings


@pytest.fixture(params=["sync", "async"])
def perform(request: pytest.FixtureRequest) -> Callable[..., HttpAnswer]:
    """Makes a call, sync or async, with a handler in the network's place."""

    def sync(handler, call=CALL, **changes):
        with httpx.Client(transport=httpx.MockTransport(handler)) as client:
            return Transport(settings(**changes), http_client=client).perform(call)

    def asynchronous(handler, call=CALL, **changes):
        async def run():
            async with httpx.AsyncClient(transport=httpx.MockTransport(handler)) as client:
                return await Transport(settings(**changes), http_async_client=client).aperform(call)

        return asyncio.run(run())

    return sync if request.param == "sync" else asynchronous


def echo(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json=dict(request.headers.items()), headers={"X-A": "b"})


def sent_headers(answer: HttpAnswer) -> dict[str, str]:
    return httpx.Response(200, content=answer.body).json()


def test_a_request_has_key_request_id_and_name(perform):
    sent = sent_headers(perform(echo))
    assert sent["authorization"] == f"Bearer {KEY}"
    assert sent["x-request-id"].startswith("sc-")
    assert len(sent["x-request-id"]) == 35
    assert sent["user-agent"] == f"seacloud-python/{__version__}"
    assert sent["content-type"] == "application/json"
    assert sent["accept"] == "application/json"
    assert sent["accept-encoding"] == "gzip, deflate"


def test_each_request_has_an_id_of_its_own(perform):
    assert perform(echo).request_id != perform(echo).request_id


@pytest.mark.parametrize("name", ["X-Request-Id", "x-request-id"])
def test_the_callers_request_id_is_used(perform, name):
    call = HttpCall(method="POST", url=CALL.url, auth="Bearer", headers={name: "mine"})
    answer = perform(echo, call)
    assert (answer.request_id, sent_headers(answer)["x-request-id"]) == ("mine", "mine")


def test_the_services_request_id_wins_in_the_answer(perform):
    answer = perform(lambda _: httpx.Response(200, headers={"X-Request-ID": "theirs"}))
    assert answer.request_id == "theirs"


def test_a_header_takes_the_place_of_ours_whatever_its_case(perform):
    def count(request: httpx.Request) -> httpx.Response:
        names = ("user-agent", "accept", "accept-encoding")
        return httpx.Response(200, json=[value for name in names for value in request.headers.get_list(name)])

    headers = {"ACCEPT": "text/event-stream", "Accept-Encoding": "identity"}
    call = HttpCall(method="GET", url=CALL.url, auth="Bearer", headers=headers)
    answer = perform(count, call, headers={"user-AGENT": "mine/1"})
    assert httpx.Response(200, content=answer.body).json() == ["mine/1", "text/event-stream", "identity"]


def test_the_queue_has_a_scheme_of_its_own(perform):
    sent = []
    call = HttpCall(method="GET", url=CALL.url, auth="Key")
    perform(lambda request: httpx.Response(200, json=sent.append(request.headers["authorization"])), call)
    assert sent == [f"Key {KEY}"]


@pytest.mark.parametrize(
    ("key", "shown"), [("k", "unknown key k"), ("unknown", "unknown key k"), ("k-123456", "unknown key k")]
)
def test_an_error_keeps_its_words_whatever_the_key(perform, key, shown):
    body = b"\xff" + shown.encode()
    answer = perform(lambda _: httpx.Response(400, headers={"x-said": shown}, content=body), api_key=key)
    assert (answer.body, answer.headers["x-said"]) == (body, shown)


def test_an_error_that_quotes_the_key_does_not_show_it(perform):
    def quote(request: httpx.Request) -> httpx.Response:
        sent = request.headers["authorization"]
        return httpx.Response(400, headers={"x-sent": sent}, content=b"\xff\xe9 " + sent.encode())

    answer = perform(quote)
    assert answer.headers["x-sent"] == "Bearer [the API key]"
    assert answer.body == b"\xff\xe9 Bearer [the API key]"


def test_parameters_go_into_the_address_and_content_into_the_body(perform):
    def tell(request: httpx.Request) -> httpx.Response:
        # httpx writes a blank as + or as %20, by its age
        address = [str(request.url.copy_with(query=None)), dict(request.url.params)]
        return httpx.Response(200, json=[request.method, *address, request.content.decode()])

    call = HttpCall(method="PATCH", url=CALL.url, auth="Bearer", params={"a": "1 2"}, content=b"all")
    answer = httpx.Response(200, content=perform(tell, call).body)
    assert answer.json() == ["PATCH", CALL.url, {"a": "1 2"}, "all"]


def test_an_address_keeps_a_query_of_its_own(perform):
    call = HttpCall(method="GET", url=f"{CALL.url}?t=1&u", auth="Bearer")
    assert perform(lambda request: httpx.Response(200, content=request.url.query), call).body == b"t=1&u"


def test_a_call_without_credentials_has_none(perform):
    call = HttpCall(method="GET", url="https://files.example/a.png", auth=None)
    sent = sent_headers(perform(echo, call, api_key=None))
    assert "authorization" not in sent


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/llm/v1/x",
        "http://cloud.seaart.ai/llm/v1/x",
        "https://cloud.seaart.ai:444/llm",
        "https://[::1/x",
        "https://cloud.seaart.ai:x/llm",
        "/v1/x",
        "",
    ],
)
def test_the_key_goes_to_no_other_origin(perform, url):
    def never(_request: httpx.Request) -> httpx.Response:
        raise AssertionError("it was sent")

    with pytest.raises(ForeignOriginError) as caught:
        perform(never, HttpCall(method="GET", url=url, auth="Key", headers={"X-Request-Id": "mine"}))
    assert caught.value.message == (
        f"{url} is not at {BASE}: the key was not sent there. "
        "If that is the service's new address, pass it as base_url."
    )
    assert caught.value.request_id == "mine"


def test_a_foreign_address_is_told_in_a_length_that_a_log_can_bear(perform):
    url = "https://evil.test/\x1b[2J" + "A" * 5_000_000
    with pytest.raises(ForeignOriginError) as caught:
        perform(echo, HttpCall(method="GET", url=url, auth="Key"))
    assert len(str(caught.value)) < 600
    assert str(caught.value).startswith("https://evil.test/?[2JAAA")


def test_so_is_one_that_cannot_be_requested(perform):
    with pytest.raises(ProtocolError) as caught:
        perform(echo, HttpCall(method="GET", url=f"{BASE}/{'A' * 100_000}", auth="Key"))
    assert len(str(caught.value)) < 600


def test_without_a_key_nothing_is_sent(perform):
    with pytest.raises(ConfigurationError, match="SEACLOUD_API_KEY"):
        perform(echo, api_key=None)


def test_a_redirect_is_handed_on_and_not_followed(perform):
    answer = perform(lambda _: httpx.Response(302, headers={"location": "https://evil.example/"}))
    assert (answer.status, answer.headers["location"]) == (302, "https://evil.example/")


@pytest.mark.parametrize("client_type", [httpx.Client, httpx.AsyncClient])
def test_the_callers_client_neither_redirects_nor_signs(client_type):
    """Its own ways of doing that would take the key to another origin, or another key to ours."""
    sent = []

    def redirect(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers["authorization"])
        return httpx.Response(302, headers={"location": "https://evil.example/"})

    client = client_type(transport=httpx.MockTransport(redirect), follow_redirects=True, auth=("someone", "something"))
    if client_type is httpx.Client:
        answer = Transport(settings(), http_client=client).perform(CALL)
    else:
        answer = asyncio.run(Transport(settings(), http_async_client=client).aperform(CALL))
    assert answer.status == 302
    assert sent == [f"Bearer {KEY}"]


def test_no_cookie_and_no_credential_of_the_callers_machine_is_sent(perform, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password something\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert sent_headers(perform(echo))["authorization"] == f"Bearer {KEY}"


def failing(error: Exception) -> Callable[[httpx.Request], httpx.Response]:
    def handler(request: httpx.Request) -> httpx.Response:
        if isinstance(error, httpx.RequestError):
            error.request = request
        raise error

    return handler


NOTHING = "Nothing was sent; check network and base_url."
NO_TRUST = (
    f"No connection to {CALL.url}: its certificate was not accepted ([SSL: CERTIFICATE_VERIFY_FAILED] certificate has "
    "expired). Nothing was sent. If a proxy of your network signs for others, set SSL_CERT_FILE to the file of its "
    "authority's certificate; else check base_url."
)
NO_TLS = (
    f"No connection to {CALL.url}: the server at cloud.seaart.ai:443, or a proxy before it, does not speak TLS. "
    "Nothing was sent; check base_url: is it to begin with http instead of https?"
)
OTHER_LOOP = (
    f"The connection to {CALL.url} belongs to another event loop, or to one that has ended. Read a stream in the loop "
    "that opened it. If you gave http_async_client, give each loop a client of its own, or leave it out: then every "
    "loop has one."
)
FAILURES = {
    "refused": (
        httpx.ConnectError("[Errno 111] Connection refused."),
        ConnectionFailed,
        f"No connection to {CALL.url}: [Errno 111] Connection refused. {NOTHING}",
    ),
    "no connection in time": (
        httpx.ConnectTimeout("timed out"),
        ConnectionFailed,
        f"No connection to {CALL.url} in time (timed out). {NOTHING}",
    ),
    "no free connection": (
        httpx.PoolTimeout(""),
        ConnectionFailed,
        f"No connection to {CALL.url} in time (PoolTimeout). {NOTHING}",
    ),
    "no such protocol": (
        httpx.UnsupportedProtocol("no"),
        ConnectionFailed,
        f"No connection to {CALL.url}: no. {NOTHING}",
    ),
    "proxy": (
        httpx.ProxyError("403 Forbidden"),
        ConnectionFailed,
        f"No connection to {CALL.url}: 403 Forbidden. {NOTHING}",
    ),
    "not read in time": (
        httpx.ReadTimeout("timed out"),
        TimedOut,
        f"{CALL.url} did not answer in time (timed out). It may still have done the work; raise timeout if need be.",
    ),
    "not written in time": (
        httpx.WriteTimeout("timed out"),
        TimedOut,
        f"{CALL.url} did not answer in time (timed out). It may still have done the work; raise timeout if need be.",
    ),
    "broken while read": (
        httpx.ReadError("reset"),
        StreamBroken,
        f"The connection to {CALL.url} broke before the answer was complete (reset).",
    ),
    "broken while written": (
        httpx.WriteError("reset"),
        StreamBroken,
        f"The connection to {CALL.url} broke before the answer was complete (reset).",
    ),
    "hung up": (
        httpx.RemoteProtocolError("Server hung up."),
        StreamBroken,
        f"The connection to {CALL.url} broke before the answer was complete (Server hung up).",
    ),
    "decompression": (
        httpx.DecodingError("bad gzip"),
        ProtocolError,
        f"The answer of {CALL.url} cannot be decompressed: bad gzip.",
    ),
    "too many redirects": (
        httpx.TooManyRedirects("many"),
        TransportError,
        f"The exchange with {CALL.url} failed: many.",
    ),
    "no address": (httpx.InvalidURL("bad"), ProtocolError, f"{CALL.url} cannot be requested: bad."),
    "a certificate": (
        httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate has expired."),
        ConnectionFailed,
        NO_TRUST,
    ),
    "no TLS": (
        httpx.ConnectError("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1016)"),
        ConnectionFailed,
        NO_TLS,
    ),
    "a garbled record of a connection that was made": (
        httpx.ReadError("[SSL: WRONG_VERSION_NUMBER] no"),
        StreamBroken,
        f"The connection to {CALL.url} broke before the answer was complete ([SSL: WRONG_VERSION_NUMBER] no).",
    ),
    "a future of another loop": (
        RuntimeError("Task <Task pending> got Future <Future pending> attached to a different loop"),
        ConfigurationError,
        OTHER_LOOP,
    ),
    "another loop": (
        RuntimeError("<asyncio.locks.Event> is bound to a different event loop"),
        ConfigurationError,
        OTHER_LOOP,
    ),
}


@pytest.mark.parametrize(("failure", "cls", "said"), FAILURES.values(), ids=FAILURES.keys())
def test_each_failure_is_our_error_and_holds_no_key(perform, failure, cls, said):
    call = replace(CALL, headers={"X-Request-Id": "mine"})
    with pytest.raises(SeaCloudError) as caught:
        perform(failing(failure), call)
    error = caught.value
    assert type(error) is cls
    assert error.message == said
    assert error.request_id == "mine"
    assert error.__cause__ is None
    assert error.__context__ is None
    assert error.__suppress_context__
    assert KEY not in f"{error!r} {error} {error.__dict__}"


@pytest.mark.parametrize("failure", [LookupError("a mistake of a hook"), RuntimeError("a mistake of a hook")])
def test_what_is_no_failure_of_the_network_is_handed_on(perform, failure):
    with pytest.raises(type(failure), match="a mistake of a hook") as caught:
        perform(failing(failure))
    assert caught.value is failure


@pytest.mark.parametrize(
    ("cause", "cls", "said"),
    [
        ("ConnectionTimeoutError", ConnectionFailed, "No connection to {} in time (it failed)."),
        ("ClientConnectorError", ConnectionFailed, "No connection to {}: it failed."),
        ("ServerDisconnectedError", StreamBroken, "The connection to {} broke"),
        ("SocketTimeoutError", StreamBroken, "The connection to {} broke"),
    ],
)
def test_what_httpx_aiohttp_calls_no_connection_in_time_may_be_another_thing(perform, cause, cls, said):
    """What was sent is not to be taken for what was not, and sent again."""
    aiohttp = pytest.importorskip("aiohttp")
    made = {"ClientConnectorError": (None, OSError("refused"))}
    failure = httpx.ConnectTimeout("it failed")
    failure.__cause__ = getattr(aiohttp, cause)(*made.get(cause, ()))
    with pytest.raises(TransportError) as caught:
        perform(failing(failure))
    assert type(caught.value) is cls
    assert caught.value.message.startswith(said.format(CALL.url))


def test_a_compressed_answer_is_read(perform):
    body = gzip.compress(b'{"a": 1}')
    answer = perform(lambda _: httpx.Response(200, content=body, headers={"content-encoding": "gzip"}))
    assert answer.body == b'{"a": 1}'


def test_an_answer_that_cannot_be_decompressed_is_our_error(perform):
    with pytest.raises(ProtocolError, match="cannot be decompressed"):
        perform(lambda _: httpx.Response(200, stream=Endless([b"not gzip"]), headers={"content-encoding": "gzip"}))


def test_an_error_without_an_end_is_cut(perform):
    stream = Endless(forever(b"x" * 65536))
    answer = perform(lambda _: httpx.Response(500, stream=stream))
    assert transport.MAX_ERROR_BYTES <= len(answer.body) <= transport.MAX_ERROR_BYTES + 65536
    assert stream.closed


def test_an_answer_without_an_end_is_given_up(perform):
    stream = Endless(forever(b"x" * 65536))
    with pytest.raises(ProtocolError) as caught:
        perform(lambda _: httpx.Response(200, stream=stream), max_reply_bytes=1_000_000)
    assert caught.value.message == (
        f"The answer of {CALL.url} is larger than 1000000 bytes; it was given up. Raise max_reply_bytes if that is no "
        "mistake of the service's."
    )
    assert caught.value.request_id
    assert stream.closed
    assert stream.taken < 1_200_000


def test_an_answer_may_be_as_long_as_is_allowed(perform):
    def of(length: int) -> Callable[[httpx.Request], httpx.Response]:
        return lambda _: httpx.Response(200, stream=Endless([b"x" * (length - 1), b"y"]))

    assert len(perform(of(1000), max_reply_bytes=1000).body) == 1000
    with pytest.raises(ProtocolError, match="larger than 1000 bytes"):
        perform(of(1001), max_reply_bytes=1000)


def test_an_answer_that_breaks_off_is_our_error(perform):
    def broken() -> Iterator[bytes]:
        yield b"a"
        raise httpx.ReadError("reset")

    with pytest.raises(StreamBroken) as caught:
        perform(
            lambda _: httpx.Response(200, stream=Endless(broken())), replace(CALL, headers={"X-Request-Id": "mine"})
        )
    assert caught.value.message == FAILURES["broken while read"][2]
    assert caught.value.request_id == "mine"


def test_an_answer_that_drips_in_does_not_hold_the_caller_for_ever(perform):
    stream = Endless(forever(b"x"), pause=0.02)
    begun = time.monotonic()
    with pytest.raises(TimedOut, match=r"did not end in time\. Raise timeout, or stream it"):
        perform(lambda _: httpx.Response(200, stream=stream), timeout=0.2)
    assert time.monotonic() - begun < 15
    assert stream.closed


def test_a_calls_own_timeout_wins(perform):
    def tell(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=request.extensions["timeout"])

    call = HttpCall(method="GET", url=CALL.url, auth="Bearer", timeout=3.0)
    answer = httpx.Response(200, content=perform(tell, call, timeout=50.0).body)
    assert answer.json() == {"connect": 3.0, "read": 3.0, "write": 3.0, "pool": 3.0}
    answer = httpx.Response(200, content=perform(tell, timeout=50.0).body)
    assert answer.json() == {"connect": 10.0, "read": 50.0, "write": 50.0, "pool": 50.0}


def test_an_error_is_read_though_a_stream_was_asked_for(perform):
    answer = perform(lambda _: httpx.Response(503, stream=Endless([b"no", b"pe"])), STREAMED)
    assert (answer.body, answer.stream) == (b"nope", None)


@pytest.mark.parametrize("kind", ["httpx", "aiohttp"])
@pytest.mark.parametrize("proxy", [None, "http://proxy.test:3128"])
def test_connections_are_shared_among_those_who_go_the_same_way(kind, proxy):
    made = Transport(settings(proxy=proxy, transport=kind))
    assert made._pool is Transport(settings(proxy=proxy, transport=kind))._pool
    other = "aiohttp" if kind == "httpx" else "httpx"
    assert made._pool is not Transport(settings(proxy=proxy, transport=other))._pool
    assert made._pool is not Transport(settings(proxy="http://other.test:3128", transport=kind))._pool


def test_a_client_of_the_callers_own_is_never_closed():
    with httpx.Client(transport=httpx.MockTransport(echo)) as client:
        own = Transport(settings(), http_client=client)
        own.perform(CALL)
        own.close()
        assert not client.is_closed


def test_the_two_sides_of_the_transport_differ_by_their_awaits_alone():
    def plain(function: Callable[..., Any]) -> list[str]:
        source = inspect.getsource(function).partition('"""')[2].partition('"""')[2]
        for one, other in (("await ", ""), ("async ", ""), ("_own_async_client", "_own_client"), ("aclose", "close")):
            source = source.replace(one, other)
        source = source.replace("_acollect", "_collect")
        sent = "client.send(request, stream=True, auth=None, follow_redirects=False)"
        source = source.replace("self._asend(client, request, call)", sent)
        return source.replace("async_client", "client").split()

    assert plain(Transport.aperform) == plain(Transport.perform)
