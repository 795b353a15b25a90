"""What is left behind the announced end of a stream is read only where that frees the connection, and not for long."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
from seacloud_client import endings
from seacloud_client.endings import ause_up, use_up
from seacloud_client.errors import StreamBroken
from seacloud_client.flows import HttpAnswer

LENGTH = {"content-length": "3"}


class Connection:
    """What httpcore says of a connection."""

    def __init__(self, connected: socket.socket | None) -> None:
        self._connected = connected

    def get_extra_info(self, name: str) -> socket.socket | None:
        return self._connected if name == "socket" else None


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends of a connection."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def answered(
    connected: socket.socket | None, headers: dict[str, str] = LENGTH, version: bytes = b"HTTP/1.1"
) -> HttpAnswer:
    response = httpx.Response(
        200, headers=headers, extensions={"http_version": version, "network_stream": Connection(connected)}
    )
    return HttpAnswer(200, {}, stream=response)


def rest_of(body: list[bytes]) -> Iterator[bytes]:
    yield from body


def test_what_is_left_is_read_where_the_connection_is_the_answers_own(pair):
    body = rest_of([b"a", b"b"])
    use_up(answered(pair[0]), body)
    assert list(body) == []


@pytest.mark.parametrize(
    ("headers", "version"),
    [
        pytest.param(LENGTH, b"HTTP/2", id="others use the connection too"),
        pytest.param({}, b"HTTP/1.1", id="it ends with its connection"),
    ],
)
def test_what_is_left_is_not_read_where_that_frees_nothing(pair, headers, version):
    body = rest_of([b"a", b"b"])
    use_up(answered(pair[0], headers, version), body)
    assert list(body) == [b"a", b"b"]


def test_what_is_left_is_not_read_where_the_wait_could_not_be_ended():
    """A transport of the caller's own need not have a socket, nor say anything of its connection."""
    for answer in (
        answered(None),
        HttpAnswer(200, {}, stream=httpx.Response(200, headers=LENGTH)),
        HttpAnswer(200, {}),
    ):
        body = rest_of([b"a"])
        use_up(answer, body)
        assert list(body) == [b"a"]


async def test_a_connection_that_breaks_there_breaks_nothing(pair):
    def breaking() -> Iterator[bytes]:
        yield b"a"
        raise StreamBroken("gone")

    async def abreaking():
        for piece in breaking():
            yield piece

    use_up(answered(pair[0]), breaking())
    await ause_up(abreaking())


def test_who_keeps_the_connection_open_is_hung_up_on(pair, monkeypatch):
    monkeypatch.setattr(endings, "PATIENCE", 0.05)
    ours, _theirs = pair

    def waiting() -> Iterator[bytes]:
        yield ours.recv(1)  # it returns nothing once the connection is shut down

    began = time.monotonic()
    ours.settimeout(20)
    use_up(answered(ours), waiting())
    assert time.monotonic() - began < 10


def test_a_socket_that_is_closed_already_needs_no_hanging_up(pair, monkeypatch):
    """The timer may fire just then; an error in its thread would be printed, which fails the test."""
    monkeypatch.setattr(endings, "PATIENCE", 0.0)
    ours = pair[0]
    fired = threading.Event()
    hang_up = endings._hang_up
    monkeypatch.setattr(endings, "_hang_up", lambda connected: (hang_up(connected), fired.set()))

    def closed() -> Iterator[bytes]:
        assert fired.wait(20)
        yield b""

    ours.close()
    use_up(answered(ours), closed())


def test_while_the_interpreter_ends_nothing_is_waited_for(pair, monkeypatch):
    def refuse(self):
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    body = rest_of([b"a"])
    use_up(answered(pair[0]), body)
    assert list(body) == [b"a"]
