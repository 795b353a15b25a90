"""From the bytes of an answer to deltas, and to a reply: sans-IO, for whichever driver reads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pydantic_core import from_json

from seacloud_client.conversation import Reply
from seacloud_client.deltas import Delta, ResponseMeta
from seacloud_client.error_mapping import parse_body
from seacloud_client.errors import ProtocolError, SeaCloudError
from seacloud_client.flows import HttpAnswer
from seacloud_client.folding import Fold, unfold
from seacloud_client.protocols.base import WireProtocol
from seacloud_client.sse import ServerSentEvent, SSEDecoder

_STREAM_TYPES = frozenset(("text/event-stream", "", "text/plain", "application/octet-stream", "application/x-ndjson"))
"""Content types under which a stream is looked for; a gateway may leave the right one out."""


class StreamReader:
    """Reads a streamed answer: feed it the bytes as they come, then close it.

    `is_done` says that the stream has announced its end (`[DONE]`, which Chat Completions sends). Whatever comes after
    that is not read.
    """

    def __init__(self, protocol: WireProtocol, request_id: str | None = None) -> None:
        self._sse = SSEDecoder()
        self._decoder = protocol.decoder()
        self._request_id = request_id
        self.is_done = False
        self.start = ResponseMeta(protocol.name, request_id=request_id)

    def feed(self, data: bytes) -> Iterator[Delta]:
        """The deltas that these bytes complete. Those before an error are given before it is raised.

        Raises:
            APIError: if the stream says that the reply failed.
            ProtocolError: if the stream is not what the protocol allows.
        """
        try:
            for event in self._sse.feed(data):
                yield from self._read(event)
        except SeaCloudError as error:
            error.request_id = error.request_id or self._request_id
            raise

    def close(self) -> Iterator[Delta]:
        """What is left to say when the bytes have ended.

        Raises:
            StreamBroken: if the reply is not complete.
        """
        try:
            for event in self._sse.close():
                yield from self._read(event)
            if not self.is_done:
                yield from self._decoder.close()
        except SeaCloudError as error:
            error.request_id = error.request_id or self._request_id
            raise

    def _read(self, event: ServerSentEvent) -> list[Delta]:
        if self.is_done:
            return []
        data = event.data
        if data == b"[DONE]":
            self.is_done = True
            return self._decoder.finish()
        try:
            value = from_json(data)
        except ValueError:
            return self._read_lines(event)
        return self._decoder.feed(event.event, value)

    def _read_lines(self, event: ServerSentEvent) -> list[Delta]:
        """An event whose data is no JSON: some gateways forget the blank line between events, so each line may be."""
        lines = event.data.split(b"\n")
        if len(lines) > 1:
            return [delta for line in lines for delta in self._read(ServerSentEvent(event.event, line))]
        if not event.data.strip():
            return []
        shown = event.data[:200].decode("utf-8", "replace")
        raise ProtocolError(f"An event of the stream is not JSON: {shown!r}.")


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
            reader = StreamReader(protocol, answer.request_id)
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
        return from_json(answer.body)
    except ValueError:
        kind = answer.content_type or "without a content type"
        raise ProtocolError(
            f"{answer.url} answered with something other than JSON ({kind}). Is base_url right?",
            body=parse_body(answer.body[:2000]),
        ) from None
