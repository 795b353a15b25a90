"""Chat Completions: every recording is read with nothing lost, as the openai SDK reads it, or a person."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from seacloud_client.conversation import Message, Request, Text, ToolResult, user
from seacloud_client.errors import APIError, AuthenticationError, InvalidRequestError, NotFoundError
from seacloud_client.protocols import get_protocol
from seacloud_emulator.strict import problems

from .our_reading import differing, outcome_of, read_ours
from .reading import ChoiceReading
from .recordings import SKIP, Recording, find, parametrize
from .sdk_reading import read

Json = dict[str, Any]

# What the SDK holds and we leave out on purpose: the path, and why.
LEFT_OUT = {
    "chat-with-params-perplexity-sonar-supports-json-schema-respo-d65511": {
        "choices[0].extras": ({}, {"delta": {"role": "assistant", "content": ""}})  # beside the message, and empty
    }
}


@parametrize("chat_completions")
def test_a_recording_is_read_as_the_sdk_reads_it(recording: Recording):
    assert differing(read_ours(recording), read(recording)) == LEFT_OUT.get(recording.id, {})


@parametrize("chat_completions", stream=False)
def test_a_plain_answer_told_as_a_stream_is_the_same_reply(recording: Recording):
    if recording.status != 200:
        return
    events = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in as_chunks(json.loads(recording.response)))
    streamed = outcome_of(replace(recording, stream=True, response=f"{events}data: [DONE]\n\n"))
    assert streamed.error is None
    assert streamed.reply == outcome_of(recording).reply


def as_chunks(body: Json) -> Iterator[Json]:
    """Tell a plain answer as OpenAI's reference says that a stream of it looks: text in fragments, usage last."""
    head = {name: body[name] for name in ("id", "model", "created") if name in body}
    for choice in body["choices"]:
        index = choice["index"]
        for delta in _deltas(choice["message"]):
            yield {**head, "choices": [{"index": index, "delta": delta, "finish_reason": None}]}
        rest = {name: value for name, value in choice.items() if name not in {"message", "delta"}}
        yield {**head, "choices": [{**rest, "delta": {}}]}
    yield {**{name: value for name, value in body.items() if name != "choices"}, "choices": []}


def _deltas(message: Json) -> Iterator[Json]:
    together = {name: message[name] for name in ("reasoning", "reasoning_details") if message.get(name)}
    yield {"role": "assistant", "content": "", **together}
    for name, value in message.items():
        if name == "tool_calls":
            yield from _calls(value or [])
        elif isinstance(value, str) and name != "role" and name not in together:
            third = len(value) // 3
            yield from ({name: piece} for piece in (value[:third], value[third : 2 * third], value[2 * third :]))
        elif name not in {"role", *together}:
            yield {name: value}


def _calls(calls: list[Json]) -> Iterator[Json]:
    for place, call in enumerate(calls):
        function = call["function"]
        yield {"tool_calls": [{**call, "index": place, "function": {**function, "arguments": ""}}]}
        for letter in function["arguments"]:
            yield {"tool_calls": [{"index": place, "function": {"arguments": letter}}]}


# The recorded errors: their class, and what support and callers get.
ERRORS: dict[str, tuple[type[APIError], int, str | None]] = {
    "chat-error-handling-with-azure-grok-4-1-fast-non-reasoning-r-a81d5a": (AuthenticationError, 401, "401"),
    "test-tool-regular-error-523a46": (NotFoundError, 404, "model_not_found"),
    "test-tool-use-failed-error-with-text-b254b6": (InvalidRequestError, 400, "tool_use_failed"),
    "test-tool-use-failed-error-streaming-with-text-924ea9": (InvalidRequestError, 400, "tool_use_failed"),
    "test-openrouter-stream-error-9c47fe": (InvalidRequestError, 400, "400"),
}


@SKIP
def test_the_recorded_errors_are_of_the_right_class():
    for name, (cls, status, code) in ERRORS.items():
        error = outcome_of(find(name)).error
        assert type(error) is cls, name
        assert (error.status, error.code) == (status, code)
        assert error.body


@SKIP
def test_what_an_error_says_besides_is_told_before_it_is_raised():
    outcome = outcome_of(find("test-openrouter-stream-error-9c47fe"))
    assert outcome.reply is not None
    assert outcome.reply.usage is not None
    assert (outcome.reply.usage.input_tokens, outcome.reply.usage.output_tokens) == (43, 10)
    assert outcome.reply.choice.finish_reason == "length"
    assert outcome.reply.choice.reasoning.startswith("We need")


@parametrize("chat_completions")
def test_a_reply_goes_back_without_loss(recording: Recording):
    """The next request gives the provider back what it said, in the fields that it came in."""
    if recording.status != 200 or recording.id in ERRORS:
        return
    reply = outcome_of(recording).reply
    assert reply is not None
    for choice, theirs in zip(reply.choices, read(recording).choices, strict=True):
        results = tuple(ToolResult(call.id, (Text("done"),)) for call in choice.tool_calls)
        history = (user("x"), Message("assistant", choice.parts), Message("tool", results), user("go on"))
        body = get_protocol("chat_completions").encode(Request(model="some-model", messages=history), False)
        assert problems("chat_completions", body) == []
        turn = body["messages"][1]
        assert said_in(turn["content"]) == (theirs.text, in_list(theirs, turn))
        assert [call["id"] for call in turn.get("tool_calls", ())] == [call.id for call in choice.tool_calls]
        assert [(call["function"]["name"], call["function"]["arguments"]) for call in turn.get("tool_calls", ())] == [
            call[1:] for call in theirs.tool_calls
        ]
        details = turn.get("reasoning_details", ())
        readable = [turn.get("reasoning_content"), turn.get("reasoning")]
        readable += [detail.get("text") or detail.get("summary") for detail in details] + [said_in(turn["content"])[1]]
        assert "".join(filter(None, readable)) == theirs.reasoning
        assert [seal for detail in details for seal in (detail.get("signature"), detail.get("data")) if seal] == list(
            theirs.signatures
        )


def said_in(content: Any) -> tuple[str, str]:
    """Return the text and the thoughts of a turn's content."""
    if not isinstance(content, list):
        return content or "", ""
    thoughts = [thought["text"] for part in content if part["type"] == "thinking" for thought in part["thinking"]]
    return "".join(part["text"] for part in content if part["type"] == "text"), "".join(thoughts)


def in_list(theirs: ChoiceReading, turn: Json) -> str:
    """Return the reasoning, where it came in a list of content and so has to go back in one."""
    has_field = turn.keys() & {"reasoning", "reasoning_content", "reasoning_details"}
    return "" if has_field else theirs.reasoning
