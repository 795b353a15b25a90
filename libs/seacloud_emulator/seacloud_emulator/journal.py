"""The log of requests, and the outermost layer of the application that keeps it.

The layer reads the request whole, gives every answer its `X-Request-Id`, and notices a client that goes away.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from seacloud_emulator.json_text import read_json_text

RECORD = "seacloud_emulator.record"
"""Where a request's record is in the ASGI scope."""

OWN_PREFIX = "/__emulator__"
"""Requests below this path are the emulator's own and are not recorded."""

KEPT = 10_000
"""How many records are kept: the oldest go first."""

_SECRET_HEADERS = frozenset(("authorization", "x-api-key", "cookie", "proxy-authorization"))


@dataclass(slots=True)
class RequestRecord:
    """A request and what became of it.

    Attributes:
        method: the HTTP method.
        path: the path, without the query.
        query: the query string.
        headers: the headers by lower-case name; of a credential only the scheme is kept.
        json: the body as JSON, or None if it is not JSON.
        size: the bytes of the body.
        time: when it came, in seconds since the epoch.
        request_id: the `X-Request-Id` of the answer.
        status: the HTTP status of the answer, or None while there is none.
        finished: whether the answer was sent whole.
        disconnected: whether the client went away before the answer was whole.
        faulted: whether a fault befell it.
        cut: whether the emulator closed the connection, as a fault demanded.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    json: Any
    size: int
    time: float
    request_id: str
    status: int | None = None
    finished: bool = False
    disconnected: bool = False
    faulted: bool = False
    cut: bool = False

    def as_json(self) -> dict[str, Any]:
        """The record as JSON."""
        return asdict(self)


class Journal:
    """The records of all requests, oldest first. Safe to use from any thread."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.era = 0  # how often all was forgotten
        self._records: deque[RequestRecord] = deque(maxlen=KEPT)

    def add(self, record: RequestRecord) -> None:
        """Appends a record."""
        with self.changed:
            self._records.append(record)
            self.changed.notify_all()

    def tell(self) -> None:
        """Wakes those who wait, after a record has changed."""
        with self.changed:
            self.changed.notify_all()

    def records(self) -> list[RequestRecord]:
        """The records so far."""
        with self.changed:
            return list(self._records)

    def clear(self) -> None:
        """Forgets all records."""
        with self.changed:
            self._records.clear()
            self.era += 1


class JournalLayer:
    """ASGI middleware that keeps the journal."""

    def __init__(self, app: ASGIApp, journal: Journal) -> None:
        self._app = app
        self._journal = journal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        if body is None:
            return  # the client went away before it had said what it wanted
        record = _record(scope, body)
        scope[RECORD] = record
        if not record.path.startswith(OWN_PREFIX):
            self._journal.add(record)
        await self._answer(scope, _Replay(body), receive, send, record)

    async def _answer(self, scope: Scope, replay: _Replay, receive: Receive, send: Send, record: RequestRecord) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = message["status"]
                message = {**message, "headers": _with_request_id(message.get("headers", ()), record.request_id)}
            elif message["type"] == "http.response.body" and not message.get("more_body", False):
                record.finished = True
            await send(message)

        answer = asyncio.ensure_future(self._app(scope, replay, sending))
        departure = asyncio.ensure_future(receive())
        try:
            await asyncio.wait((answer, departure), return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                record.disconnected = not (record.finished or record.cut)
                answer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await answer
        finally:
            answer.cancel()
            departure.cancel()
            self._journal.tell()


class _Replay:
    """An ASGI `receive` that gives the body once more, and then nothing, until the request is over."""

    def __init__(self, body: bytes) -> None:
        self._messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def __call__(self) -> Message:
        if self._messages:
            return self._messages.pop()
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]  # it never returns


async def _read(receive: Receive) -> bytes | None:
    """The body of the request, or None if it breaks off."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _record(scope: Scope, body: bytes) -> RequestRecord:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    return RequestRecord(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers={name: _masked(name, value) for name, value in headers.items()},
        json=_json(body),
        size=len(body),
        time=time.time(),
        request_id=headers.get("x-request-id") or f"req_{uuid.uuid4().hex}",
    )


def _masked(name: str, value: str) -> str:
    if name not in _SECRET_HEADERS:
        return value
    scheme, space, _ = value.partition(" ")
    return f"{scheme}{space}***" if space else "***"


def _json(body: bytes) -> Any:
    try:
        return read_json_text(body)
    except ValueError:
        return None


def _with_request_id(headers: Iterable[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
    return [*headers, (b"x-request-id", request_id.encode("latin-1"))]
