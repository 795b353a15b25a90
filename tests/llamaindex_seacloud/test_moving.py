"""Conversations that move: between protocols in mid-course, through JSON, and trimmed by whoever keeps them."""

from __future__ import annotations

import contextlib
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from llama_index.core.tools import FunctionTool
from llamaindex_conformance.base import PNG
from llamaindex_seacloud import SeaCloud
from llamaindex_seacloud.messages import read_messages
from llamaindex_seacloud.replies import message_of
from seacloud_client.conversation import (
    Annotation,
    Choice,
    Native,
    Part,
    Protocol,
    Reasoning,
    Refusal,
    Request,
    Text,
    ToolCall,
)
from seacloud_client.errors import InvalidInputError
from seacloud_client.protocols import get_protocol
from seacloud_emulator import Emulator

MODELS = {"chat_completions": "gpt-4.1", "responses": "gpt-4.1", "messages": "claude-opus-4-6"}

THINKING: dict[str, dict[str, Any]] = {
    "chat_completions": {"reasoning_effort": "low"},
    "responses": {"reasoning": {"effort": "low", "summary": "auto"}, "include": ["reasoning.encrypted_content"]},
    "messages": {"thinking": {"type": "adaptive"}},
}


def get_weather(city: str) -> str:
    """Tells the weather in a city."""
    return f"It is sunny in {city}."


def thinking_llm(protocol: str) -> SeaCloud:
    return SeaCloud(model=MODELS[protocol], protocol=protocol, **THINKING[protocol])  # type: ignore[arg-type]  # a name


@pytest.mark.parametrize("there", list(MODELS))
@pytest.mark.parametrize("here", list(MODELS))
def test_a_conversation_moves_to_another_protocol(seacloud_env: Emulator, here: str, there: str) -> None:
    tools = [FunctionTool.from_defaults(get_weather)]
    picture = ChatMessage(role="user", blocks=[TextBlock(text="the weather in Oslo"), ImageBlock(image=PNG)])
    history = [ChatMessage(role="system", content="Be brief."), picture]

    first = thinking_llm(here)
    *_, response = first.stream_chat_with_tools(tools, chat_history=history)
    (call,) = first.get_tool_calls_from_response(response)
    result = ChatMessage(role="tool", content="Snow.", additional_kwargs={"tool_call_id": call.tool_id})
    history = [ChatMessage.model_validate_json(m.model_dump_json()) for m in (*history, response.message, result)]

    second = thinking_llm(there)
    answer = second.chat_with_tools(tools, chat_history=history)
    assert "Snow." in (answer.message.content or "")
    goes_on = [*history, answer.message, ChatMessage(role="user", content="and the harbour?")]
    *_, last = first.stream_chat_with_tools(tools, chat_history=goes_on)
    assert "harbour" in (last.message.content or "")
    assert [request.status for request in seacloud_env.requests] == [200, 200, 200]


@pytest.mark.parametrize("protocol", list(MODELS))
@pytest.mark.parametrize("kept", [1, 2, 3, 4])
def test_a_trimmed_history_goes_on(seacloud_env: Emulator, protocol: str, kept: int) -> None:
    tools = [FunctionTool.from_defaults(get_weather)]
    llm = thinking_llm(protocol)
    history = [ChatMessage(role="user", content="the weather in Oslo")]
    response = llm.chat_with_tools(tools, chat_history=history)
    (call,) = llm.get_tool_calls_from_response(response)
    history += [
        response.message,
        ChatMessage(role="tool", content="Snow.", additional_kwargs={"tool_call_id": call.tool_id}),
        ChatMessage(role="user", content="and the harbour?"),
    ]
    answer = llm.chat_with_tools(tools, chat_history=history[-kept:])
    assert "harbour" in (answer.message.content or "")


# Whatever a reply holds, it goes back

words = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=8)
ids = st.text("abcdefgh0123_", min_size=1, max_size=8)
extras = st.none() | st.dictionaries(ids, words | st.integers() | st.none(), min_size=1, max_size=2)


def annotations(protocol: Protocol) -> st.SearchStrategy[Annotation]:
    return st.builds(
        Annotation,
        type=words,
        raw=st.dictionaries(ids, words | st.integers(-9, 9), max_size=3),
        protocol=st.just(protocol),
        url=st.none() | words,
        title=st.none() | words,
        cited_text=st.none() | words,
        start=st.none() | st.integers(0, 9),
        end=st.none() | st.integers(0, 9),
    )


def parts_of(protocol: Protocol) -> st.SearchStrategy[tuple[Part, ...]]:
    text = st.builds(
        Text,
        words,
        st.lists(annotations(protocol), max_size=2).map(tuple),
        st.none() | ids,
        extras,
    )
    thought = st.builds(
        Reasoning,
        words | st.just(""),
        st.just(protocol),
        id=st.none() | ids,
        signature=st.none() | words,
        encrypted=st.none() | words,
        form=st.none() | words,
        extras=extras,
    )
    call = st.builds(
        ToolCall,
        ids,
        words,
        words.filter(str.strip) | st.just('{"a":  1}'),  # blank arguments are none: they come back as {}
        st.sampled_from(("function", "custom")),
        st.none() | ids,
        extras,
    )
    native = st.builds(Native, st.just(protocol), st.dictionaries(ids, words, min_size=1, max_size=2))
    refusal = st.builds(Refusal, words, st.none() | ids, extras)
    some = st.lists(st.one_of(text, thought, native, refusal), max_size=6)
    calls = st.lists(call, max_size=3, unique_by=lambda found: found.id)
    return st.tuples(some, calls).flatmap(lambda both: st.permutations([*both[0], *both[1]])).map(tuple)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(get_args(Protocol)).flatmap(lambda name: st.tuples(st.just(name), parts_of(name))))
def test_any_reply_goes_back_through_json(drawn: tuple[Protocol, tuple[Part, ...]]) -> None:
    protocol, parts = drawn
    message = ChatMessage.model_validate_json(message_of(Choice(parts=parts)).model_dump_json())
    (read,) = read_messages([message], protocol, "gpt-4.1")
    assert read.parts == parts


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from(get_args(Protocol)).flatmap(parts_of),
    st.sampled_from(get_args(Protocol)),
    st.randoms(use_true_random=False),
)
def test_blocks_that_were_shuffled_or_dropped_are_no_error(
    parts: tuple[Part, ...], there: Protocol, chance: Any
) -> None:
    message = message_of(Choice(parts=parts))
    blocks = [block for block in message.blocks if chance.random() < 0.7]
    chance.shuffle(blocks)
    edited = ChatMessage(role="assistant", blocks=blocks, additional_kwargs=message.additional_kwargs)
    hello = ChatMessage(role="user", content="Hello")
    conversation = read_messages([hello, edited, hello], there, "gpt-4.1")
    with contextlib.suppress(InvalidInputError):  # the one error that may come of it: nothing was sent
        get_protocol(there).encode(Request(model="gpt-4.1", messages=conversation), False)
