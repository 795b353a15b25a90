"""OpenAI's Chat Completions, and what gateways add to it.

Specification: OpenAI's API reference, "Chat"; SeaCloud keeps the protocol's format (seed document). Additions are
those that other vendors' models behind one key really send; each is named where it is read.
"""

from seacloud_client.protocols.base import WireProtocol
from seacloud_client.protocols.chat_completions.decode import ChatStreamDecoder, decode
from seacloud_client.protocols.chat_completions.encode import encode

PROTOCOL = WireProtocol(
    name="chat_completions", path="/v1/chat/completions", encode=encode, decode=decode, decoder=ChatStreamDecoder
)
