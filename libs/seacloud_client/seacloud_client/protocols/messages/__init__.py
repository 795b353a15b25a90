"""Anthropic's Messages.

Specification: Anthropic's API reference, "Messages" and "Streaming Messages"; SeaCloud keeps the protocol's format
(seed document), and serves it at `/v1/messages` and at `/anthropic/v1/messages`.

The reference demands the header `anthropic-version`, of which it knows one value; a beta is asked for in
`anthropic-beta`, which is the caller's to send (`Request.extra_headers`).
"""

from seacloud_client.protocols.base import WireProtocol
from seacloud_client.protocols.messages.decode import MessagesStreamDecoder, decode
from seacloud_client.protocols.messages.encode import encode

PROTOCOL = WireProtocol(
    name="messages",
    path="/v1/messages",
    encode=encode,
    decode=decode,
    decoder=MessagesStreamDecoder,
    headers={"anthropic-version": "2023-06-01"},
)
