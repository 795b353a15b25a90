"""From the bytes of an answer to deltas, and to a reply: sans-IO, for whichever driver reads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from pydantic_core import from_json

from seacloud_client.conversation import Reply
from seacloud_client.deltas import Delta, ResponseMeta
from seacloud_client.error_mapping import parse_body
from seacloud_client.errors import ProtocolError, SeaCloudError, after
from seacloud_client.flows import HttpAnswer
from seacloud_client.folding import Fold, unfold
from seacloud_client.json_bodies import read_json
from seacloud_client.protocols.base import WireProtocol
from seacloud_client.settings import MAX_EVENT_BYTES, MAX_REPLY_BYTES
from seacloud_client.sse import ServerSentEvent, SSEDecoder
from seacloud_client.surrogates import is_cut, joined, mended

_STREAM_TYPES = frozenset(("text/event-stream", "", "text/plain", "application/octet-stream", "application/x-ndjson"))
"""Content types under which a stream is looked for; a gateway may leave the right one out."""


class StreamReader:
    """Reads a streamed answer: feed it the bytes as they come, then close it.

    `is_done` says that the stream has announced its end (`[DONE]`, or the protocol's last event). Whatever comes after
    that is not read. `has_news` says whether the last bytes fed said anything of the reply.

    Args:
        protocol: the stream's.
        request_id: of the answer, for errors.
        max_reply_bytes: after how many bytes the stream is given up.
        max_event_bytes: the same for one of its events.
    """

    def __init__(
        self,
        protocol: WireProtocol,
        request_id: str | None = None,
        *,
        max_reply_bytes: int = MAX_REPLY_BYTES,
        max_event_bytes: int = MAX_EVENT_BYTES,
    ) -> None:
        self._sse = SSEDecoder(max_event_bytes)
        self._bytes_left = max_reply_bytes
        self._decoder = protocol.decoder()
        self._request_id = request_id
        self._held: ServerSentEvent | None = None  # it ends in half a character, of which the next may have the rest
        self._has_ended = False
        self.is_done = False
        self.has_news = True
        self.start = ResponseMeta(protocol.name, request_id=request_id)

    def feed(self, data: bytes) -> Iterator[Delta]:
        """The deltas that these bytes complete. Those before an error are given before it is raised.

        Raises:
            APIError: if the stream says that the reply failed.
            ProtocolError: if the stream is not what the protocol allows, or longer than is allowed.
        """
        self.has_news = False
        self._bytes_left -= len(data)
        try:
            if self._bytes_left < 0:
                data = data[: self._bytes_left]
            for event in self._sse.feed(data):
                deltas = self._read(event)
                if deltas:
                    self.has_news = True
                    yield from deltas
            if self._bytes_left < 0 and not self.is_done:
                raise ProtocolError(
                    "The stream is longer than the bytes that were allowed for it; it was given up. Raise "
                    "max_reply_bytes if that is no mistake of the service's."
                )
        except SeaCloudError as error:
            error.request_id = error.request_id or self._request_id
            raise

    def close(self) -> Iterator[Delta]:
        """What is left to say when the bytes have ended.

        Raises:
            StreamBroken: if the reply is not complete.
        """
        self._has_ended = True
        try:
            for event in self._sse.close():
                yield from self._read(event)
            held, self._held = self._held, None
            if held is not None:
                yield from self._read(held._replace(data=mended(held.data)))
            if not self.is_done:
                yield from self._decoder.close()
        except SeaCloudError as error:
            error.request_id = error.request_id or self._request_id
            raise

    def _read(self, event: ServerSentEvent) -> Iterable[Delta]:
        if self.is_done:
            return []
        if self._held is not None:
            return self._read_on(self._held, event)
        try:
            value = from_json(event.data)
        except ValueError:
            return self._read_other(event)
        if type(value) is not dict and (value is None or value == "[DONE]"):
            return [] if value is None else self._finish()  # no event, and its end as gateways may quote it
        deltas = self._decoder.feed(event.event, value)
        self.is_done = self._decoder.is_finished
        return deltas

    def _finish(self) -> Iterable[Delta]:
        self.is_done = True
        return self._decoder.finish()

    def _read_on(self, held: ServerSentEvent, event: ServerSentEvent) -> Iterable[Delta]:
        """The event that was held back, and the next one, with the character that was cut in two where it belongs."""
        self._held = None
        before, behind = joined(held.data, event.data)
        return self._read_all([held._replace(data=before), event._replace(data=behind)])

    def _read_all(self, events: Iterable[ServerSentEvent]) -> Iterable[Delta]:
        told: list[Delta] = []
        try:
            for event in events:
                told.extend(self._read(event))
        except SeaCloudError as error:
            return after(told, error)
        return told

    def _read_other(self, event: ServerSentEvent) -> Iterable[Delta]:
        """An event whose data is no JSON: the announcement of the end (some have a space behind), or nothing.

        It may have halves of characters. Or it is several, since some gateways forget the blank line between events:
        then each line may be one. What the end of the stream cut off is no event.
        """
        data = event.data.strip()
        if data == b"[DONE]":
            return self._finish()
        whole = mended(data)
        if whole != data and _is_json(whole):
            if is_cut(data):
                self._held = event
                return []
            return self._read(event._replace(data=whole))
        lines = event.data.split(b"\n")
        if len(lines) > 1:
            return self._read_all(event._replace(data=line) for line in lines)
        if not data or self._has_ended:
            return []
        shown = data[:200].decode("utf-8", "replace")
        raise ProtocolError(f"An event of the stream is not JSON: {shown!r}.")


def _is_json(data: bytes) -> bool:
    try:
        from_json(data)
    except ValueError:
        return False
    return True


def is_stream(answer: HttpAnswer) -> bool:
    """Whether an answer to a request for a stream is one. If it is not, read it whole, with `read_reply`."""
    return answer.content_type in _STREAM_TYPES


def read_reply(answer: HttpAnswer, protocol: WireProtocol) -> Reply:
    """The reply that a whole answer holds, also where a gateway sent a stream that nobody asked for.

    Raises:
        APIError: if it is an error, though its status was 200.
        ProtocolError: if it is not what the protocol allows.
    """
    body = answer.body
    try:
        if answer.content_type == "text/event-stream" or body.lstrip()[:6].startswith((b"data:", b"event:", b":")):
            reader = StreamReader(protocol, answer.request_id, max_reply_bytes=len(body), max_event_bytes=len(body))
            return Fold().add_all([reader.start, *reader.feed(body), *reader.close()]).reply()
        return replace(protocol.decode(_parse(answer)), request_id=answer.request_id)
    except SeaCloudError as error:
        error.request_id = error.request_id or answer.request_id
        error.status = error.status or answer.status
        raise


def read_as_deltas(answer: HttpAnswer, protocol: WireProtocol) -> Iterator[Delta]:
    """A whole answer as deltas, for a caller who asked for a stream and got none."""
    return unfold(read_reply(answer, protocol))


def _parse(answer: HttpAnswer) -> Any:
    try:
        return read_json(answer.body)
    except ValueError:
        kind = answer.content_type or "without a content type"
        raise ProtocolError(
            f"{answer.url} answered with something other than JSON ({kind}). Is base_url right?",
            body=parse_body(answer.body[:2000]),
        ) from None
