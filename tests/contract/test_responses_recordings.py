"""Responses: every recording is read with nothing lost, as the openai SDK reads it, and goes back as it came."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from seacloud_client.conversation import Message, Native, Reasoning, Reply, Request, Text, ToolResult, user
from seacloud_client.deltas import TextDelta
from seacloud_client.errors import InvalidRequestError, StreamBroken
from seacloud_client.protocols.responses import PROTOCOL
from seacloud_emulator.strict import problems

from .hand_read import payloads
from .our_reading import differing, outcome_of, read_ours
from .recordings import SKIP, Recording, find, load, parametrize
from .request_compare import holds_request
from .requests_responses import read_request
from .sdk_reading import read
from .sdk_responses import TERMINAL

Json = dict[str, Any]

SHORTENED = "openai-shell-container-1-chunks-75b82d"
SEVERAL_RESPONSES = "openai-reasoning-encrypted-content-1-chunks-c6f8e6"


@parametrize("responses")
def test_a_recording_is_read_as_the_sdk_reads_it(recording: Recording):
    """Where a stream's events and its terminal event differ, either is right: `earlier` is what the events say.

    What the items hold besides is compared below, where they go back.
    """
    theirs = read(recording)
    if theirs.choices:
        theirs = replace(theirs, choices=(replace(theirs.choices[0], **theirs.choices[0].earlier),))
    assert differing(read_ours(recording), theirs, leave_out=["items"]) == {}


@SKIP
def test_a_recorded_error_has_its_class():
    errors = [outcome_of(recording).error for recording in load("responses") if recording.status == 400]
    assert [type(error) for error in errors] == [InvalidRequestError]


def terminal_response(recording: Recording) -> Json:
    response: Json = next(event["response"] for event in payloads(recording) if event["type"] in TERMINAL)
    return response


def comparable(reply: Reply) -> Reply:
    """A reply without what a stream's terminal event has anew: content encrypted again, ids made up again."""
    parts = tuple(map(without_news, reply.choice.parts))
    return replace(reply, choices=(replace(reply.choice, parts=parts),), request_id=None)


def without_news(part: Any) -> Any:
    if isinstance(part, Reasoning):
        made_up = part.id is not None and part.id.startswith("rs_tmp_")
        return replace(part, encrypted=str(bool(part.encrypted)), id=None if made_up else part.id)
    if isinstance(part, Native) and "fingerprint" in part.item:
        return replace(part, item={**part.item, "fingerprint": None})
    if isinstance(part, Text) and part.extras and str(part.extras.get("reasoning_id")).startswith("rs_tmp_"):
        return replace(part, extras=None)
    return part


@parametrize("responses", stream=True)
def test_a_stream_folds_to_the_plain_answer(recording: Recording):
    """The plain answer is the response that the terminal event holds."""
    reply = outcome_of(recording).reply
    assert reply is not None
    plain = PROTOCOL.decode(terminal_response(recording))
    if recording.id == SHORTENED:  # whoever made this one shortened the deltas: what was told stays
        assert plain.text != reply.text == "".join(event.get("delta", "") for event in text_events(recording))
        return
    assert comparable(reply) == comparable(plain)


def text_events(recording: Recording) -> list[Json]:
    """The deltas of the text of the reply, which its terminal event ends."""
    events = payloads(recording)
    end = next(place for place, event in enumerate(events) if event["type"] in TERMINAL)
    return [event for event in events[:end] if event["type"] == "response.output_text.delta"]


@parametrize("responses", stream=True)
def test_text_is_told_as_it_comes(recording: Recording):
    told = [delta.text for delta in outcome_of(recording).deltas if isinstance(delta, TextDelta)]
    sent = [event["delta"] for event in text_events(recording)]
    assert told[: len(sent)] == sent


@SKIP
def test_of_several_responses_in_a_stream_the_first_is_the_reply():
    recording = find(SEVERAL_RESPONSES)
    ends = [event["response"]["id"] for event in payloads(recording) if event["type"] in TERMINAL]
    reply = outcome_of(recording).reply
    assert reply is not None
    assert len(ends) == 4
    assert reply.id == ends[0]


@parametrize("responses", stream=True)
def test_a_stream_that_is_cut_off_is_broken(recording: Recording):
    body = recording.response.encode()
    place = min(body.index(kind.encode()) for kind in TERMINAL if kind.encode() in body)
    end_of_content = body.rindex(b"\n\n", 0, place)
    assert isinstance(outcome_of(recording, [body[:end_of_content]]).error, StreamBroken)


def as_sent(item: Json) -> Json:
    """An item of an answer as a request has it: no logprobs, no reasoning's empty content."""
    if item["type"] == "message":
        keys = ("type", "text", "annotations", "refusal")
        content = [{key: part[key] for key in keys if key in part} for part in item["content"]]
        return {**item, "content": content}
    if item["type"] == "reasoning" and not item.get("content"):
        return {key: value for key, value in item.items() if key != "content"}
    return item


def said_items(recording: Recording) -> list[Json]:
    """The items of an answer; a stream's as each was when it was done, in the order of the terminal event."""
    if not recording.stream:
        return list(payloads(recording)[0]["output"])
    done = {
        event["output_index"]: event["item"]
        for event in reversed(payloads(recording))  # the first response's are the last here
        if event["type"] == "response.output_item.done"
    }
    return [done[index] for index in range(len(terminal_response(recording)["output"]))]


@parametrize("responses")
def test_a_reply_goes_back_without_loss(recording: Recording):
    if recording.status != 200:
        pytest.skip("an error has no reply")
    reply = outcome_of(recording).reply
    assert reply is not None
    results = tuple(ToolResult(call.id, (Text("done"),), kind=call.kind) for call in reply.tool_calls)
    answers = [Message("tool", results)] if results else []
    asked = read_request(recording.request).messages if holds_request(recording) else (user("hi"),)
    before = PROTOCOL.encode(Request(model="any", messages=asked, previous_response_id="resp_1"), False)["input"]
    request = Request(model="any", messages=(*asked, reply.message, *answers, user("go on")))
    body = PROTOCOL.encode(replace(request, previous_response_id="resp_1"), False)
    said = body["input"][len(before) : len(body["input"]) - len(results) - 1]
    if recording.id != SHORTENED:
        assert said == [as_sent(item) for item in said_items(recording)]
    assert problems("responses", body) == []
