"""What a provider seals into fields of its message survives: a reply, the history as JSON, the next request."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, message_chunk_to_message
from langchain_seacloud import ChatSeaCloud
from pydantic import SecretStr

FIELDS = {
    "thinking_blocks": [{"type": "thinking", "thinking": "ha ha", "signature": "sig"}],  # LiteLLM's
    "extra_content": {"google": {"thought_signature": "sig"}},  # Gemini's
}
DETAILS = [
    {"type": "reasoning.encrypted", "data": f"enc {name}", "id": name, "index": 0}  # OpenRouter's, of Gemini's
    for name in ("call_a", "call_b")
]
DELTAS = [
    {"thinking_blocks": [{"type": "thinking", "thinking": "ha"}], "reasoning_details": DETAILS[:1]},
    {"thinking_blocks": [{"type": "thinking", "thinking": " ha"}], "reasoning_details": DETAILS[1:]},
    {"thinking_blocks": [{"type": "thinking", "thinking": "", "signature": "sig"}]},
    {"content": "So."},
    {"content": "", "extra_content": FIELDS["extra_content"]},
]


def _answer(body: Any) -> httpx.Response:
    if not body.get("stream"):
        message = {"role": "assistant", "content": "So.", "reasoning_details": DETAILS, **FIELDS}
        return httpx.Response(200, json={"choices": [{"message": message, "finish_reason": "stop"}]})
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in DELTAS]
    choices[-1]["finish_reason"] = "stop"
    events = [f"data: {json.dumps({'choices': [choice]})}\n\n" for choice in choices]
    return httpx.Response(
        200, headers={"content-type": "text/event-stream"}, content="".join([*events, "data: [DONE]\n\n"])
    )


@pytest.mark.parametrize("version", ["v0", "v1"])
@pytest.mark.parametrize("streaming", [False, True])
def test_sealed_thoughts_go_back(version: str, streaming: bool) -> None:
    bodies: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        return _answer(bodies[-1])

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        model = ChatSeaCloud(
            model="google/gemini-3-pro",
            protocol="chat_completions",
            api_key=SecretStr("sk-test"),
            http_client=client,
            output_version=version,
        )
        asked = HumanMessage("hi")
        reply: Any = model.invoke([asked])
        if streaming:
            merged: Any = AIMessageChunk("")
            for chunk in model.stream([asked]):
                merged += chunk
            reply = message_chunk_to_message(merged)
        kept = AIMessage.model_validate_json(reply.model_dump_json())
        model.invoke([asked, kept, HumanMessage("go on")])
    assert bodies[-1]["messages"][1] == {
        "role": "assistant",
        "content": "So.",
        "reasoning_details": DETAILS,
        **FIELDS,
    }
