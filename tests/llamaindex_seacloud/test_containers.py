"""The container of Claude's programs survives: a reply, the history as JSON, the request with the tools' results."""

from __future__ import annotations

from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage
from llamaindex_wire import answering, body_of, events

CONTAINER = {"id": "container_1", "expires_at": "2027-01-01T00:00:00Z"}
RUN = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "code_execution", "input": {"code": "f()"}}
CALLER = {"type": "code_execution_20250825", "tool_id": "srvtoolu_1"}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}, "caller": CALLER}
HEAD = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5",
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
PLAIN = {**HEAD, "content": [RUN, CALL], "stop_reason": "tool_use", "container": CONTAINER}
STREAM = events(
    {"type": "message_start", "message": {**HEAD, "content": []}},
    *(
        event
        for index, block in enumerate((RUN, CALL))
        for event in (
            {"type": "content_block_start", "index": index, "content_block": block},
            {"type": "content_block_stop", "index": index},
        )
    ),
    {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use", "container": CONTAINER},
        "usage": {"output_tokens": 1},
    },
    {"type": "message_stop"},
    end=b"",
)


@pytest.mark.parametrize("answer", [PLAIN, STREAM], ids=["plain", "streamed"])
def test_the_container_goes_back(answer: Any) -> None:
    llm, requests = answering(answer, model="claude-sonnet-4-5", protocol="messages")

    def ask(history: list[ChatMessage], **kwargs: Any) -> ChatMessage:
        if answer is STREAM:
            return list(llm.stream_chat(history, **kwargs))[-1].message
        return llm.chat(history, **kwargs).message

    asked = ChatMessage(role="user", content="go")
    kept = ChatMessage.model_validate_json(ask([asked]).model_dump_json())
    history = [asked, kept, ChatMessage(role="tool", content="1", additional_kwargs={"tool_call_id": "toolu_1"})]
    ask(history)
    assert body_of(requests[-1])["container"] == "container_1"
    ask(history, container="mine")
    assert body_of(requests[-1])["container"] == "mine"
    ask([*history, ChatMessage(role="user", content="never mind")])
    assert "container" not in body_of(requests[-1])
