"""What is left of an answer behind the announced end of its stream.

A connection can be used again only once its answer has been read to the end, so the last few bytes are waited for:
mostly they are here already. Some gateways keep the connection open instead. The reply is whole by then, so nobody
waits for them long, and the connection is closed.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import anyio

from seacloud_client.errors import SeaCloudError
from seacloud_client.flows import HttpAnswer

PATIENCE = 0.25
"""Seconds in which an answer may end, once its stream has said that it does."""


def use_up(answer: HttpAnswer, body: Iterator[bytes]) -> None:
    """Reads what is left of an answer, if it comes soon. Whoever opened it closes it.

    httpx cannot be told to wait less in the middle of an answer, so the wait is ended by closing the socket's sides.
    """
    connected = _socket_of(answer)
    if connected is None:
        return
    timer = threading.Timer(PATIENCE, _hang_up, (connected,))
    timer.daemon = True
    with suppress(RuntimeError):  # the interpreter is shutting down, and starts no threads any more
        timer.start()
        try:
            _read_all(body)
        finally:
            timer.cancel()


def _read_all(body: Iterator[bytes]) -> None:
    with suppress(SeaCloudError):
        for _ in body:
            pass


def _hang_up(connected: socket.socket) -> None:
    with suppress(OSError):  # it is closed already
        connected.shutdown(socket.SHUT_RDWR)


def _socket_of(answer: HttpAnswer) -> socket.socket | None:
    """The socket of an answer that has the connection for itself, and says where it ends."""
    response = answer.stream
    if response is None or not response.http_version.startswith("HTTP/1"):
        return None
    if not response.headers.keys() & {"content-length", "transfer-encoding"}:
        return None  # it ends with its connection
    stream = response.extensions.get("network_stream")
    connected = None if stream is None else stream.get_extra_info("socket")
    return connected if isinstance(connected, socket.socket) else None


async def ause_up(body: AsyncIterator[bytes]) -> None:
    """`use_up`, async, where a wait can be ended as it is."""
    with anyio.move_on_after(PATIENCE), suppress(SeaCloudError):
        async for _ in body:
            pass
