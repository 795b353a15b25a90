"""Thoughts that a provider seals into fields of the assistant's message: read, and sent back with the message."""

from __future__ import annotations

import pytest
from chat_wire import Json, call, calls, chunk, plain, stop, streamed
from seacloud_client.conversation import Message, Reply, Request, Text, ToolResult, user
from seacloud_client.protocols.chat_completions import PROTOCOL

SIGNATURE = {"google": {"thought_signature": "sig"}}
BLOCKS = [
    {"type": "thinking", "thinking": "I ha ha", "signature": "of one"},
    {"type": "redacted_thinking", "data": "enc"},
    {"type": "thinking", "thinking": "So", "signature": "of two"},
]
CALL = call(0, "call_1", "f", "{}")


def sent_back(reply: Reply, model: str = "m") -> Json:
    """The assistant's turn of the next request."""
    results = tuple(ToolResult(one.id, (Text("r"),)) for one in reply.tool_calls)
    history = (user("hi"), reply.message, *([Message("tool", results)] if results else []), user("go on"))
    turn: Json = PROTOCOL.encode(Request(model=model, messages=history), False)["messages"][1]
    return turn


def thinking(text: str, signature: str | None = "") -> Json:
    """A piece of LiteLLM's: the readable form beside it."""
    block = {"type": "thinking", "thinking": text, "signature": signature}
    return chunk({"reasoning_content": text, "thinking_blocks": [block]})


def test_claudes_thinking_goes_back_as_litellm_sent_it():
    message = {"content": None, "reasoning_content": "I ha haSo", "thinking_blocks": BLOCKS, "tool_calls": [CALL]}
    reply = plain(message, "tool_calls")
    assert sent_back(reply)["thinking_blocks"] == BLOCKS
    assert reply.choice.extras == {"message": {"thinking_blocks": BLOCKS}}


def test_claudes_thinking_is_added_up_from_a_stream():
    """Equal pieces are pieces all the same; a signature comes alone, and closes its block."""
    reply = streamed(
        *(thinking(text) for text in ("I", " ha", " ha")),
        thinking("", "of one"),
        chunk({"thinking_blocks": [BLOCKS[1]]}),
        thinking("So", None),
        thinking("", "of two"),
        chunk(calls(CALL)),
        stop("tool_calls"),
    )
    assert sent_back(reply)["thinking_blocks"] == BLOCKS
    assert reply.choice.reasoning == "I ha haSo"


def test_thinking_that_is_not_sealed_stays_here():
    reply = streamed(thinking("I think", None), chunk({"content": "So."}), stop())
    assert reply.choice.extras == {
        "message": {"thinking_blocks": [{**BLOCKS[0], "thinking": "I think", "signature": None}]}
    }
    assert "thinking_blocks" not in sent_back(reply)


@pytest.mark.parametrize("odd", ["much", {"type": "thinking"}, [None, "x"]])
def test_blocks_that_make_no_sense_harm_nothing(odd: object):
    reply = streamed(chunk({"content": "x", "thinking_blocks": odd}), stop())
    assert sent_back(reply) == {"role": "assistant", "content": "x"}


def test_geminis_signature_of_a_text_goes_back():
    """In a stream it comes behind the text; a chunk that is a thought says so, which is not true of the message."""
    thought = {"google": {"thought": True}}
    for reply in (
        plain({"content": "4", "extra_content": SIGNATURE}),
        streamed(chunk({"content": "4", "extra_content": thought}), chunk({"extra_content": SIGNATURE}, "stop")),
    ):
        assert sent_back(reply) == {"role": "assistant", "content": "4", "extra_content": SIGNATURE}
    assert "extra_content" not in sent_back(plain({"content": "4", "extra_content": thought}))


def test_a_signature_comes_whole():
    signatures = [{"google": {"thought_signature": text}} for text in ("early", "late")]
    reply = streamed(chunk({"content": "4"}), *(chunk({"extra_content": one}) for one in signatures), stop())
    assert sent_back(reply)["extra_content"] == signatures[1]


@pytest.mark.parametrize(
    ("model", "without_calls", "with_calls"),
    [("gpt-4.1", False, False), ("deepseek-reasoner", False, True), ("claude-sonnet-4-5", True, True)],
)
def test_sealed_thoughts_go_where_reasoning_goes(model: str, without_calls: bool, with_calls: bool):
    fields = {"content": "So.", "extra_content": SIGNATURE, "thinking_blocks": BLOCKS}
    turn = sent_back(plain(fields), model)
    assert ("thinking_blocks" in turn) is ("extra_content" in turn) is without_calls
    turn = sent_back(plain({**fields, "tool_calls": [CALL]}), model)
    assert ("thinking_blocks" in turn) is ("extra_content" in turn) is with_calls


def test_other_fields_of_a_message_do_not_go_back():
    reply = plain({"content": "x", "mood": "good", "provider_specific_fields": {"a": 1}})
    assert sent_back(reply) == {"role": "assistant", "content": "x"}
    assert reply.message.extras is None
