"""The container of Claude's programs survives: a reply, the history as JSON, the request with the tools' results."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from container_wire import EVENTS, PLAIN
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    ToolMessage,
    message_chunk_to_message,
    messages_from_dict,
    messages_to_dict,
)
from langchain_seacloud import ChatSeaCloud
from pydantic import SecretStr


def _answer(body: Any) -> httpx.Response:
    if not body.get("stream"):
        return httpx.Response(200, json=PLAIN)
    events = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in EVENTS)
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=events)


@pytest.mark.parametrize("version", ["v0", "v1"])
@pytest.mark.parametrize("streaming", [False, True])
def test_the_container_goes_back(version: str, streaming: bool) -> None:
    bodies: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        return _answer(bodies[-1])

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        model = ChatSeaCloud(
            model="claude-sonnet-4-5", api_key=SecretStr("sk-test"), http_client=client, output_version=version
        )
        asked = HumanMessage("go")
        reply: BaseMessage = model.invoke([asked])
        if streaming:
            merged: Any = AIMessageChunk("")
            for chunk in model.stream([asked]):
                merged += chunk
            reply = message_chunk_to_message(merged)
        assert isinstance(reply, AIMessage)
        assert [call["id"] for call in reply.tool_calls] == ["toolu_1"]
        (kept,) = messages_from_dict(json.loads(json.dumps(messages_to_dict([reply]))))
        history = [asked, kept, ToolMessage("1", tool_call_id="toolu_1")]
        model.invoke(history)
        assert bodies[-1]["container"] == "container_1"
        model.invoke(history, container="mine")
        assert bodies[-1]["container"] == "mine"
        model.invoke([*history, HumanMessage("never mind")])
        assert "container" not in bodies[-1]
