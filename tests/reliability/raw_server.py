"""A server on the loopback that misbehaves below HTTP: resets, silence, bodies that drip, bytes that are no HTTP."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType

from typing_extensions import Self

from reliability.certificates import context_of
from reliability.operations import Operation

Script = Callable[["Exchange"], None]


class Exchange:
    """One connection, and the answer that was hoped for."""

    def __init__(self, connection: socket.socket, server: RawServer) -> None:
        self.connection = connection
        self.operation = server.operation
        self._server = server

    def arrive(self) -> None:
        """Counts a request, also one of which only the beginning is read."""
        self._server.requests += 1

    def read_request(self) -> bool:
        """Reads a request whole, counts it, and says whether one came."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = self.connection.recv(65536)
            if not more:
                return False
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        left = int(lengths[0].split(b":")[1]) - len(body) if lengths else 0
        while left > 0:
            more = self.connection.recv(65536)
            if not more:
                return False
            left -= len(more)
        self.arrive()
        return True

    def over(self, secure: socket.socket) -> Exchange:
        """The same, inside of TLS."""
        return Exchange(secure, self._server)

    def head(self, length: int | None, status: int | None = None, **headers: str) -> None:
        """Sends the head of an answer. Without a length, the end of the connection is the body's."""
        lines = [f"HTTP/1.1 {status or self.operation.status} X"]
        headers.setdefault("content-type", self.operation.content_type)
        if length is not None:
            headers["content-length"] = str(length)
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode())

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def reset(self) -> None:
        """Closes the connection by a reset (RST), not by the usual end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def wait(self, seconds: float = 30.0) -> bool:
        """Waits, and says whether the server is to stop."""
        return self._server.over.wait(seconds)


def _reset_before(exchange: Exchange) -> None:
    exchange.connection.recv(1)  # the client has made the connection and begun
    exchange.arrive()
    exchange.reset()


def _no_tls(exchange: Exchange) -> None:
    exchange.connection.recv(1)
    exchange.arrive()
    exchange.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def certified(name: str) -> Script:
    """Answers well, under one of `CERTIFICATES`."""

    def script(exchange: Exchange) -> None:
        exchange.arrive()
        with context_of(name).wrap_socket(exchange.connection, server_side=True) as secure:
            _whole(lambda operation: operation.good)(exchange.over(secure))

    return script


def _reset_after(exchange: Exchange) -> None:
    exchange.read_request()
    exchange.reset()


def _hang_up(exchange: Exchange) -> None:
    exchange.read_request()


def _no_http(exchange: Exchange) -> None:
    exchange.read_request()
    exchange.send(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")


def _slow_headers(exchange: Exchange) -> None:
    exchange.read_request()
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-")
    exchange.wait()


def _stall(exchange: Exchange) -> None:
    exchange.read_request()
    good = exchange.operation.good
    exchange.head(len(good))
    exchange.send(good[: len(good) // 2])
    exchange.wait()


def _slow_body(exchange: Exchange) -> None:
    exchange.read_request()
    exchange.head(1_000_000)
    comment = b": ping\n\n" if exchange.operation.kind == "stream" else b" "
    while not exchange.wait(0.02):
        exchange.send(comment)


def _early_close(exchange: Exchange) -> None:
    exchange.read_request()
    good = exchange.operation.good
    exchange.head(len(good))
    exchange.send(good[: len(good) // 2])


def _whole(body: Callable[[Operation], bytes], status: int | None = None, **headers: str) -> Script:
    def script(exchange: Exchange) -> None:
        while exchange.read_request():
            content = body(exchange.operation)
            exchange.head(len(content), status, **headers)
            exchange.send(content)

    return script


def _truncated(operation: Operation) -> bytes:
    if operation.kind == "stream":
        return operation.good.replace(b"}\n\n", b"\n\n", 2)
    return operation.good[: len(operation.good) * 2 // 3]


def _endless(status: int | None, piece: Callable[[Operation], bytes]) -> Script:
    def script(exchange: Exchange) -> None:
        exchange.read_request()
        exchange.head(100_000_000, status)
        data = piece(exchange.operation)
        for _ in range(100_000_000 // len(data)):
            exchange.send(data)

    return script


def _comments(operation: Operation) -> bytes:
    return b": ping\n\n" * 8192 if operation.kind == "stream" else b"x" * 65536


SCRIPTS: Mapping[str, Script] = {
    "tls": _no_tls,
    "tls_stranger": certified("tls_stranger"),
    "tls_expired": certified("tls_expired"),
    "tls_other_host": certified("tls_other_host"),
    "reset_before": _reset_before,
    "reset_after": _reset_after,
    "hang_up": _hang_up,
    "no_http": _no_http,
    "slow_headers": _slow_headers,
    "stall": _stall,
    "slow_body": _slow_body,
    "early_close": _early_close,
    "truncated": _whole(_truncated),
    "page": _whole(lambda _: b"<html><body>portal</body></html>", content_type="text/html"),
    "wrong_type": _whole(lambda operation: operation.good, content_type="application/octet-stream"),
    "gzip_garbage": _whole(lambda _: b"no gzip at all", content_encoding="gzip"),
    "coding": _whole(lambda _: b"\x1f\x8b", content_encoding="gzip, gzip"),
    "huge_error": _endless(500, lambda _: b"x" * 65536),
    "huge_answer": _endless(None, _comments),
}
"""What is done with each connection, for the faults of that name."""


class RawServer:
    """Runs a script on each connection, in a thread of its own. `requests` counts what arrives."""

    def __init__(self, script: Script, operation: Operation) -> None:
        self._script = script
        self.operation = operation
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.over = threading.Event()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.requests = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            if self.over.is_set():
                connection.close()
                return
            self._open.append(connection)
            self._begin(self._handle, connection)

    def _begin(self, target: Callable[..., None], *args: socket.socket) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _handle(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:  # the client went away, or the server stops
            self._script(Exchange(connection, self))

    def __enter__(self) -> Self:
        self._begin(self._serve)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        with suppress(OSError), socket.create_connection(self._listener.getsockname()):
            pass  # wakes accept()
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5.0)
