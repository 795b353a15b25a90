"""Calls for the tests of the transport, and answers whose bodies come in pieces, for `MockTransport` to give."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
from seacloud_client.flows import HttpCall
from seacloud_client.settings import Settings

KEY = "k-0123456789-secret"
BASE = "https://cloud.seaart.ai/llm"
CALL = HttpCall(
    method="POST", url=f"{BASE}/v1/x", auth="Bearer", headers={"Content-Type": "application/json"}, content=b"{}"
)
STREAMED = HttpCall(method="POST", url=CALL.url, auth="Bearer", stream=True)


def settings(**changes: Any) -> Settings:
    return Settings.resolve("llm", **{"api_key": KEY, **changes})


class Endless(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in pieces, sync and async; it notes how much was taken and whether it was closed."""

    def __init__(self, pieces, pause: float = 0.0) -> None:
        self._pieces = pieces
        self._pause = pause
        self.taken = 0
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self.taken += len(piece)
            time.sleep(self._pause)
            yield piece

    async def __aiter__(self):
        for piece in self:
            yield piece

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.closed = True


def forever(piece: bytes) -> Iterator[bytes]:
    while True:
        yield piece


def streaming(pieces, **headers: str) -> httpx.Response:
    return httpx.Response(200, stream=Endless(pieces), headers={"x-request-id": "theirs", **headers})
