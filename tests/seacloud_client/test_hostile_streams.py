"""Streams that no service should send, and gateways do: what fuzzing found, each under a name (see `tests/fuzz`)."""

from __future__ import annotations

import json
from typing import Any

import chat_wire
import pytest
import responses_wire
from messages_wire import START, STOP, Json, begin, end, more, stop
from responses_wire import added, call_item, completed, done, event, message_item, reasoning_item, said, text_part
from seacloud_client.conversation import (
    Audio,
    Message,
    Native,
    Reasoning,
    Refusal,
    Request,
    Text,
    ToolCall,
    ToolResult,
    user,
)
from seacloud_client.deltas import Delta, PartStart, ReasoningDelta
from seacloud_client.folding import Fold
from seacloud_client.json_bodies import to_json
from seacloud_client.protocols import get_protocol
from seacloud_client.protocols.chat_completions.calls import Arguments

MANY = 12_000
"""More parts than once fitted between the numbers of one item's parts and of the next one's."""


def started(deltas: list[Delta]) -> list[int]:
    return [delta.part for delta in deltas if isinstance(delta, PartStart)]


# Responses


def refused(text: str, place: int = 0) -> Json:
    return event("refusal.delta", 0, delta=text, content_index=place)


def parts_of(*events: Json) -> tuple[Any, ...]:
    return responses_wire.reply_of(added(0, message_item()), *events).choice.parts


def test_a_refusal_at_the_index_of_a_text_is_one_part():
    parts = parts_of(said("Hm."), refused("I will"), refused(" not."), event("completed", response={}))
    assert parts == (Text("Hm.", id="msg_1"), Refusal("I will not.", "msg_1"))


def test_a_text_at_the_index_of_a_refusal_is_a_part_of_its_own():
    parts = parts_of(refused("No"), said("But"), refused("!"), said(" yes."), event("completed", response={}))
    assert parts == (Refusal("No!", "msg_1"), Text("But yes.", id="msg_1"))


def test_a_refusal_that_was_moved_is_the_one_of_the_whole_message():
    whole = message_item("Hm.", {"type": "refusal", "refusal": "I will not."})
    parts = parts_of(said("Hm."), refused("I will"), refused(" not."), done(0, whole), completed(whole))
    assert parts == (Text("Hm.", id="msg_1"), Refusal("I will not.", "msg_1"))


def test_content_of_an_unknown_kind_is_what_it_is_at_its_end():
    begun, whole = {"type": "output_video", "id": None}, {"type": "output_video", "id": "v"}
    at = {"content_index": 0}
    for later in (event("content_part.done", 0, part=whole, **at), done(0, message_item(whole))):
        [part] = parts_of(event("content_part.added", 0, part=begun, **at), later, completed())
        assert part == Native("responses", {"type": "message", "role": "assistant", "content": [whole]})


def test_content_of_an_unknown_kind_at_the_index_of_a_text_is_not_lost():
    strange = {"type": "output_video", "id": "v"}
    parts = parts_of(said("Hm."), event("content_part.added", 0, part=strange, content_index=0), completed())
    assert [type(part) for part in parts] == [Text, Native]


@pytest.mark.parametrize("index", [10**6, 10**30, -1])
def test_an_impossible_index_of_an_item_is_the_next_place(index: int):
    sound = event("audio.delta", delta="aGk=")
    events = (added(0, message_item()), said("Hm."), added(index, call_item()), sound)
    reply = responses_wire.reply_of(*events, completed())
    assert [type(part) for part in reply.choice.parts] == [Text, ToolCall, Audio]


def test_the_parts_of_a_long_item_are_not_the_next_ones():
    texts = [text_part("x")] * MANY
    reply = responses_wire.reply_of(completed(message_item(*texts), call_item()))
    assert len(reply.choice.parts) == MANY + 1
    thought = reasoning_item(*["x"] * MANY, content=[{"type": "reasoning_text", "text": "y"}])
    assert len(responses_wire.reply_of(completed(thought, message_item("z"))).choice.parts) == MANY + 2


def test_reasoning_that_only_the_service_has_goes_with_an_id_that_it_knows():
    """A message whose id is none of the service's goes back without it, so the service would look for one in vain."""
    kept = {}
    for item_id in ("msg_1", "chatcmpl-1"):
        reply = responses_wire.reply_of(completed(reasoning_item("hm"), message_item("Hi.", item_id=item_id)))
        turns = (user("a"), reply.message, user("b"))
        body = get_protocol("responses").encode(Request(model="gpt-5.5", messages=turns), False)
        kept[item_id] = [item.get("type") for item in body["input"][1:-1]]
    assert kept == {"msg_1": ["reasoning", "message"], "chatcmpl-1": [None]}


@pytest.mark.parametrize("empty", [Text("", id="chatcmpl-1"), Refusal("", "chatcmpl-1")])
def test_reasoning_before_an_empty_message_that_is_not_sent_is_left_out(empty: Text | Refusal):
    thought = Reasoning("hm", "responses", form="reasoning_text")
    turns = (user("a"), Message("assistant", (thought, empty)), user("b"))
    body = get_protocol("responses").encode(Request(model="gpt-5.5", messages=turns), False)
    assert [item["content"] for item in body["input"]] == ["a", "b"]


# Chat Completions


def detail(**fields: Any) -> Json:
    return {"reasoning_details": [{"index": 0, **fields}]}


@pytest.mark.parametrize("word", ["role", "content", "tool_calls", "name"])
def test_the_type_of_a_reasoning_detail_names_no_field_of_the_turn(word: str):
    parts = chat_wire.parts_of(detail(type=word, text="x"), {"content": "Hi."})
    turns = (user("a"), Message("assistant", parts), user("b"))
    body = get_protocol("chat_completions").encode(Request(model="some-model", messages=turns), False)
    assert body["messages"][1] == {
        "role": "assistant",
        "content": "Hi.",
        "reasoning_details": [{"type": word, "text": "x", "index": 0}],
    }


def test_the_form_of_a_thought_names_no_field_of_the_turn():
    thought = Reasoning("x", "chat_completions", form="role")
    turns = (user("a"), Message("assistant", (thought, Text("Hi."))), user("b"))
    body = get_protocol("chat_completions").encode(Request(model="some-model", messages=turns), False)
    assert body["messages"][1] == {"role": "assistant", "content": "Hi.", "reasoning_content": "x"}


def test_a_detail_that_is_sealed_twice_is_told_once():
    told = ({"text": "hm"}, {"signature": "s"}, {"signature": "s"})
    chunks = [detail(type="reasoning.text", **fields) for fields in told]
    deltas = chat_wire.deltas_of(*map(chat_wire.chunk, chunks), chat_wire.stop())
    assert [d.signature for d in deltas if isinstance(d, ReasoningDelta)] == [None, "s"]
    [part] = Fold().add_all(deltas).reply().choice.parts
    assert (part.text, part.signature) == ("hm", "s")


def test_an_empty_text_in_a_list_of_content_is_not_sent():
    parts = (Native("chat_completions", {"type": "reference", "reference_ids": [1]}), Text(""))
    turns = (user("a"), Message("assistant", parts), user("b"))
    body = get_protocol("chat_completions").encode(Request(model="some-model", messages=turns), False)
    assert body["messages"][1]["content"] == [{"type": "reference", "reference_ids": [1]}]


@pytest.mark.parametrize(
    ("pieces", "whole"),
    [
        (["{", "}"], True),
        (['{"a": "}"', "}"], True),
        (['{"a": "\\', '"}"}'], True),
        (['{"a": {"b": 1}}', " \n"], True),
        (["{}", "x"], False),
        (["{}", "{}"], False),
        (['{"a": {"b": 1}'], False),
        (['{"a": "}'], False),
        (["}", "{}"], False),
        (["[{}]"], False),
        (["{a}"], False),
        (["1"], False),
        ([], False),
    ],
)
def test_arguments_are_whole_when_their_object_is(pieces: list[str], whole: bool):
    together, one_by_one = Arguments(), Arguments()
    for piece in pieces:
        together.add(piece)
        one_by_one.add(piece)
        assert one_by_one.is_whole in {True, False}
    letters = Arguments()
    for letter in "".join(pieces):
        letters.add(letter)
        assert letters.is_whole in {True, False}
    assert together.is_whole is one_by_one.is_whole is letters.is_whole is whole
    assert together.text == "".join(pieces)


# Messages


@pytest.mark.parametrize("arguments", ['{"a": NaN}', '{"a": 1e999}', '{"a": "\\ud800"}'])
def test_arguments_that_json_cannot_hold_do_not_spoil_the_conversation(arguments: str):
    call = ToolCall("t", "f", arguments)
    turns = (user("a"), Message("assistant", (call,)), Message("tool", (ToolResult("t", (Text("b"),)),)))
    body = get_protocol("messages").encode(Request(model="claude-sonnet-4-5", messages=turns), False)
    sent = json.loads(to_json(body))["messages"][1]["content"]
    assert sent == [{"type": "tool_use", "id": "t", "name": "f", "input": {"invalid_arguments": arguments}}]


def test_a_signature_that_comes_twice_is_told_once():
    decoder = get_protocol("messages").decoder()
    signed = [more(0, "signature_delta", signature=word) for word in ("first", "last")]
    thought = [more(0, "thinking_delta", thinking="hm")]
    events = [START, begin(0, type="thinking", thinking=""), *thought, *signed, end(0), stop("end_turn"), STOP]
    deltas = [delta for given in events for delta in decoder.feed("", given)]
    assert [d.signature for d in deltas if isinstance(d, ReasoningDelta)] == [None, "last"]
    [part] = Fold().add_all(deltas).reply().choice.parts
    assert (part.text, part.signature) == ("hm", "last")


def test_the_last_open_block_is_found_whichever_were_ended():
    decoder = get_protocol("messages").decoder()
    texts = [begin(index, type="text", text="") for index in range(4)]
    say = [{"type": "content_block_delta", "delta": {"type": "text_delta", "text": word}} for word in "abc"]
    events = [START, *texts, end(3), say[0], end(1), {"type": "content_block_stop"}, say[1], end(0), say[2], STOP]
    reply = Fold().add_all(delta for given in events for delta in decoder.feed("", given)).reply()
    assert [part.text for part in reply.choice.parts] == ["b", "", "a", "", "c"]
