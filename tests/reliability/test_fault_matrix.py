"""Every cell of the fault matrix (`faults`), sync and async, with a stub in the network's place."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest
from seacloud_client import errors
from seacloud_client.errors import DownloadError, SeaCloudError

from reliability import table
from reliability.faults import FAULTS, Fault, Outcome, Stub
from reliability.operations import HOST, KEY, OPERATIONS, Operation, clients_of

ROOT = f"https://{HOST}"
CELLS = [
    pytest.param(fault, operation, id=f"{fault.name}-{operation.name}")
    for fault in FAULTS
    for operation in OPERATIONS
    if fault.stubs and fault.outcomes[operation.kind] is not None
]
CELL_SECONDS = 5.0
"""A cell that takes longer hangs. Its own waits are not waited."""


class Service:
    """Answers as a fault wants, and counts."""

    def __init__(self, stub: Stub, operation: Operation) -> None:
        self._stub = stub
        self._operation = operation
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self._stub(self._operation, len(self.requests) - 1)


def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
    """Every name is that of a public host."""
    literal = host if host[0].isdigit() or ":" in host else "93.184.216.34"
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (literal, port))]


def sync(operation: Operation, **options: Any) -> Any:
    del options["http_async_client"]
    return operation.run(ROOT, **options)


def asynchronous(operation: Operation, **options: Any) -> Any:
    del options["http_client"]
    return asyncio.run(operation.arun(ROOT, **options))


@pytest.mark.parametrize(("fault", "operation"), CELLS)
@patch.object(socket, "getaddrinfo", resolve)  # not by a fixture: pytest-socket puts its own back before fixtures end
def test_cell(fault: Fault, operation: Operation, waits: list[float]) -> None:
    expected = fault.outcomes[operation.kind]
    assert expected is not None
    for stub in fault.stubs:
        for do in (sync, asynchronous):
            service = Service(stub, operation)
            waits.clear()
            begun = time.monotonic()
            error = failure_of(do, operation, **clients_of(httpx.MockTransport(service)), **fault.options)
            assert time.monotonic() - begun < CELL_SECONDS
            check_error(expected, error)
            assert len(service.requests) == expected.sent
            assert 0.74 * expected.waits <= sum(waits) <= expected.waits
            check_requests(service.requests, operation)


def failure_of(do: Callable[..., Any], *args: Any, **options: Any) -> BaseException | None:
    """What an operation raised."""
    try:
        do(*args, **options)
    except BaseException as error:  # noqa: BLE001  # the point is that nothing but ours comes
        return error
    return None


def check_error(expected: Outcome, error: BaseException | None) -> None:
    """It is the very class, ours, names the request, and says something."""
    kind = getattr(errors, expected.error) if expected.error else type(None)
    assert type(error) is kind, repr(error)
    if isinstance(error, SeaCloudError):
        assert isinstance(error, DownloadError) or error.request_id
        assert error.message.strip()
        assert KEY not in f"{error}{error!r}{error.body}{error.headers}"


def check_requests(requests: list[httpx.Request], operation: Operation) -> None:
    """A task is posted once wherever the post can have arrived, and the key goes to its own origin alone."""
    for request in requests:
        with_key = request.url.host == HOST and operation.kind != "download"
        assert ("authorization" in request.headers) is with_key
        assert (KEY in str(request.headers.raw)) is with_key


def test_no_operation_is_left_out() -> None:
    kinds = {operation.kind for operation in OPERATIONS}
    assert all(fault.outcomes.keys() == kinds for fault in FAULTS)


WITHOUT_A_CONNECTION = {
    *("dns", "refused", "connect_timeout", "pool_timeout"),
    *("tls", "tls_stranger", "tls_expired", "tls_other_host"),
}


def test_a_task_is_posted_again_only_where_it_cannot_have_arrived() -> None:
    repeated = {fault.name for fault in FAULTS if (cell := fault.outcomes["submit"]) is not None and cell.sent > 1}
    assert repeated == WITHOUT_A_CONNECTION


def test_chat_is_posted_again_only_by_the_rules() -> None:
    """design.md: 429, 502, 503, 504, 529, and failures before the request can have been sent."""
    repeated = {fault.name for fault in FAULTS if (cell := fault.outcomes["chat"]) is not None and cell.sent > 1}
    by_status = {name for name in repeated if name[:3] in ("429", "502", "503", "504", "529")}
    by_header = {name for name in repeated if name.startswith("retry_after_")}
    assert repeated - by_status - by_header == WITHOUT_A_CONNECTION


def test_the_table_in_the_documentation_is_up_to_date() -> None:
    path = Path(__file__).parents[2] / "docs" / "fault-table.md"
    assert path.read_text(encoding="utf-8") == table.document(), f"run {table.COMMAND}"
