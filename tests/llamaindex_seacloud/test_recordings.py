"""Every recorded answer of a real service, through the adapter: what is shown, and what goes back."""

from __future__ import annotations

from typing import Any

import pytest
from contract.our_reading import outcome_of
from contract.recordings import Recording, parametrize
from llama_index.core.base.llms.types import ChatMessage, TextBlock, ThinkingBlock
from llamaindex_seacloud.calls import tool_calls_of
from llamaindex_seacloud.messages import read_messages
from llamaindex_seacloud.replies import message_of, response_of
from llamaindex_seacloud.streaming import ResponseBuilder
from seacloud_client.conversation import Audio, Media, Reasoning, Text
from seacloud_client.folding import unfold


def reply_of(recording: Recording) -> Any:
    reply = outcome_of(recording).reply
    if reply is None or not reply.choices:
        pytest.skip("this recording is an error's")
    return reply


@parametrize(stream=True)
def test_a_stream_is_told_whole(recording: Recording) -> None:
    outcome = outcome_of(recording)
    builder = ResponseBuilder()
    said, thought = "", ""
    for delta in outcome.deltas:
        response = builder.add(delta)
        if response is None:
            continue
        said += response.delta or ""
        thought += response.additional_kwargs.get("thinking_delta") or ""
        texts = [block.text for block in response.message.blocks if isinstance(block, TextBlock)]
        assert "".join(texts) == said
        thoughts = [block.content or "" for block in response.message.blocks if isinstance(block, ThinkingBlock)]
        assert "".join(thoughts) == thought
    reply = builder._fold.reply()
    assert builder.last() == response_of(reply, delta="")
    if not any(isinstance(part, Audio) for part in reply.choice.parts):
        assert said == reply.choice.text
    assert thought == "".join(part.text for part in reply.choice.parts if isinstance(part, Reasoning))


@parametrize()
def test_the_message_says_what_the_reply_says(recording: Recording) -> None:
    choice = reply_of(recording).choice
    response = response_of(reply_of(recording))
    texts = [part.text for part in choice.parts if isinstance(part, Text) and (part.text or part.annotations)]
    spoken = [part.transcript for part in choice.parts if isinstance(part, Audio) and part.transcript]
    assert (response.message.content or "") == "\n".join([*texts, *spoken])
    calls = tool_calls_of(response, error_on_no_tool_call=False)
    assert [(call.tool_id, call.tool_name) for call in calls] == [(call.id, call.name) for call in choice.tool_calls]
    assert response.message.additional_kwargs.get("refusal") == choice.refusal
    assert isinstance(response.model_dump_json(), str)


@parametrize()
def test_the_message_goes_back_without_loss(recording: Recording) -> None:
    reply = reply_of(recording)
    for choice in reply.choices:
        message = ChatMessage.model_validate_json(message_of(choice).model_dump_json())
        (read,) = read_messages([message], reply.protocol, reply.model or "gpt-4.1")
        kept = [
            part for part in choice.parts if not (isinstance(part, Text) and not part.text and not part.annotations)
        ]
        for mine, theirs in zip(read.parts, kept, strict=True):
            if not isinstance(theirs, Media):  # whether a protocol takes a medium back is the protocol's own matter
                assert mine == theirs


@parametrize()
def test_a_reply_told_as_deltas_is_the_same(recording: Recording) -> None:
    reply = reply_of(recording)
    builder = ResponseBuilder()
    for delta in unfold(reply):
        builder.add(delta)
    assert builder.last() == response_of(reply, delta="")
