"""What a provider seals into fields of its message survives: a reply, the history as JSON, the next request."""

from __future__ import annotations

from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage
from llamaindex_wire import answering, body_of, chat_chunk, events

FIELDS = {
    "thinking_blocks": [{"type": "thinking", "thinking": "ha ha", "signature": "sig"}],  # LiteLLM's
    "extra_content": {"google": {"thought_signature": "sig"}},  # Gemini's
}
DETAILS = [
    {"type": "reasoning.encrypted", "data": f"enc {name}", "id": name, "index": 0}  # OpenRouter's, of Gemini's
    for name in ("call_a", "call_b")
]
PLAIN = {
    "choices": [
        {
            "message": {"role": "assistant", "content": "So.", "reasoning_details": DETAILS, **FIELDS},
            "finish_reason": "stop",
        }
    ]
}
STREAM = events(
    chat_chunk({"thinking_blocks": [{"type": "thinking", "thinking": "ha"}], "reasoning_details": DETAILS[:1]}),
    chat_chunk({"thinking_blocks": [{"type": "thinking", "thinking": " ha"}], "reasoning_details": DETAILS[1:]}),
    chat_chunk({"thinking_blocks": [{"type": "thinking", "thinking": "", "signature": "sig"}]}),
    chat_chunk({"content": "So."}),
    chat_chunk({"content": "", "extra_content": FIELDS["extra_content"]}, "stop"),
)


@pytest.mark.parametrize("answer", [PLAIN, STREAM], ids=["plain", "streamed"])
def test_sealed_thoughts_go_back(answer: Any) -> None:
    llm, requests = answering(answer, model="google/gemini-3-pro")
    asked = ChatMessage(role="user", content="hi")
    reply = list(llm.stream_chat([asked]))[-1] if answer is STREAM else llm.chat([asked])
    kept = ChatMessage.model_validate_json(reply.message.model_dump_json())
    history = [asked, kept, ChatMessage(role="user", content="go on")]
    assert list(llm.stream_chat(history)) if answer is STREAM else llm.chat(history)
    assert body_of(requests[-1])["messages"][1] == {
        "role": "assistant",
        "content": "So.",
        "reasoning_details": DETAILS,
        **FIELDS,
    }
