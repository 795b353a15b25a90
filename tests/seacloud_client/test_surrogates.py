"""Halves of surrogate pairs in a reply's JSON: no reply is lost for one, and no text holds one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import chat_wire
import httpx
import messages_wire
import openai
import pytest
import responses_wire
from hypothesis import given
from hypothesis import strategies as st
from seacloud_client.conversation import Protocol, Reply
from seacloud_client.flows import HttpAnswer
from seacloud_client.folding import Fold
from seacloud_client.protocols import get_protocol
from seacloud_client.streams import StreamReader, read_reply
from seacloud_client.surrogates import joined, mended

HIGH, LOW = "\ud83d", "\ude00"
CUT = ["Look: ", f"a{HIGH}", f"{LOW}b{HIGH}", f"{LOW}", " So."]
"""A text as a gateway cuts it that counts in UTF-16."""

SAID = "Look: a😀b😀 So."


def chat_events(texts: Iterable[str]) -> list[Any]:
    return [*(chat_wire.chunk({"content": text}) for text in texts), chat_wire.stop()]


def messages_events(texts: Iterable[str]) -> list[Any]:
    said = [messages_wire.more(0, "text_delta", text=text) for text in texts]
    ends = [messages_wire.end(0), messages_wire.stop(), messages_wire.STOP]
    return [messages_wire.START, messages_wire.begin(0, type="text", text=""), *said, *ends]


def responses_events(texts: Iterable[str]) -> list[Any]:
    whole = responses_wire.message_item(SAID)
    said = [responses_wire.said(text) for text in texts]
    return [responses_wire.added(0, responses_wire.message_item()), *said, responses_wire.completed(whole)]


EVENTS = {"chat_completions": chat_events, "messages": messages_events, "responses": responses_events}


def sse(*events: Any, end: str = "\n\n") -> bytes:
    return "".join(f"data: {json.dumps(event)}{end}" for event in events).encode()


def read(data: bytes, protocol: Protocol = "chat_completions", size: int | None = None) -> Reply:
    reader = StreamReader(get_protocol(protocol))
    fold = Fold()
    for place in range(0, len(data), size or len(data)):
        fold.add_all(reader.feed(data[place : place + (size or len(data))]))
    return fold.add_all(reader.close()).reply()


@pytest.mark.parametrize("size", [None, 1, 100])
@pytest.mark.parametrize("end", ["\n\n", "\n"])
@pytest.mark.parametrize("protocol", EVENTS)
def test_a_character_that_was_cut_between_two_events_is_joined(protocol: Protocol, end: str, size: int | None):
    assert read(sse(*EVENTS[protocol](CUT), end=end), protocol, size).text == SAID


def test_it_is_what_openais_sdk_reads():
    """Its text has the halves side by side, which UTF-16 takes for the character."""
    data = sse(*chat_events(CUT)) + b"data: [DONE]\n\n"

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=data)

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        client = openai.OpenAI(api_key="k", base_url="http://localhost", http_client=http)
        stream = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}], stream=True)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
    assert text.encode("utf-16", "surrogatepass").decode("utf-16") == SAID == read(data).text


def test_arguments_that_were_cut_are_joined():
    pieces = [f'{{"a": "{HIGH}', f'{LOW}"}}']
    chunks = [chat_wire.chunk(chat_wire.calls(chat_wire.call(0, "c", "f", piece))) for piece in pieces]
    [call] = read(sse(*chunks, chat_wire.stop("tool_calls"))).tool_calls
    assert call.arguments == '{"a": "😀"}'


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([f"a{HIGH}", "b"], "a�b"),  # the rest never comes
        ([f"a{HIGH}", "", f"{LOW}b"], "a��b"),  # nor in the next event
        ([f"a{HIGH}", f"b{LOW}"], "a�b�"),
        ([f"{LOW}a", f"{LOW}{HIGH}b"], "�a��b"),
        ([f"a{HIGH}{HIGH}", f"{LOW}{LOW}"], "a�😀�"),
        ([f"a{HIGH}"], "a�"),
    ],
)
def test_half_of_a_character_is_the_replacement_character(texts: list[str], expected: str):
    assert read(sse(*chat_events(texts))).text == expected
    assert read(sse(*chat_events(texts)) + b"data: [DONE]\n\n").text == expected


def test_what_is_held_back_is_told_when_the_stream_ends():
    last = chat_wire.chunk({"content": f"a{HIGH}"}, "stop")
    assert read(sse(last)).text == "a�"
    assert read(sse(last)[:-2]).text == "a�"


def test_two_characters_that_were_cut_at_once_are_not_mixed_up():
    """Where two texts of an event end so, with another half each, nobody can say which goes on."""
    before = json.dumps(["\ud83d", "\ud83e"]).encode()
    assert joined(before, b'["\\ude00"]') == (rb'["\ufffd", "\ufffd"]', b'["\\ude00"]')
    twice = json.dumps([HIGH, HIGH]).encode()  # a chunk's text, and the token of its logprobs
    assert joined(twice, json.dumps([LOW, LOW]).encode()) == (b'["", ""]', json.dumps(["😀", "😀"]).encode())


@pytest.mark.parametrize("protocol", EVENTS)
def test_a_plain_reply_that_met_its_limit_in_a_character_is_read(protocol: Protocol):
    bodies = {
        "chat_completions": {"choices": [{"message": {"content": f"a{HIGH}"}, "finish_reason": "length"}]},
        "messages": messages_wire.message({"type": "text", "text": f"a{HIGH}"}),
        "responses": responses_wire.response(responses_wire.message_item(f"a{HIGH}")),
    }
    body = json.dumps(bodies[protocol]).encode()
    answer = HttpAnswer(200, {"content-type": "application/json"}, body, "https://localhost/", None)
    assert read_reply(answer, get_protocol(protocol)).text == "a�"


@given(st.recursive(st.text(st.characters(), max_size=8), lambda inner: st.lists(inner, max_size=3), max_leaves=5))
def test_mending_changes_halves_alone(value: Any):
    """As Python's own codec has it, which gives a question mark for each half."""
    told = json.dumps(json.loads(json.dumps(value)), ensure_ascii=False).encode("utf-16", "surrogatepass")
    assert mended(json.dumps(value).encode()) == json.dumps(json.loads(told.decode("utf-16", "replace"))).encode()
