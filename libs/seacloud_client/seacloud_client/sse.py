"""Server-sent events: bytes in, events out, no I/O.

The format is the WHATWG's (HTML Living Standard, section 9.2.6): lines end with CR, LF or CRLF, a blank line ends an
event, a line that begins with a colon is a comment, one leading byte order mark is ignored. Two of its rules are
eased, as the streams of LLM APIs need: an event that the end of the stream cuts off is still given (a server may end
without the last blank line), and a limit bounds the size of one event.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterable
from typing import NamedTuple

from seacloud_client.errors import ProtocolError, after
from seacloud_client.settings import MAX_EVENT_BYTES


class ServerSentEvent(NamedTuple):
    """One event: its type (empty where the stream names none) and its data, as bytes."""

    event: str
    data: bytes


def _is_one_event(data: bytes) -> bool:
    """Whether it is one line of data and the blank line that ends the event."""
    return (
        data.startswith(b"data: ")
        and data.find(b"\n") == len(data) - 2
        and data.endswith(b"\n\n")
        and b"\r" not in data
    )


class SSEDecoder:
    """Turns bytes, cut anywhere, into events.

    Raises:
        ProtocolError: from `feed`, behind the events before, when one is larger than `max_event_bytes`.
    """

    __slots__ = ("_data", "_data_size", "_event", "_limit", "_pending", "_pending_size", "_skip_newline", "_started")

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._pending: list[bytes] = []  # the unfinished line, in the fragments it came in
        self._data: list[bytes] = []  # the data lines of the unfinished event
        self._event = b""
        self._pending_size = 0
        self._data_size = 0  # as they came, so that an endless row of empty lines has an end too
        self._started = False
        self._skip_newline = False  # the last byte was a CR: a LF that follows belongs to it
        self._limit = max_event_bytes

    def feed(self, data: bytes) -> Iterable[ServerSentEvent]:
        """The events that `data` completes."""
        is_between_events = not (self._pending or self._data or self._event or self._skip_newline)
        if self._started and is_between_events and _is_one_event(data) and len(data) <= self._limit:
            return [ServerSentEvent("", data[6:-2])]  # the common case, without the work for all the others
        if not self._started:
            data = b"".join((*self._pending, data))
            self._pending = []
            if len(data) < len(BOM_UTF8) and BOM_UTF8.startswith(data):
                self._pending = [data]
                return []
            data = data.removeprefix(BOM_UTF8)
            self._started = True
        if self._skip_newline and data:
            self._skip_newline = False
            data = data.removeprefix(b"\n")
        if b"\r" in data:
            self._skip_newline = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines, newline, rest = data.rpartition(b"\n")
        if not newline:
            self._hold(rest)
            return []
        if self._pending:
            lines = b"".join((*self._pending, lines))
            self._pending = []
            self._pending_size = 0
        events: list[ServerSentEvent] = []
        try:
            self._take(lines.split(b"\n"), events)
            self._hold(rest)
        except ProtocolError as error:
            return after(events, error)
        return events

    def close(self) -> list[ServerSentEvent]:
        """The event that the end of the stream completes, if there is one."""
        lines = [b"".join(self._pending), b""]
        self._pending = []
        self._pending_size = 0
        events: list[ServerSentEvent] = []
        self._take(lines, events)
        return events

    def _hold(self, rest: bytes) -> None:
        if rest:
            self._pending.append(rest)
            self._pending_size += len(rest)
            self._refuse_too_much()

    def _refuse_too_much(self) -> None:
        if self._pending_size + self._data_size > self._limit:
            raise ProtocolError(
                f"An event of the stream is larger than {self._limit} bytes; it was given up. Raise max_event_bytes if "
                "that is no mistake of the service's."
            )

    def _take(self, lines: list[bytes], events: list[ServerSentEvent]) -> None:
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[6:] if line[5:6] == b" " else line[5:])
                self._data_size += len(line) + 1
            elif not line:
                if self._data:
                    data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
                    name = self._event.decode("utf-8", "replace") if self._event else ""
                    events.append(ServerSentEvent(name, data))
                    self._data = []
                    self._refuse_too_much()
                    self._data_size = 0
                self._event = b""
            elif line.startswith(b"event:"):
                self._event = line[6:].strip()
            elif line == b"data":
                self._data.append(b"")
                self._data_size += len(line) + 1
            elif line == b"event":
                self._event = b""
            # Anything else is a comment, an id, a retry hint or unknown, none of which these protocols use.
        self._refuse_too_much()
