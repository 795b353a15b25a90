"""The key is nowhere but in the header to its own origin: errors, logs, objects, hostile servers. The client alone."""

from __future__ import annotations

import asyncio
import copy
import pickle
import signal
import socket
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seacloud_client import Chat, errors
from seacloud_client.catalogue import Catalogue
from seacloud_client.chat import ChatClient
from seacloud_client.conversation import Request, user
from seacloud_client.errors import (
    ConfigurationError,
    ForeignOriginError,
    InvalidInputError,
    SeaCloudError,
    SubmitOutcomeUnknown,
)
from seacloud_client.flows import HttpCall
from seacloud_client.queue import Queue
from seacloud_client.settings import Settings
from seacloud_client.transport import Transport

from reliability import operations
from reliability.faults import FAULTS, Fault
from reliability.key_hunt import KEY, all_logs, is_in, places_in, places_in_error
from reliability.operations import BY_NAME, HOST, OPERATIONS, Operation, clients_of
from reliability.raw_server import SCRIPTS, RawServer
from reliability.test_fault_matrix import Service, asynchronous, failure_of, resolve, sync
from reliability.test_real_faults import TRIED, brought_about, do

ROOT = f"https://{HOST}"
loopback = pytest.mark.allow_hosts(["127.0.0.1", "::1"])


@pytest.fixture(autouse=True)
def _planted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "KEY", KEY)


def test_the_hunt_finds_what_is_there() -> None:
    def leak(shown: str) -> None:
        raise ValueError("hidden in a variable")

    with pytest.raises(ValueError, match="hidden in a variable") as caught:
        leak(f"Bearer {KEY}")
    assert places_in_error(caught.value) == ["ValueError: traceback"]
    assert places_in(httpx.Request("GET", ROOT, headers={"x": KEY})) == ["Request: vars", "Request: pickle"]
    with all_logs() as records:
        httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200))).get(f"{ROOT}/{KEY}")
    assert any(map(is_in, records.texts))


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.stubs], ids=lambda fault: fault.name)
@patch.object(socket, "getaddrinfo", resolve)
def test_no_error_and_no_log_shows_it(fault: Fault, waits: list[float]) -> None:
    for operation in OPERATIONS:
        if fault.outcomes[operation.kind] is None:
            continue
        for way in (sync, asynchronous):
            service = Service(fault.stubs[0], operation)
            with all_logs() as records:
                error = failure_of(way, operation, **clients_of(httpx.MockTransport(service)), **fault.options)
            assert not any(map(is_in, records.texts))
            if error is not None:
                assert places_in_error(error) == []
            assert operation.kind == "download" or KEY in service.requests[0].headers["authorization"]


REAL = [
    pytest.param(fault, BY_NAME[name], id=f"{fault.name}-{name}")
    for fault in FAULTS
    for name in TRIED[1:2]
    if fault.real and fault.outcomes[BY_NAME[name].kind] is not None
]


@loopback
@pytest.mark.parametrize("way", ["httpx", "httpx async", "aiohttp"])
@pytest.mark.parametrize(("fault", "operation"), REAL)
def test_nor_does_one_of_a_real_connection(fault: Fault, operation: Operation, way: str, waits: list[float]) -> None:
    if way == "aiohttp":
        pytest.importorskip("httpx_aiohttp")
    with brought_about(fault, operation) as (root, _), all_logs() as records:
        error = failure_of(do, way, operation, root, {"timeout": 0.15, **fault.options})
    assert error is None or places_in_error(error) == []
    assert not any(map(is_in, records.texts))


class Alarm(Exception):
    """What a handler of a signal's raises into the middle of things."""


@loopback
@pytest.mark.parametrize("script", ["slow_headers", "stall"])
@pytest.mark.parametrize("name", ["chat, chat_completions", "stream, messages", "submit"])
def test_nor_an_interruption_while_it_waits(script: str, name: str) -> None:
    def ring(*_: object) -> None:
        raise Alarm

    before = signal.signal(signal.SIGALRM, ring)
    try:
        with RawServer(SCRIPTS[script], BY_NAME[name]) as server:
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            with pytest.raises(Alarm) as caught:
                BY_NAME[name].run(f"http://{server.address}", timeout=5.0)
            assert places_in_error(caught.value) == []
    finally:
        signal.signal(signal.SIGALRM, before)


@loopback
@pytest.mark.parametrize("name", ["chat, chat_completions", "stream, messages", "submit"])
def test_nor_a_cancellation(name: str) -> None:
    async def cancelled(root: str) -> asyncio.CancelledError:
        task = asyncio.ensure_future(BY_NAME[name].arun(root, timeout=5.0))
        await asyncio.sleep(0.1)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError as error:
            return error
        raise AssertionError

    with RawServer(SCRIPTS["stall"], BY_NAME[name]) as server:
        assert places_in_error(asyncio.run(cancelled(f"http://{server.address}"))) == []


MAKERS: dict[str, Callable[..., Any]] = {
    "ChatClient": ChatClient,
    "Queue": Queue,
    "Settings": lambda **options: Settings.resolve("llm", **options),
    "Catalogue": lambda **options: Catalogue(contracts_url="https://contracts.test", **options),
    "Chat": lambda **options: Chat("m", **options),
}


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize(
    "wrong", [{"max_retries": -1}, {"proxy": "x"}, {"headers": {"a b": "c"}}, {"transport": "x"}, {"key": "\n2"}]
)
def test_nor_an_error_of_a_setting(name: str, wrong: dict[str, Any]) -> None:
    options = {"api_key": KEY, **wrong}
    if "key" in wrong:
        options = {"api_key": KEY + wrong["key"]}
    with pytest.raises(ConfigurationError) as caught:
        MAKERS[name](**options)
    error = caught.value
    assert error.__traceback__ is not None
    error.__traceback__ = error.__traceback__.tb_next  # this test's own variables hold it
    if error.__traceback__.tb_frame.f_code.co_name == "<lambda>":
        error.__traceback__ = error.__traceback__.tb_next
    assert places_in_error(error) == []


@pytest.mark.parametrize("name", MAKERS)
def test_no_object_shows_it(name: str) -> None:
    made = MAKERS[name](api_key=KEY)
    things = [made, getattr(made, "settings", made), copy.copy(made)]
    if isinstance(made, Queue):
        task = made.task("m", "mmsu_1")
        things += [task, task.created, pickle.loads(pickle.dumps(task))]  # noqa: S301  # our own pickle
    assert places_in(*things) == []


@pytest.mark.parametrize("status", [307, 400, 401, 403, 404, 429, 500, 503])
def test_a_service_that_quotes_the_request_in_its_error(status: int, waits: list[float]) -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        told = {"error": {"message": f"you sent {dict(request.headers)}", "sent": dict(request.headers)}}
        location = {"location": f"{ROOT}/?key={KEY}"} if status == 307 else {}
        return httpx.Response(status, headers={"x-echo": request.headers["authorization"], **location}, json=told)

    for operation in OPERATIONS:
        if operation.kind == "download":
            continue
        error = failure_of(sync, operation, **clients_of(httpx.MockTransport(echo)))
        assert isinstance(error, SeaCloudError)
        assert places_in_error(error) == []
        if status != 307:
            assert "[the API key]" in str(error.body)


ELSEWHERE = (
    "https://elsewhere.test/x",
    "//elsewhere.test/x",
    f"https://{HOST}@elsewhere.test/x",
    f"https://{HOST}:443@elsewhere.test/x",
    f"https://elsewhere.test#@{HOST}/x",
    f"https://elsewhere.test?@{HOST}/x",
    f"https://{HOST}.elsewhere.test/x",
    f"https://{HOST}\\@elsewhere.test/x",
    f"https://elsewhere.test\\@{HOST}/x",
    f"https:\\\\{HOST}@elsewhere.test/x",
    f"https://{HOST}:8443/x",
    f"ftp://{HOST}/x",
    "https://\u017fervice.test/x",
    "https://service\u3002test/x",
    "https://service.test./x",
    f"https://{HOST}%2eelsewhere.test/x",
    "https://elsewhere.test:443:443/x",
    "https://[::1]/x",
    "https://127.1/x",
    "https:elsewhere.test/x",
    "https:///elsewhere.test/x",
    "data:text/plain,x",
    "javascript:alert(1)",
    "file:///etc/passwd",
)


@pytest.mark.parametrize("address", ELSEWHERE)
@pytest.mark.parametrize("step", ["status_url", "response_url", "cancel_url"])
def test_addresses_of_a_task_that_lead_elsewhere(address: str, step: str) -> None:
    seen: list[httpx.Request] = []

    def serve(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if request.method == "POST":
            return httpx.Response(200, json={"request_id": "mmsu_1", step: address})
        return httpx.Response(200, json={"status": "COMPLETED", "outputs": []})

    with httpx.Client(transport=httpx.MockTransport(serve)) as client:
        queue = Queue(api_key=KEY, base_url=f"{ROOT}/model", http_client=client)
        task = queue.submit("m", {"prompt": "x"})
        ask = {"status_url": task.status, "response_url": task.result, "cancel_url": task.cancel}[step]
        error = failure_of(ask)
        assert error is None or places_in_error(error) == []
    check_origins(seen)


def check_origins(requests: list[httpx.Request]) -> None:
    for request in requests:
        if is_in(repr(request.headers.raw)) or is_in(str(request.url)):
            assert (request.url.scheme, request.url.host, request.url.port) == ("https", HOST, None)
            assert not request.url.userinfo


_PIECES = st.sampled_from(
    [
        *"/\\:@?#.[]%&;= \t\n\r\x00",
        *(
            "//",
            "https:",
            "http:",
            "HTTPS:",
            HOST,
            HOST.upper(),
            "elsewhere.test",
            "443",
            "80",
            "user",
            "::1",
            "127.0.0.1",
        ),
        *("%2f", "%40", "%00", "\u017f", "\u3002", "\uff0f", "\uff20", "x", "xn--"),
    ]
)


@settings(max_examples=1500, deadline=None)
@given(st.lists(_PIECES, max_size=9).map("".join))
def test_no_address_that_can_be_written_leads_the_key_astray(address: str) -> None:
    """Two parsers look at an address: the one that compares origins, and the one that connects. They must agree."""
    seen: list[httpx.Request] = []

    def serve(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={})

    with httpx.Client(transport=httpx.MockTransport(serve)) as client:
        transport = Transport(Settings.resolve("llm", api_key=KEY, base_url=f"{ROOT}/llm"), http_client=client)
        for url in (address, f"https://{address}", f"https://{HOST}{address}"):
            try:
                transport.perform(HttpCall(method="GET", url=url, auth="Bearer"))
            except SeaCloudError:
                continue
    check_origins(seen)


HOSTILE = (
    "../../v1/keys",
    "..",
    "a/b",
    "a\\b",
    "a%2fb",
    "a\r\nX-Evil: 1",
    "a\nb",
    "a b",
    "a?b",
    "a#b",
    "a\x00b",
    "\u202eevil",
    "modèle",
    "\ud800",
    "",
    " ",
    "a" * 201,
    "//elsewhere.test",
)


@pytest.mark.parametrize("value", HOSTILE)
def test_ids_that_would_be_more_than_a_part_of_a_path(value: str) -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        raise AssertionError("something was sent")

    with httpx.Client(transport=httpx.MockTransport(refuse)) as client:
        queue = Queue(api_key=KEY, base_url=f"{ROOT}/model", http_client=client)
        for make in (lambda: queue.submit(value, {"prompt": "x"}), lambda: queue.task("m", value)):
            with pytest.raises(InvalidInputError, match=r"Nothing was sent\.$"):
                make()


@pytest.mark.parametrize("value", HOSTILE)
def test_the_services_ids_are_no_better(value: str) -> None:
    def serve(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"request_id": value})

    with httpx.Client(transport=httpx.MockTransport(serve)) as client:
        queue = Queue(api_key=KEY, base_url=f"{ROOT}/model", http_client=client)
        with pytest.raises(SubmitOutcomeUnknown):
            queue.submit("m", {"prompt": "x"})


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "\x00", "ü", "\u2028"])
def test_request_ids_cannot_bring_headers_in(value: str) -> None:
    request = Request(model="m", messages=(user("x"),), extra_headers={"X-Request-Id": value})
    with pytest.raises(InvalidInputError, match=r"Nothing was sent\.$"):
        ChatClient(api_key=KEY, base_url=ROOT).reply(request)
    with pytest.raises(ConfigurationError):
        ChatClient(api_key=KEY, base_url=ROOT, headers={"X-Request-Id": value})


@pytest.mark.parametrize("model", HOSTILE[:-6])
def test_a_models_name_in_chat_is_data(model: str) -> None:
    sent: list[httpx.Request] = []

    def serve(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, content=BY_NAME["chat, chat_completions"].good)

    with httpx.Client(transport=httpx.MockTransport(serve)) as client:
        chat = ChatClient(protocol="chat_completions", api_key=KEY, base_url=f"{ROOT}/llm", http_client=client)
        chat.reply(Request(model=model, messages=(user("x"),)))
    assert sent[0].url == f"{ROOT}/llm/v1/chat/completions"
    assert "x-evil" not in sent[0].headers


def test_the_key_is_taken_from_no_variable_but_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEACLOUD_API_KEY", KEY)
    assert places_in(ChatClient(base_url=ROOT), Queue(base_url=ROOT)) == []
    with pytest.raises(ForeignOriginError):
        Transport(Settings.resolve("llm")).perform(HttpCall(method="GET", url=ROOT, auth="Bearer"))


@pytest.mark.parametrize("kind", [getattr(errors, name) for name in errors.__all__], ids=lambda kind: kind.__name__)
def test_a_pickled_error_is_the_same(kind: type[SeaCloudError]) -> None:
    error = kind("it broke", status=500, code="x", request_id="r", body={"a": 1}, headers={"b": "c"})
    again = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own pickle
    assert (type(again), str(again), again.body, again.headers) == (kind, str(error), {"a": 1}, {"b": "c"})
