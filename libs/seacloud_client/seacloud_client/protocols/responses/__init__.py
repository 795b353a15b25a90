"""OpenAI's Responses.

Specification: OpenAI's API reference, "Responses" and "Streaming events"; SeaCloud keeps the protocol's format (seed
document). The vendor's own example of a stream (docs/model-api/llm) sends the query `stream=true` besides the field.
"""

from seacloud_client.protocols.base import WireProtocol
from seacloud_client.protocols.responses.decode import ResponsesStreamDecoder, decode
from seacloud_client.protocols.responses.encode import encode

PROTOCOL = WireProtocol(
    name="responses",
    path="/openai/v1/responses",
    encode=encode,
    decode=decode,
    decoder=ResponsesStreamDecoder,
    stream_query={"stream": "true"},
)
