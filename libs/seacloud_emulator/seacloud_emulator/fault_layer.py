"""The layer of the application that makes ordered faults happen, between the journal and the API."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from seacloud_emulator.faults import HEADER, Fault, FaultError, Faults, fault_from_json
from seacloud_emulator.journal import OWN_PREFIX, RECORD, Journal, RequestRecord
from seacloud_emulator.json_text import read_json_text
from seacloud_emulator.refusals import body_of_status, llm_error

FAULT = "seacloud_emulator.fault"
"""Where the fault of a request is in the ASGI scope, for those that only a stream can make happen."""

TRANSPORT = "seacloud_emulator.transport"
"""Where the server puts the connection's asyncio transport in the scope's extensions, so that it can be closed."""


class FaultLayer:
    """ASGI middleware that applies the fault of a request, if there is one."""

    def __init__(self, app: ASGIApp, faults: Faults, journal: Journal) -> None:
        self._app = app
        self._faults = faults
        self._journal = journal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        if scope["type"] != "http" or scope["path"].startswith(OWN_PREFIX):
            await self._app(scope, receive, send)
            return
        record: RequestRecord = scope[RECORD]
        try:
            fault = self._fault_of(record)
        except FaultError as error:
            body = llm_error(scope["path"], str(error), kind="invalid_request_error", param=HEADER)
            response = JSONResponse(body, 400)
            await response(scope, receive, send)
            return
        if fault is None:
            await self._app(scope, receive, send)
            return
        record.faulted = True
        scope[FAULT] = fault
        await self._apply(fault, scope, receive, send)

    def _fault_of(self, record: RequestRecord) -> Fault | None:
        order = record.headers.get(HEADER)
        if order is None:
            return self._faults.take(record.method, record.path)
        try:
            ordered = read_json_text(order)
        except ValueError as error:
            raise FaultError(f"the header {HEADER} is not JSON: {error}") from error
        return fault_from_json(ordered)

    async def _apply(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        era = self._journal.era
        if fault.delay:
            await asyncio.sleep(fault.delay)
        is_forgotten = era != self._journal.era  # a request from before a reset does nothing after it
        if fault.disconnect_after == 0 or is_forgotten:
            await _cut(scope)
        app: ASGIApp = own_answer(fault, scope[RECORD]) if fault.answers else self._app
        await app(scope, receive, Spoiler(fault, scope, send))


def own_answer(fault: Fault, record: RequestRecord) -> Response:
    """The answer that the fault itself gives."""
    headers = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
    if fault.redirect is not None:
        return RedirectResponse(fault.redirect, fault.status or 307, headers)
    status = fault.status or 500
    if isinstance(fault.body, str):
        return Response(fault.body, status, headers, media_type="text/plain")
    body: Any = body_of_status(status, record.path, record.request_id) if fault.body is None else fault.body
    return JSONResponse(body, status, headers)


class Spoiler:
    """An ASGI `send` that spoils an answer on its way: its type, its JSON, its pace, its end.

    An answer that is no stream is held back until it is whole. What must happen at a certain event of a stream
    happens where the events are made (`sse`), but for the connection's end, which is here for both.
    """

    def __init__(self, fault: Fault, scope: Scope, send: Send) -> None:
        self._fault = fault
        self._scope = scope
        self._send = send
        self._start: Message = {}
        self._held = b""
        self._sent = 0
        self._streams = False

    async def __call__(self, message: Message) -> None:
        """Sends a message of the answer, spoiled."""
        if message["type"] == "http.response.start":
            await self._begin(message)
        elif self._streams:
            await self._pass(message.get("body", b""), more=message.get("more_body", False))
        else:
            self._held += message.get("body", b"")
            if not message.get("more_body", False):
                await self._release()

    async def _begin(self, message: Message) -> None:
        headers = dict(message["headers"])
        self._streams = headers.get(b"content-type", b"").startswith(b"text/event-stream")
        if self._fault.content_type is not None:
            headers[b"content-type"] = self._fault.content_type.encode("latin-1")
        self._start = {**message, "headers": list(headers.items())}
        if self._streams:
            await self._send(self._start)

    async def _release(self) -> None:
        body = self._held
        if self._fault.malformed_json:
            body = body[: len(body) * 2 // 3]
            length = str(len(body)).encode()
            headers = [(name, length if name == b"content-length" else value) for name, value in self._start["headers"]]
            self._start = {**self._start, "headers": headers}
        await self._send(self._start)
        if self._fault.stall:
            half = len(body) // 2
            await self._pass(body[:half], more=True)
            await asyncio.sleep(self._fault.stall)
            body = body[half:]
        await self._pass(body, more=False)

    async def _pass(self, body: bytes, *, more: bool) -> None:
        limit = self._fault.disconnect_after
        if limit is None or self._sent + len(body) < limit:
            self._sent += len(body)
            await self._send({"type": "http.response.body", "body": body, "more_body": more})
            return
        rest = body[: limit - self._sent]
        if rest:
            await self._send({"type": "http.response.body", "body": rest, "more_body": True})
        await _cut(self._scope)


async def _cut(scope: Scope) -> None:
    """Closes the connection, once what has been written is out, and waits for the journal to end the request.

    A server that gives no transport (any but our own) sees an exception instead, and closes the connection itself.
    """
    record: RequestRecord = scope[RECORD]
    record.cut = True
    transport = scope.get("extensions", {}).get(TRANSPORT)
    if transport is None:
        raise ConnectionError("the connection was to be closed, as a fault demanded")
    transport.close()
    await asyncio.get_running_loop().create_future()
