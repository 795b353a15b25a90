"""Streams of server-sent events, with the faults that happen within one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import StreamingResponse

from seacloud_emulator.fault_layer import FAULT
from seacloud_emulator.faults import Fault

_NO_FAULT = Fault()


@dataclass(frozen=True)
class Event:
    """One event: its data as JSON, or as text for what is no JSON, and its name if it has one."""

    data: Any
    name: str | None = None

    def encode(self, *, broken: bool = False) -> bytes:
        """The event on the wire. Text is sent as UTF-8, not escaped. A broken one lacks the end of its data."""
        text = (
            self.data
            if isinstance(self.data, str)
            else json.dumps(self.data, ensure_ascii=False, separators=(",", ":"))
        )
        if broken:
            text = text[: len(text) // 2]
        head = f"event: {self.name}\n" if self.name else ""
        return f"{head}data: {text}\n\n".encode()


def event_stream(
    request: Request, events: Iterable[Event], make_error: Callable[[Any], Event], pause: float
) -> StreamingResponse:
    """A streamed answer.

    Args:
        request: the request, whose fault is honoured.
        events: all events, to the protocol's own last one.
        make_error: the protocol's event for an error in a stream, from the error's JSON or None for the usual one.
        pause: seconds before each event.
    """
    fault: Fault = request.scope.get(FAULT, _NO_FAULT)
    body = _pieces(_spoiled(events, fault, make_error), fault, pause)
    return StreamingResponse(body, media_type="text/event-stream", headers={"cache-control": "no-cache"})


def _spoiled(events: Iterable[Event], fault: Fault, make_error: Callable[[Any], Event]) -> Iterable[bytes]:
    """The events on the wire; a broken one, and an error that ends the stream, as the fault demands."""
    for number, event in enumerate(events):
        if number == fault.stream_error:
            yield make_error(fault.stream_error_body).encode()
            return
        yield event.encode(broken=fault.malformed_json and number == 1)


async def _pieces(encoded: Iterable[bytes], fault: Fault, pause: float) -> AsyncIterator[bytes]:
    for number, event in enumerate(encoded):
        if fault.stall and number == fault.stall_after:
            await asyncio.sleep(fault.stall)
        await asyncio.sleep(pause)
        for piece in split_within_character(event):
            yield piece


def split_within_character(event: bytes) -> tuple[bytes, ...]:
    """The event in two pieces that part its first character of several bytes, as networks do; or whole without one."""
    for place, byte in enumerate(event):
        if byte >= 0x80:
            return event[: place + 1], event[place + 1 :]
    return (event,)
