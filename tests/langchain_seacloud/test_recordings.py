"""Real traffic through the adapter: what it makes of a reply goes back to the provider as the reply itself would.

The replies are the recorded answers of real services (see `contract.recordings`). What must go back is what the client
encodes of the reply, without any framework in between.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from contract.our_reading import outcome_of, wire_protocol
from contract.recordings import Recording, parametrize
from langchain_core.load import dumpd, load
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage, message_chunk_to_message
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_seacloud.chunks import ChunkBuilder
from langchain_seacloud.messages import read_messages
from langchain_seacloud.replies import generations
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from seacloud_client.conversation import Message, Reasoning, Reply, Request, Text, ToolResult, user
from seacloud_client.deltas import Delta
from seacloud_client.folding import unfold

pytestmark = [
    pytest.mark.filterwarnings("ignore:The function `load.* is in beta"),
    pytest.mark.filterwarnings("ignore:Core Pydantic V1"),
]

MODEL = "a-model-without-facts"


def checkpointed(message: AIMessage) -> AIMessage:
    serde = JsonPlusSerializer()
    read: AIMessage = serde.loads_typed(serde.dumps_typed(message))
    return read


JOURNEYS: dict[str, Callable[[AIMessage], AIMessage]] = {
    "as it is": lambda message: message,
    "dumpd": lambda message: load(json.loads(json.dumps(dumpd(message))), allowed_objects="core"),
    "pickle": lambda message: pickle.loads(pickle.dumps(message)),  # noqa: S301  # it is our own
    "checkpoint": checkpointed,
}


def streamed(deltas: Iterable[Delta], *, v1: bool) -> AIMessage:
    """What LangChain's `stream`, and `invoke` that streams, make of deltas."""
    builder = ChunkBuilder(v1=v1)
    chunks = [chunk.message for delta in deltas for chunk in builder.chunks(delta)]
    chunks += [chunk.message for chunk in builder.finish()]
    merged = add_ai_message_chunks(*chunks)
    assert isinstance(merged, AIMessageChunk)
    return message_chunk_to_message(merged)


def next_request(recording: Recording, assistant: Any, results: list[Any]) -> Any:
    """What is sent after the turn: with results of its calls, so that none is left out."""
    request = Request(model=MODEL, messages=(user("Hello"), assistant, *results, user("Go on.")))
    return parsed(wire_protocol(recording).encode(request, False))


def parsed(value: Any) -> Any:
    """JSON with arguments as values, since they need not be written alike."""
    if isinstance(value, dict):
        return {name: _arguments(inner) if name == "arguments" else parsed(inner) for name, inner in value.items()}
    return [parsed(item) for item in value] if isinstance(value, list) else value


def _arguments(text: Any) -> Any:
    try:
        return json.loads(text or "{}", strict=False)
    except (TypeError, ValueError):
        return text


def of_reply(recording: Recording, reply: Reply) -> Any:
    results = [Message("tool", (ToolResult(call.id, (Text("ok"),), kind=call.kind),)) for call in reply.tool_calls]
    return next_request(recording, reply.message, results)


def of_message(recording: Recording, message: AIMessage) -> Any:
    calls = [*message.tool_calls, *message.invalid_tool_calls]
    history = [HumanMessage("Hello"), message, *(ToolMessage("ok", tool_call_id=call["id"] or "") for call in calls)]
    _, assistant, *results = read_messages(history, recording.protocol)  # type: ignore[arg-type]  # it is spoken
    return next_request(recording, assistant, results)


@parametrize()
@pytest.mark.parametrize("v1", [False, True], ids=["v0", "v1"])
def test_reply_goes_back(recording: Recording, v1: bool) -> None:
    outcome = outcome_of(recording)
    if outcome.reply is None or outcome.error is not None or not outcome.reply.choice.parts:
        pytest.skip("there is no reply in it")
    sent = of_reply(recording, outcome.reply)
    whole = generations(outcome.reply, v1=v1)[0].message
    assert isinstance(whole, AIMessage)
    versions = {"whole": whole, "told whole": streamed(unfold(outcome.reply), v1=v1)}
    if outcome.deltas:
        versions["streamed"] = streamed(outcome.deltas, v1=v1)
    for how, message in versions.items():
        for name, journey in JOURNEYS.items():
            assert of_message(recording, journey(message)) == sent, (how, name)


@parametrize()
def test_message_says_what_the_reply_says(recording: Recording) -> None:
    outcome = outcome_of(recording)
    reply = outcome.reply
    if reply is None or outcome.error is not None:
        pytest.skip("there is no reply in it")
    for v1 in (False, True):
        versions = [generations(reply, v1=v1)[0].message if reply.choices else None]
        versions += [streamed(outcome.deltas, v1=v1)] if outcome.deltas else []
        for message in filter(None, versions):
            assert isinstance(message, AIMessage)
            assert message.text == reply.text
            blocks = message.content_blocks
            reasoning = [block.get("reasoning", "") for block in blocks if block["type"] == "reasoning"]
            thoughts = [part.text for part in reply.choice.parts if isinstance(part, Reasoning)]
            assert "".join(reasoning) == "".join(thoughts)
            assert [call["id"] for call in (*message.tool_calls, *message.invalid_tool_calls)] == [
                call.id for call in reply.tool_calls
            ]
            facts = message.response_metadata
            assert facts["model_provider"] == "seacloud"
            assert facts.get("model_name") == reply.model
            assert facts.get("id") == reply.id
            assert (message.usage_metadata or {}).get("total_tokens") == (reply.usage and reply.usage.total_tokens)
