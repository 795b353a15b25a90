"""What a protocol is: how to encode a request, decode a reply, and decode a stream."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from seacloud_client.conversation import Protocol, Reply, Request
from seacloud_client.deltas import Delta


class StreamDecoder(typing.Protocol):
    """Turns a stream's events, one by one, into deltas. It does no I/O.

    `is_finished` says that an event announced the end of the stream; `[DONE]`, which is no JSON, is not told to it.
    """

    is_finished: bool

    def feed(self, event: str, data: Any) -> Iterable[Delta]:
        """The deltas of one event: its type (empty where the stream names none) and its JSON.

        What the event says before an error can be taken before the error is raised.

        Raises:
            APIError: if the event says that the reply failed.
            ProtocolError: if it is not what the protocol allows.
        """
        ...

    def finish(self) -> list[Delta]:
        """What remains to be said when the stream has announced its end: usage and finish, once each.

        Raises:
            ProtocolError: if there was no reply in it.
        """
        ...

    def close(self) -> list[Delta]:
        """`finish`, when the bytes have ended without the announcement.

        Raises:
            StreamBroken: if the reply is not complete.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WireProtocol:
    """One protocol of the LLM API.

    Attributes:
        name: what callers call it.
        path: where requests go, below the LLM base URL.
        encode: makes the JSON body of a request; the second argument asks for a stream.
        decode: reads the JSON body of a reply.
        decoder: makes the decoder of one stream.
        stream_query: query parameters that a streaming request has besides.
        headers: headers that a request has besides; its `extra_headers` win.
    """

    name: Protocol
    path: str
    encode: Callable[[Request, bool], dict[str, Any]]
    decode: Callable[[Any], Reply]
    decoder: Callable[[], StreamDecoder]
    stream_query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
