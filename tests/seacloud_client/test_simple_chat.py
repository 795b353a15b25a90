"""`Chat`: a model asked in plain words, over the emulator."""

from __future__ import annotations

import asyncio
from dataclasses import fields
from typing import Any

import pytest
from seacloud_client import Chat, Image, Message, Request, Text, Tool, user
from seacloud_client.chat import ChatClient
from seacloud_client.deltas import TextDelta, UsageDelta
from seacloud_client.errors import ConfigurationError, InvalidInputError, RateLimitError
from seacloud_client.simple_chat import ClientOptions, RequestOptions
from seacloud_emulator import Emulator, Fault

PICTURE = Image(data="iVBORw0KGgo=", media_type="image/png")


def test_a_reply(seacloud_env: Emulator):
    reply = Chat("gpt-4.1").reply("Say hello")
    assert "Say hello" in reply.text
    assert reply.usage.total_tokens > 0


async def test_a_reply_async(seacloud_env: Emulator):
    assert "Say hello" in (await Chat("gpt-4.1").areply("Say hello")).text


def test_the_text_of_a_stream(seacloud_env: Emulator):
    chat = Chat("gpt-4.1")
    pieces = list(chat.stream("Say hello"))
    assert len(pieces) > 5
    assert "".join(pieces) == chat.reply("Say hello").text


async def test_the_text_of_a_stream_async(seacloud_env: Emulator):
    chat = Chat("gpt-4.1")
    assert "".join([text async for text in chat.astream("Say hello")]) == (await chat.areply("Say hello")).text


def test_a_stream_has_the_whole_reply_at_its_end(seacloud_env: Emulator):
    chat = Chat("gpt-4.1")
    stream = chat.stream("Say hello")
    first = next(iter(stream))
    reply = stream.reply()
    assert reply.text.startswith(first)
    assert reply.text == chat.reply("Say hello").text
    assert stream.reply() == reply
    assert reply.usage is not None


async def test_a_stream_has_the_whole_reply_at_its_end_async(seacloud_env: Emulator):
    stream = Chat("gpt-4.1").astream("Say hello")
    async for _ in stream:
        pass
    reply = await stream.reply()
    assert "Say hello" in reply.text
    assert reply.usage is not None


async def test_the_reply_of_a_stream_that_was_read_in_part_async(seacloud_env: Emulator):
    chat = Chat("gpt-4.1")
    stream = chat.astream("Say hello")
    first = await anext(aiter(stream))
    reply = await stream.reply()
    assert reply.text.startswith(first)
    assert reply.text == (await chat.areply("Say hello")).text
    assert await stream.reply() == reply


def test_a_stream_has_all_its_deltas(seacloud_env: Emulator):
    kinds = {type(delta) for delta in Chat("gpt-4.1").stream("Say hello").deltas()}
    assert {TextDelta, UsageDelta} <= kinds


def test_the_text_is_that_of_the_first_choice(seacloud_env: Emulator):
    stream = Chat("gpt-4.1").stream("Say hello", n=2)
    text = "".join(stream)
    assert len(stream.reply().choices) == 2
    assert stream.reply().choices[0].text == text


def test_leaving_the_block_closes_the_connection(seacloud_env: Emulator):
    seacloud_env.configure(chunk_seconds=0.05)
    with Chat("gpt-4.1").stream("Say hello") as stream:
        next(iter(stream))
    assert list(stream) == []
    assert not seacloud_env.requests[0].finished


async def test_leaving_the_block_closes_the_connection_async(seacloud_env: Emulator):
    seacloud_env.configure(chunk_seconds=0.05)
    async with Chat("gpt-4.1").astream("Say hello") as stream:
        await anext(aiter(stream))
    await asyncio.sleep(0.1)
    assert not seacloud_env.requests[0].finished


def test_nothing_is_asked_before_the_stream_is_read(seacloud_env: Emulator):
    stream = Chat("gpt-4.1").stream("Say hello")
    assert seacloud_env.requests == []
    stream.close()


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Hello", (user("Hello"),)),
        (user("What is this?", PICTURE), (user("What is this?", PICTURE),)),
        (["Hello"], (user("Hello"),)),
        (
            [Message("system", (Text("Be brief."),)), "Hello", Message("assistant", (Text("Hi."),)), user("Bye")],
            (Message("system", (Text("Be brief."),)), user("Hello"), Message("assistant", (Text("Hi."),)), user("Bye")),
        ),
        ((), ()),
    ],
)
def test_a_prompt_is_a_text_a_message_or_a_list_of_them(prompt: Any, expected: tuple[Message, ...]):
    assert Chat("m").request(prompt) == Request(model="m", messages=expected)


@pytest.mark.parametrize("prompt", [7, None, {"role": "user"}, [PICTURE], [{"role": "user", "content": "x"}], b"x"])
def test_another_prompt_is_refused_and_told_how(prompt: Any):
    with pytest.raises(InvalidInputError, match="Message"):
        Chat("m").request(prompt)


@pytest.mark.parametrize("prompt", ["", " ", [], [""]])
def test_an_empty_prompt_is_refused(prompt: Any):
    with pytest.raises(InvalidInputError, match="Nothing was sent"):
        Chat("m", api_key="k").reply(prompt)


def test_options_are_fields_of_the_request():
    chat = Chat("m", temperature=0.5, tools=[Tool("t")], api_key="k")
    request = chat.request("x", temperature=0.0, stop="END", include=["a"], max_tokens=7)
    assert request == Request(
        model="m",
        messages=(user("x"),),
        temperature=0.0,
        tools=(Tool("t"),),
        stop=("END",),
        include=("a",),
        max_tokens=7,
    )
    assert chat.request("x").temperature == 0.5


def test_an_option_can_be_taken_back():
    assert Chat("m", temperature=0.5, stop=["a"]).request("x", temperature=None, stop=()) == Chat("m").request("x")


@pytest.mark.parametrize("name", ["temprature", "messages", "model_name", "max_completion_tokens"])
def test_an_unknown_option_is_refused(name: str):
    with pytest.raises(TypeError, match=rf"no option '{name}'.*extra_body"):
        Chat("m", **{name: 1})
    with pytest.raises(TypeError, match=rf"no option '{name}'"):
        Chat("m").request("x", **{name: 1})


def test_the_client_is_reached_by_its_own_options():
    chat = Chat(
        "m", api_key="k", base_url="http://127.0.0.1:9/llm", timeout=3.0, stall_timeout=1.0, protocol="messages"
    )
    assert chat.client.settings.timeout == 3.0
    assert chat.client.protocol == "messages"
    with pytest.raises(ConfigurationError, match="timeout"):
        Chat("m", timeout=-1)
    with pytest.raises(TypeError, match="no option 'timeout'"):
        chat.request("x", timeout=3)


def test_errors_are_those_of_the_client(seacloud_env: Emulator):
    seacloud_env.faults.add(Fault(status=429, retry_after=0, times=9))
    with pytest.raises(RateLimitError):
        list(Chat("gpt-4.1", max_retries=1).stream("x"))
    assert len(seacloud_env.requests) == 2


def test_the_options_are_all_that_a_request_and_a_client_take():
    names = {field.name for field in fields(Request)} - {"model", "messages"}
    assert RequestOptions.__annotations__.keys() == names
    parameters = set(ChatClient.__init__.__annotations__) - {"return"}
    assert ClientOptions.__annotations__.keys() == parameters
    assert not names & parameters


def test_the_repr_shows_no_key():
    assert repr(Chat("gpt-4.1", api_key="k-secret")) == "Chat('gpt-4.1')"
