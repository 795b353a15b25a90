"""A server that keeps every stream open until all have come, so that they really are open at the same time."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import suppress
from types import TracebackType

from typing_extensions import Self

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"


def _event(**delta: str) -> bytes:
    finish = None if delta else "stop"
    chunk = {"id": "c", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    return f"data: {json.dumps(chunk)}\n\n".encode()


class CrowdServer:
    """Sends each of `count` streams one word, waits for the others to come, and then sends the rest.

    `most` is how many were open at a time.
    """

    def __init__(self, count: int) -> None:
        self.most = 0
        self.url = ""
        self._count = count
        self._open = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._all_here, self._over = asyncio.Event(), asyncio.Event()
        server = await asyncio.start_server(self._handle, "127.0.0.1", 0, backlog=4096)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._over.wait()
        server.close()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.split(b":")[1]))
            writer.write(HEAD + _event(content="one "))
            self._open += 1
            self.most = max(self.most, self._open)
            if self._open == self._count:
                self._all_here.set()
            await self._all_here.wait()
            for word in ("two ", "three"):
                writer.write(_event(content=word))
                await writer.drain()
                await asyncio.sleep(0)
            writer.write(_event() + b"data: [DONE]\n\n")
            await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)
