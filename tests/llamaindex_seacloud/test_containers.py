"""The container of Claude's programs survives: a reply, the history as JSON, the request with the tools' results."""

from __future__ import annotations

from typing import Any

import pytest
from container_wire import EVENTS, PLAIN
from llama_index.core.base.llms.types import ChatMessage
from llamaindex_wire import answering, body_of, events

STREAM = events(*EVENTS, end=b"")


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
