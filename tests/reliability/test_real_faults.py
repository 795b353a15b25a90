"""The faults of the matrix on real sockets: httpx sync and async, and aiohttp."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any
from unittest.mock import patch

import pytest
from seacloud_client.errors import ConnectionFailed

from reliability.certificates import trusted
from reliability.faults import FAULTS, Fault, Outcome
from reliability.operations import BY_NAME, Operation
from reliability.raw_server import SCRIPTS, RawServer, certified
from reliability.test_fault_matrix import check_error, failure_of

pytestmark = pytest.mark.allow_hosts(["127.0.0.1", "::1", "localhost"])

TIMEOUT = 0.25
"""The seconds that a call has which is to run out of time. A body that drips in is given up after as much again."""

LIMIT = 5.0
"""Seconds that one call may take in all, on a busy machine."""

REAL = [fault for fault in FAULTS if fault.real]
TRIED = ("chat, chat_completions", "stream, messages", "submit", "status")
IN_THE_LONG_RUN = ("stream, messages", "status")
"""Operations whose real faults are left to `make long`, but for those of the body, which streams are about."""


def marks(fault: Fault, name: str) -> tuple[Any, ...]:
    return (pytest.mark.long,) if name in IN_THE_LONG_RUN and fault.name not in BODIES else ()


BODIES = ("stall", "slow_body", "early_close", "huge_answer")

CELLS = [
    pytest.param(fault, BY_NAME[name], id=f"{fault.name}-{name}", marks=marks(fault, name))
    for fault in REAL
    for name in TRIED
    if fault.outcomes[BY_NAME[name].kind] is not None
]


@pytest.fixture(params=["httpx", "httpx async", "aiohttp"])
def way(request: pytest.FixtureRequest) -> str:
    if request.param == "aiohttp":
        pytest.importorskip("httpx_aiohttp")
    return str(request.param)


@contextmanager
def brought_about(fault: Fault, operation: Operation) -> Iterator[tuple[str, Any]]:
    """Where the fault is to be met, and the server, if there is one."""
    if fault.real == "dns":
        with unknown_host():
            yield "http://no-such-host.test", None
    elif fault.real == "refused":
        with socket.create_server(("127.0.0.1", 0)) as gone:
            port = gone.getsockname()[1]
        yield f"http://127.0.0.1:{port}", None
    else:
        is_tls = str(fault.real).startswith("tls")
        with RawServer(SCRIPTS[str(fault.real)], operation) as server, trusted() if is_tls else nullcontext():
            yield f"{'https' if is_tls else 'http'}://{server.address}", server


@contextmanager
def unknown_host() -> Iterator[None]:
    """The resolver knows no host of `.test`, whatever the machine's says."""
    known = socket.getaddrinfo

    def lookup(host: Any, *args: Any, **options: Any) -> Any:
        if str(host).endswith(".test"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return known(host, *args, **options)

    with patch.object(socket, "getaddrinfo", lookup):
        yield


def do(way: str, operation: Operation, root: str, options: dict[str, Any]) -> Any:
    if way == "httpx":
        return operation.run(root, **options)
    return asyncio.run(operation.arun(root, transport=way.split(maxsplit=1)[0], **options))


@pytest.mark.parametrize(("fault", "operation"), CELLS)
def test_cell(fault: Fault, operation: Operation, way: str, waits: list[float]) -> None:
    expected = fault.outcomes[operation.kind]
    assert expected is not None
    with brought_about(fault, operation) as (root, server):
        begun = time.monotonic()
        error = failure_of(do, way, operation, root, {"timeout": timeout_of(fault), **fault.options})
        seconds = time.monotonic() - begun
        check_error(expected, error)
        assert seconds < expected.sent * LIMIT
        assert 0.74 * expected.waits <= sum(waits) <= expected.waits
        if server is not None:
            assert server.requests in requests_of(expected, operation, way)


@pytest.mark.parametrize("name", ["tls_stranger", "tls_expired", "tls_other_host"])
def test_a_certificate_that_is_not_accepted_is_told_as_such(name: str, way: str, waits: list[float]) -> None:
    operation = BY_NAME["status"]
    fault = next(fault for fault in REAL if fault.name == name)
    with brought_about(fault, operation) as (root, _):
        error = failure_of(do, way, operation, root, {"timeout": LIMIT})
    assert isinstance(error, ConnectionFailed)
    assert "certificate" in error.message
    assert "Nothing was sent. If a proxy of your network signs for others, set SSL_CERT_FILE" in error.message


def test_a_server_that_speaks_no_tls_is_told_as_such(way: str, waits: list[float]) -> None:
    operation = BY_NAME["status"]
    fault = next(fault for fault in REAL if fault.name == "tls")
    with brought_about(fault, operation) as (root, _):
        error = failure_of(do, way, operation, root, {"timeout": LIMIT})
    assert isinstance(error, ConnectionFailed)
    address = root.removeprefix("https://")
    assert f"the server at {address}, or a proxy before it, does not speak TLS." in error.message


def test_a_certificate_that_is_in_order_is_accepted(way: str) -> None:
    """So that what the others are refused for is the certificate, and nothing else."""
    operation = BY_NAME["status"]
    with RawServer(certified("tls_good"), operation) as server, trusted():
        assert failure_of(do, way, operation, f"https://{server.address}", {"timeout": LIMIT}) is None


def timeout_of(fault: Fault) -> float:
    """Short where time is to run out, and long else, so that a busy machine is no fault."""
    chat = fault.outcomes["chat"]
    return TIMEOUT if chat is not None and chat.error == "TimedOut" else LIMIT


def requests_of(expected: Outcome, operation: Operation, way: str) -> set[int]:
    """How many requests may arrive. aiohttp by itself repeats a GET or PUT once whose connection broke (not a POST)."""
    by_aiohttp = way == "aiohttp" and operation.method != "POST" and expected.error == "StreamBroken"
    return {expected.sent, 2 * expected.sent} if by_aiohttp else {expected.sent}


def test_each_fault_of_a_connection_or_a_body_is_real() -> None:
    assert {fault.real for fault in REAL} == {*SCRIPTS, "dns", "refused"}
