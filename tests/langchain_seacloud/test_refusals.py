"""Refusals as langchain-core's standard block: where they are told, and that they go back once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_seacloud import ChatSeaCloud
from seacloud_emulator import Emulator

SAID = "I cannot help with that"
versions = pytest.mark.parametrize("settings", [{}, {"output_version": "v1"}], ids=["v0", "v1"])


def answers(model: ChatSeaCloud) -> list[AIMessage]:
    return [model.invoke("[refuse]"), add_ai_message_chunks(*model.stream("[refuse]"))]  # type: ignore[arg-type]  # chunks


@versions
def test_it_is_a_block(make: Callable[..., ChatSeaCloud], settings: dict[str, Any], protocol: str) -> None:
    for answer in answers(make(**settings)):
        blocks: list[Any] = list(answer.content_blocks)
        (refusal,) = (block for block in blocks if block["type"] == "refusal")
        if protocol == "messages":  # the words are its text, and the provider's are here
            assert SAID in answer.text
            assert refusal["refusal"] == answer.response_metadata["stop_details"]["explanation"]
        else:
            assert SAID in refusal["refusal"]
            assert not answer.text


@versions
@pytest.mark.parametrize("form", ["as it is", "dumped", "of its blocks"])
def test_it_goes_back_once(
    make: Callable[..., ChatSeaCloud], seacloud_env: Emulator, settings: dict[str, Any], form: str
) -> None:
    others = [ChatSeaCloud(model="gpt-4.1", protocol="chat_completions"), ChatSeaCloud(model="claude-opus-4-6")]
    for answer in answers(make(**settings)):
        message: Any = answer
        if form == "dumped":
            message = type(answer).model_validate_json(answer.model_dump_json())
        elif form == "of its blocks":
            message = AIMessage(answer.content_blocks)
        for model in (make(), *others):
            model.invoke([HumanMessage("Do it."), message, HumanMessage("Why?")])
            sent = json.dumps(seacloud_env.requests[-1].json)
            assert sent.count(SAID) == 1
            assert "ordered it" not in sent  # what the emulator, as the provider, says of it


def test_it_is_in_v3_events(make: Callable[..., ChatSeaCloud], protocol: str) -> None:
    """They know only the last chunk of a block, so that it is told whole."""
    finished = [
        event["content"]
        for event in make().stream_events("[refuse]", version="v3")
        if event["event"] == "content-block-finish"
    ]
    (refusal,) = (block for block in finished if block["type"] == "refusal")
    assert len(refusal["refusal"].split()) > 3
